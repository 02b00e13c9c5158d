"""Functions that write tables, and the config of a dataset of them."""

import csv

import pyarrow as pa

from pretrain_or_not.files.parquet import write_table

DATASET = {
    "source": "files", "files": None, "format": None, "member": None, "text": "text", "label": "label",
    "labels": None, "split": None,
    "splits": {"validation": 0.1, "test": 0.2}, "seed": 0, "deduplicate": "splits",
    "ignore_labels": [], "header": True, "columns": None, "delimiter": None, "quoting": "standard", "encoding": None,
    "pair": None, "separator": "\n", "where": None, "groups": [],
}  # fmt: skip


def write_csv(path, rows, header=("text", "label"), **options):
    """Write rows as CSV; return the path as text."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([header, *rows])
    return str(path)


def write_frame(path, frame):
    """Write a data frame as the workflow writes its tables."""
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))
