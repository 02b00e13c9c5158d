"""Read CSV files as streams of Arrow tables, in one strict pass: a lenient reader would mix up cells in silence.

The standard library parses them, as it is the strictest parser and the only one that tells the line at fault. DuckDB's
drops a last row whose quote is never closed, and takes no file of mixed line ends.
"""

import csv
import sys
from itertools import islice

import pyarrow as pa

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, require
from pretrain_or_not.data.readers.streams import open_bytes
from pretrain_or_not.errors import BadInput

SEPARATORS = {"csv": ",", "tsv": "\t"}


def read_csv(path, kind, columns):
    """Yield tables of some columns of a CSV file, cells as they are written: "NA" is no null, "01" no number.

    The first row names the columns; where two have one name, the first of them is read. The cells that a row lacks at
    its end are empty.
    """
    with open_bytes(path) as file:
        rows = checked_rows(file, path, SEPARATORS[kind])
        header = next(rows, None)
        if header is None:
            raise BadInput(f"{path}: is empty; its first line must name the columns")
        require(columns, header, path)
        places = {name: header.index(name) for name in columns.values()}
        while chunk := list(islice(rows, ROWS_PER_BATCH)):
            cells = {name: [row[i] if i < len(row) else "" for row in chunk] for name, i in places.items()}
            yield pa.table({name: pa.array(values, pa.large_string()) for name, values in cells.items()})


def checked_rows(lines, path, separator):
    """Yield the rows of a CSV file, lists of text, its header first; blank lines are no rows.

    lines: the file's lines, as bytes. A quoted cell may span lines; a quote in it must be doubled. Raises BadInput with
    the line of `path` where a byte is not UTF-8, quotes do not balance, or a row has more cells than the header names.
    """
    csv.field_size_limit(sys.maxsize)
    reader, start, named = csv.reader(decoded(lines, path), delimiter=separator, strict=True), 1, None
    try:
        for row in reader:
            if row and not (len(row) == 1 and row[0].isspace()):
                named = named or len(row)
                if len(row) > named:
                    raise BadInput(
                        f"{path}: line {start}: {len(row)} cells, where the header names {named}; put a cell that "
                        "holds the separator in quotes, drop a separator at the end, or name all columns in the header"
                    )
                yield row
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
    """Yield lines as text; raise BadInput for a byte that is not UTF-8."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{path}: line {number}: byte {error.start + 1} is not UTF-8 ({error.reason}); "
                "convert the file, for example by: iconv -f latin1 -t utf-8"
            ) from error
