"""Tell in which form a file is: as its dataset says, or as the file leaves no doubt about."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.file_formats import FORMATS, format_of, is_archive, is_zip, named_format
from pretrain_or_not.data.readers.csv_files import SEPARATORS
from pretrain_or_not.data.readers.fasttext import MARK
from pretrain_or_not.data.readers.options import ReadOptions, options_of
from pretrain_or_not.data.readers.streams import DAMAGED, marked_encoding, open_bytes, unpacked, zipped_member
from pretrain_or_not.errors import BadInput

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars (|)"}


class Form(NamedTuple):
    """kind: the format. options: how it is read. guesses: sentences on what the file showed."""

    kind: str
    options: ReadOptions
    guesses: tuple[str, ...]


def form_of(path, dataset: dict) -> Form:
    """Return the form of a file of a dataset; raise BadInput if its format is not known."""
    options = options_of(dataset)
    if Path(path).is_dir():
        return Form("folders", options, ())
    given, guesses = dataset.get("format"), []
    if is_zip(path):
        options = options._replace(member=zipped_member(path, options.member))
        if given is None:
            given = format_of(options.member, member=options.member)
    elif not is_archive(path):
        options = options._replace(member=None)
    if (
        given is None
        and not is_archive(path)
        and named_format(path) is None
        and first_line(path, options).startswith(MARK)
    ):
        given = "fasttext"
        guesses.append(f"its lines begin with {MARK}, so it was read as `format: fasttext`")
    kind = format_of(path, given, options.member)
    if FORMATS[kind] == "parquet" or is_archive(path):
        return Form(kind, options, tuple(guesses))
    if options.encoding is None and (encoding := marked(path, options)):
        guesses.append(f"its byte order mark says `encoding: {encoding}`")
    if FORMATS[kind] == "csv" and options.delimiter is None and (found := delimiter_of(path, kind, options, dataset)):
        options = options._replace(delimiter=found)
        guesses.append(f"its cells are separated by {DELIMITERS[found]} (`delimiter: {found!r}`)")
    return Form(kind, options, tuple(guesses))


def marked(path, options):
    """Return the encoding that a file's byte order mark shows, other than UTF-8; None without one."""
    try:
        with unpacked(path, options.member) as file:
            return marked_encoding(file.peek(4))
    except DAMAGED:  # said when it is read
        return None


def first_line(path, options):
    """Return the first line of a file that is not blank as text; an empty one of a file that cannot be read."""
    try:
        with open_bytes(path, options) as file:
            line = next((line for line in file if not line.isspace()), b"")
            return line.decode("utf-8-sig", "replace").rstrip("\r\n")
    except (*DAMAGED, BadInput):  # said when it is read
        return ""


def delimiter_of(path, kind, options, dataset):
    """Return the one delimiter with which the first line has most columns of the config; None for that of the format.

    A column that it lacks with each of them is misspelt, which is said when the file is read. Without a header, the
    line must have as many cells as `columns` names.
    """
    line, wanted = first_line(path, options), set(columns_of(dataset).names())
    found = {}
    for delimiter in dict.fromkeys([SEPARATORS[kind], *DELIMITERS]):
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:  # said when it is read
            return None
        found[delimiter] = int(len(cells) == len(options.columns)) if options.columns else len(wanted & set(cells))
    fitting = [delimiter for delimiter, columns in found.items() if columns and columns == max(found.values())]
    return fitting[0] if len(fitting) == 1 and fitting[0] != SEPARATORS[kind] else None
