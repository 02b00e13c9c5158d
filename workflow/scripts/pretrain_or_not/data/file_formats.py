"""The format of a data file, recognized by its name."""

import re
from pathlib import Path

from pretrain_or_not.errors import BadInput

FORMATS = {"parquet": "parquet", "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json",
           "fasttext": "fasttext", "folders": "folders"}  # fmt: skip

COMPRESSIONS = ("gz", "zst", "bz2", "xz")


def files_by_split(files):
    """Return the `files` of a dataset's config as {split: [paths]}; the split is None if `files` names no splits."""
    by_split = files if isinstance(files, dict) else {None: files}
    return {split: [paths] if isinstance(paths, str) else list(paths) for split, paths in by_split.items()}


def is_archive(path):
    """Return whether a file is a tar archive, compressed or not, by its name."""
    return re.search(r"[.](tar|tar[.](gz|bz2|xz)|tgz)$", str(path).lower()) is not None


def is_zip(path):
    """Return whether a file is a zip archive, by its name."""
    return str(path).lower().endswith(".zip")


def format_of(path, given=None, member=None):
    """Return the format of the file `path`, or of its `member` if it is an archive: the `given` one, or by its name.

    Endings such as ``.gz`` are ignored. Raises BadInput if the name does not show a known format.
    """
    if given:
        return given
    kind = named_format(member if is_archive(path) else path)
    if kind is None:
        raise BadInput(
            f"{path}: cannot tell its format from its name; set `format:` to one of parquet, csv, tsv, json, fasttext"
        )
    return kind


def named_format(path):
    """Return the format that the name of a file shows, endings of compression left aside; None if it shows none."""
    suffixes = [suffix.lstrip(".").lower() for suffix in Path(path).suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS else None


def is_data(path):
    """Return whether the name of a file is that of a table or an archive."""
    return named_format(path) is not None or is_archive(path) or is_zip(path)
