"""Peak memory and speed of ingest as a file grows: random reviews are written in the official formats, then ingested.

    .venv/bin/python benchmarks/ingest.py                                    # 200,000 and 2,000,000 Yelp-like reviews
    .venv/bin/python benchmarks/ingest.py --form amazon --rows 200000 2000000
    .venv/bin/python benchmarks/ingest.py --rows 7000000 --folder scratch    # 7 GB of texts; about 20 GB of free disk

Memory is the largest resident set of the process that ingests: its allocations and loaded libraries, without the
operating system's page cache. `rows/s` is the number of rows of the source divided by the time of all of ingest. The
files are deleted afterwards.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from random_reviews import reviews

SCRIPTS = Path(__file__).resolve().parent.parent / "workflow" / "scripts"
FORMS = {
    "yelp": ("yelp_academic_dataset_review.json", "text", "stars"),
    "amazon": ("Sports_and_Outdoors.json.gz", "reviewText", "overall"),
}


def yelp_row(i, text, stars):
    """Return a review in the format of the Yelp Open Dataset."""
    return {
        "review_id": f"{i:022x}", "user_id": f"{i % 90_001:022x}", "business_id": f"{i % 7_001:022x}", "stars": stars,
        "useful": i % 7, "funny": i % 3, "cool": i % 5, "text": text, "date": "2018-07-07 22:09:11",
    }  # fmt: skip


def amazon_row(i, text, stars):
    """Return a review in the format of the Amazon release of 2018: some keys are optional, some change their type."""
    row = {
        "overall": stars, "verified": i % 3 > 0, "reviewTime": "07 7, 2018", "reviewerID": f"A{i:013x}",
        "asin": f"{i % 70_001:010d}", "reviewerName": "A. Reader", "summary": text[:20], "unixReviewTime": 1530921600,
    }  # fmt: skip
    if text:
        row["reviewText"] = text
    if i % 5 == 0:
        row["style"] = {"Size:": " Large"} if i % 2 else None
    if i % 9 == 0:
        row["vote"] = "1,024" if i % 2 else 3
    if i % 50 == 0:
        row["image"] = ["https://example.org/image.jpg"]
    return row


def write(path, form, n):
    """Write `n` reviews to `path`."""
    make = yelp_row if form == "yelp" else amazon_row
    with gzip.open(path, "wt", compresslevel=3) if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
        for i, (text, stars) in enumerate(reviews(n)):
            file.write(json.dumps(make(i, text, stars)) + "\n")


def ingest(path, form, threads):
    """Ingest `path` in this process; print its number of rows, seconds and peak memory in MiB as JSON."""
    sys.path.insert(0, str(SCRIPTS))
    from pretrain_or_not.compute.memory import process_peak_memory_mb
    from pretrain_or_not.data.ingest import ingest

    _, text, label = FORMS[form]
    dataset = {
        "source": "files", "files": str(path), "format": None, "member": None, "text": text, "label": label,
        "labels": None, "ignore_labels": [], "split": None, "splits": {"validation": 0.05, "test": 0.1}, "seed": 0,
        "deduplicate": "splits",
    }  # fmt: skip
    started = time.perf_counter()
    ingest(dataset, form, [], threads, path.parent / "out" / "examples.parquet", path.parent / "out" / "dataset.json")
    seconds = time.perf_counter() - started
    rows = json.loads((path.parent / "out" / "dataset.json").read_text())["read"]
    print(json.dumps({"rows": rows, "seconds": seconds, "peak": process_peak_memory_mb()}))


def main():
    """Make a file of each size and ingest it in a separate process; print one line per file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=FORMS, default="yelp", help="as which data set the file is laid out")
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--threads", type=int, default=2, help="of DuckDB; 2 as in the rule")
    parser.add_argument("--folder", help="where to make the files (default: the system's temporary folder)")
    parser.add_argument("--ingest", type=Path, help=argparse.SUPPRESS)  # how it calls itself
    arguments = parser.parse_args()
    if arguments.ingest:
        ingest(arguments.ingest, arguments.form, arguments.threads)
        return
    print(f"{'rows':>10} {'file, MiB':>10} {'seconds':>8} {'rows/s':>8} {'peak memory, MiB':>17}")
    for n in arguments.rows:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / FORMS[arguments.form][0]
            write(path, arguments.form, n)
            # A new process, which is small at its start, because a peak never falls.
            command = [sys.executable, __file__, "--ingest", path, "--form", arguments.form]
            command += ["--threads", str(arguments.threads)]
            result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            size, rate = path.stat().st_size / 2**20, result["rows"] / result["seconds"]
            print(
                f"{n:>10,} {size:>10,.0f} {result['seconds']:>8.1f} {rate:>8,.0f} {result['peak']:>17,.0f}", flush=True
            )


if __name__ == "__main__":
    main()
