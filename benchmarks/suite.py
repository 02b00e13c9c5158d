"""The speed of the workflow against that of common alternatives: `make bench`.

    .venv/bin/python benchmarks/suite.py                                   # all; one to two hours on two cores
    .venv/bin/python benchmarks/suite.py --only lstm_training fine_tuning --texts "Yelp sentences" --rounds 8
    .venv/bin/python benchmarks/suite.py --yelp path/to/yelp_sentences.parquet --imdb path/to/imdb_train.parquet

Each result is a ratio of medians: both sides are measured alternately, in one run, with the same number of threads,
each round with another seed. What is worse by more than two standard errors (paired by seed) does not count as faster.
If the files of --yelp and --imdb are missing, the texts are docstrings of installed packages, short and long ones.
Writes results/bench.parquet and results/bench.md, one row per comparison, after each benchmark; rows of benchmarks that
did not run again are kept.
"""

import argparse
import importlib
import json
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
from harness import ROOT, machine, prepare

from pretrain_or_not.files.parquet import write_table

BENCHMARKS = (
    "tokenization",
    "lstm_training",
    "fine_tuning",
    "pretraining",
    "tfidf",
    "classification",
    "startup",
    "grid",
    "quickstart",
)
COLUMNS = {
    "benchmark": "what", "case": "case", "peer_name": "against", "ours": "ours", "peer": "theirs", "unit": "unit",
    "ratio": "ratio", "target": "target", "threads": "threads", "share_of_peak": "of peak rate",
    "note": "note",
}  # fmt: skip


def main():
    """Run the benchmarks of the command line, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=BENCHMARKS)
    parser.add_argument(
        "--texts", nargs="+", help="which kinds of text, such as 'Yelp sentences'; all of them if not given"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--yelp", type=Path, default=ROOT / "data" / "yelp_sentences.parquet", help="text, label")
    parser.add_argument("--imdb", type=Path, default=ROOT / "data" / "imdb_train.parquet", help="text, stars")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "bench.parquet")
    arguments = parser.parse_args()
    arguments.about = machine(arguments.threads)
    print(json.dumps(arguments.about, indent=2), flush=True)
    with tempfile.TemporaryDirectory() as place:
        texts = prepare(arguments, place)
        arguments.texts = {name: texts[name] for name in arguments.texts or texts}
        for name in arguments.only:
            rows = importlib.import_module(name).measure(arguments)
            write(arguments.output, name, [row | arguments.about for row in rows])


def write(path, name, rows):
    """Replace the rows of benchmark `name` in the table at `path`, and write the table as Markdown too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows)
    if path.is_file():
        before = pd.read_parquet(path)
        table = pd.concat([before[before["benchmark"] != name], table], ignore_index=True)
    write_table(path, pa.Table.from_pandas(table, preserve_index=False))
    shown = table.reindex(columns=list(COLUMNS)).rename(columns=COLUMNS)
    for column in ("ours", "theirs", "ratio"):
        shown[column] = shown[column].map(lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}")
    shown["of peak rate"] = shown["of peak rate"].map(lambda share: "" if pd.isna(share) else f"{share:.0%}")
    shown["target"] = shown["target"].fillna("")
    lines = [
        "| " + " | ".join(map(str, row)) + " |" for row in [shown.columns, ["---"] * len(shown.columns), *shown.values]
    ]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
