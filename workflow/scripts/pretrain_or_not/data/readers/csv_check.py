"""Check a CSV file before it is read: a lenient reader would mix up its rows in silence."""

import csv
import sys

from pretrain_or_not.errors import BadInput


def check_csv(lines, path, separator):
    """Raise BadInput with the line of `path` where a byte is not UTF-8, quotes do not balance, or a row has more cells
    than the header names: of a file whose rows all do, pandas would take the first cells for row names.

    lines: the file's lines, as bytes. A quoted cell may span lines; a quote in it must be doubled.
    """
    csv.field_size_limit(sys.maxsize)
    reader, start, named = csv.reader(decoded(lines, path), delimiter=separator, strict=True), 1, None
    try:
        for row in reader:
            named = named or (len(row) if any(cell.strip() for cell in row) else None)  # pandas skips blank lines
            if named and len(row) > named:
                raise BadInput(
                    f"{path}: line {start}: {len(row)} cells, where the header names {named}; put a cell that holds "
                    "the separator in quotes, drop a separator at the end, or name all columns in the header"
                )
            start = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error):
            reason = "a quote is opened in this row and never closed"
        elif "new-line" in str(error):
            reason = "a carriage return (CR) alone ends a line"
        else:
            reason = f'a quote is not closed, or one inside a cell is not doubled ("") ({error})'
        raise BadInput(f"{path}: line {start}: {reason}; correct the row") from error


def decoded(lines, path):
    """Lines as text; BadInput for a byte that is not UTF-8."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{path}: line {number}: byte {error.start + 1} is not UTF-8 ({error.reason}); "
                "convert the file, for example by: iconv -f latin1 -t utf-8"
            ) from error
