"""How a data file is read: what its dataset says about its form."""

from __future__ import annotations

from typing import NamedTuple


class ReadOptions(NamedTuple):
    """Options of one file.

    member: the file in an archive, or None. columns: their names if the file has no header, otherwise None. delimiter:
    between cells (None, that of the format). quotes: whether cells may be in quotes. encoding: None is UTF-8, or what a
    byte order mark says.
    """

    member: str | None = None
    columns: tuple[str, ...] | None = None
    delimiter: str | None = None
    quotes: bool = True
    encoding: str | None = None


def options_of(dataset: dict) -> ReadOptions:
    """Return the options that a dataset of the config states."""
    return ReadOptions(
        member=dataset.get("member"),
        columns=tuple(dataset["columns"]) if dataset.get("columns") else None,
        delimiter=dataset.get("delimiter"),
        quotes=dataset.get("quoting", "standard") == "standard",
        encoding=dataset.get("encoding"),
    )
