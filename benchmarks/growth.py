"""Time and memory of the first stages and the cheap arms as a file grows: random reviews go through the workflow.

    .venv/bin/python benchmarks/growth.py                                  # 200,000 and 2,000,000 reviews
    .venv/bin/python benchmarks/growth.py --rows 20000 --folder scratch

Each stage is a call of Snakemake for one file. The seconds are processor seconds of the call, with the start of
Snakemake and of the job: some 6 seconds. Memory is the largest resident set of a process in the call. The training arms
get all training rows. Two classes: a review is good if its words are so on average, and one label in ten is wrong. The
files are deleted afterwards.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import yaml
from random_reviews import reviews

ROOT = Path(__file__).resolve().parent.parent
RUNS = "grown/runs/{}/n100pct/seed0/{}/run.json"
STAGES = {
    "ingest": "grown/examples.parquet",
    "tokens": "grown/tokens/minilm/train.parquet",
    "subset of all rows": "grown/subsets/n100pct/seed0.parquet",
    "TF-IDF of words": RUNS.format("words", "C10.0"),
    "TF-IDF of words, 2^20 hashed features": RUNS.format("hashed", "C10.0"),
    "TF-IDF of words and characters": RUNS.format("characters", "C10.0"),
    "static embeddings": RUNS.format("static-minilm", "C0.1"),
    "encoder (made once)": "pretrained/encoder/run.json",
    "features of the encoder": "grown/features/encoder/length-32/train.parquet",
    "probe of the encoder": RUNS.format("probe", "C1.0"),
}
CONFIG = {
    "experiment": {"datasets": ["grown"], "arms": ["words", "hashed", "characters", "static-minilm", "probe"],
                   "reference": "words", "sizes": ["100%"], "seeds": [0]},
    "datasets": {"grown": {"source": "files", "files": "reviews.csv", "text": "text", "label": "class",
                           "max_length": 128, "deduplicate": "splits"}},
    "arms": {"words": {"family": "tfidf", "C": [10]}, "hashed": {"family": "tfidf", "C": [10], "hash_bits": 20},
             "characters": {"family": "tfidf", "C": [10], "characters": [2, 5]}, "static-minilm": {"C": [0.1]},
             "probe": {"family": "probe", "model": "encoder", "C": [1], "max_length": 32}},
    # As wide as MiniLM, with one layer instead of six and random weights: rows count here, not what the features say.
    "models": {"encoder": {"pretrain": {"from": {"layers": 1, "hidden": 384, "heads": 12}, "tokenizer": "minilm",
                                        "texts": "grown", "steps": 0}}},
}  # fmt: skip


def write(path, n):
    """Write `n` reviews and their classes to a CSV file; blank ones, which the workflow leaves out, too."""
    rng = random.Random(0)
    goodness: defaultdict[str, float] = defaultdict(lambda: rng.gauss(0, 1))  # of a word
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "class"))
        for text, _ in reviews(n):
            good = sum(goodness[word] for word in text.split()) > 0
            writer.writerow((text, "good" if good != (rng.random() < 0.1) else "bad"))


def measure(folder, target, cores):
    """Make one file of the results in `folder`; return processor seconds and the peak memory of a process in MiB."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores",
               str(cores), "--configfile", folder / "growth.yaml", "--", f"results/{target}"]  # fmt: skip
    with open(folder / "output.txt", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    """Make a file of each size and take it through the stages; print one line per stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", help="where to make the files (default: the system's temporary folder)")
    arguments = parser.parse_args()
    print("| rows | stage | processor seconds | peak memory, MiB |\n|---:|---|---:|---:|", flush=True)
    for n in arguments.rows:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as place:
            folder = Path(place)
            write(folder / "reviews.csv", n)
            (folder / "growth.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
            for stage in arguments.stages:
                seconds, peak = measure(folder, STAGES[stage], arguments.cores)
                print(f"| {n:,} | {stage} | {seconds:,.0f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
