"""Tell the format of a data file from its name."""

import re
from pathlib import Path

from pretrain_or_not.errors import BadInput

FORMATS = {"parquet": "parquet", "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json"}

COMPRESSIONS = ("gz", "zst", "bz2", "xz")


def files_by_split(files):
    """The `files` of a dataset's config as {split: [paths]}; the split is None where it is not given by file."""
    by_split = files if isinstance(files, dict) else {None: files}
    return {split: [paths] if isinstance(paths, str) else list(paths) for split, paths in by_split.items()}


def is_archive(path):
    """Whether a file is a tar archive, compressed or not, by its name."""
    return re.search(r"[.](tar|tar[.](gz|bz2|xz)|tgz)$", str(path).lower()) is not None


def format_of(path, given=None, member=None):
    """The file format of `path`, or of its `member` where it is an archive: the one `given`, else as its name tells.

    Names are looked through ``.gz`` and the like.
    """
    if given:
        return given
    suffixes = [suffix.lstrip(".").lower() for suffix in Path(member if is_archive(path) else path).suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in FORMATS:
        raise BadInput(f"{path}: cannot tell its format from its name; set `format:` to one of parquet, csv, tsv, json")
    return suffixes[-1]
