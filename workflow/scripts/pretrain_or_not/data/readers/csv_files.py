"""Read CSV files as streams of Arrow tables, in one strict pass: a lenient reader would mix up cells in silence.

The standard library parses them, as it is the strictest parser and the only one that tells the line at fault. DuckDB's
drops a last row whose quote is never closed, and takes no file of mixed line ends.
"""

import csv
import re
import sys
from itertools import islice

import pyarrow as pa

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, require
from pretrain_or_not.data.readers.contents import check_contents, not_utf8
from pretrain_or_not.data.readers.streams import open_bytes
from pretrain_or_not.errors import BadInput

SEPARATORS = {"csv": ",", "tsv": "\t"}

# Stands for a carriage return inside a line while the standard library parses, which takes it for the line's end. It
# is no character of UTF-8, so no file holds it.
RETURN = "\udc0d"

NAME = r"[^\W\d][\w.-]{0,29}"  # what a name of a column looks like, and a text hardly ever

MOST_REMEMBERED = 1000  # labels, and rows that may be several


def read_csv(path, kind, options, columns):
    """Yield (table, None) of some columns of a CSV file, cells as they are written: "NA" is no null, "01" no number.

    The first row names the columns, unless `options` do. Every row must have as many cells. Of texts without labels in
    a single column, a blank line is a row with a blank text, so that classes can be put beside the lines of the file.
    """
    separator = options.delimiter or SEPARATORS[kind]
    with open_bytes(path, options) as file:
        check_contents(file.peek(), path, kind)
        lines = Lines(file, path)
        rows = checked_rows(lines, path, separator, options, columns)
        header = options.columns or next(rows, None)
        if header is None:
            raise BadInput(f"{path}: is empty; its first line must name the columns")
        if any("\r" in name for name in header):
            raise BadInput(f"{path}: line 1: {alone('ends a line')}")
        require(columns, header, path)
        places = {name: header.index(name) for name in columns.names()}
        # Without labels there is nothing to tell such rows by.
        label = places[columns.label] if columns.label else None
        joined = JoinedRows(path, separator, len(header), places[columns.text[0]], label)
        if options.quotes and label is not None and not joined.has_quoted_cell(lines.read):
            rows = joined.noted(rows, lines)
        while chunk := list(islice(rows, ROWS_PER_BATCH)):
            cells = {name: [row[i] for row in chunk] for name, i in places.items()}
            yield pa.table({name: pa.array(values, pa.large_string()) for name, values in cells.items()}), None
        joined.check()


class Lines:
    """The lines of a file as text.

    read: the lines since the last row began; start: the number of the first of them; returns: whether one of them holds
    RETURN.
    """

    def __init__(self, file, path):
        self.file, self.path, self.read, self.start, self.returns = file, path, [], 1, False

    def __iter__(self):
        """Yield each line; raise BadInput for a byte that is not UTF-8."""
        for number, line in enumerate(self.file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise BadInput(f"{self.path}: line {number}: {not_utf8(line, error)}") from error
            if "\r" in text:
                end = "\r\n" if text.endswith("\r\n") else ""
                text = text.removesuffix(end).replace("\r", RETURN) + end
                self.returns = self.returns or RETURN in text
            self.read.append(text)
            yield text

    def next_row(self):
        """Forget the lines of the last row."""
        self.start += len(self.read)
        self.read.clear()
        self.returns = False


def checked_rows(lines, path, separator, options, columns):
    """Yield the rows of a CSV file, lists of text, its header first; blank lines are no rows.

    Of a file of texts alone, whose labels are not read, they are rows. lines: the file's Lines. options: its
    ReadOptions. columns: those that are read. A quoted cell may span lines; a quote in it must be doubled. Raises
    BadInput with the line of `path` where quotes do not balance, a row has more or fewer cells than named, or the first
    row is a header although `options` name the columns.
    """
    csv.field_size_limit(sys.maxsize)
    quoting = csv.QUOTE_MINIMAL if options.quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
    named, namer = (len(options.columns), "`columns:` names") if options.columns else (None, "the header names")
    first = True
    try:
        for row in reader:
            if columns.label is None and named == 1:
                row = row or [""]
            elif len(row) == 1 and row[0].isspace():
                row = []
            if row:
                if lines.returns:
                    row = [cell.replace(RETURN, "\r") for cell in row]
                named = named or len(row)
                if len(row) != named:
                    advice = other_columns(row, columns) if first and options.columns else ""
                    raise BadInput(f"{path}: line {lines.start}: {wrong_count(row, f'{namer} {named}', advice)}")
                if first and options.columns and is_header(row, options.columns, columns):
                    text = "names the columns; set `header: true`, and leave out `header: false` and `columns:`"
                    raise BadInput(f"{path}: line {lines.start} {text}")
                yield row
                first = False
            lines.next_row()
    except csv.Error as error:
        if "end of data" in str(error):
            reason = "a quote is opened in this row and never closed"
        else:
            reason = f'a quote is not closed, or one inside a cell is not doubled ("") ({error})'
        advice = "correct the row or, if quotes are normal characters in this file, set `quoting: none`"
        if lines.start == 1:
            advice += "; if its cells are not separated by " + repr(separator) + ", name what does by `delimiter:`"
        raise BadInput(f"{path}: line {lines.start}: {reason}; {advice}") from error


def fold(name):
    """Return the name of a column without case, and without spaces around it."""
    return name.strip().lower()


def is_header(row, names, columns):
    """Return whether a row holds the names of columns: all of them, or those of the texts and of `keep`, in place.

    names: of all columns, as `columns:` of the config gives them. columns: those that are read. The cell of a label is
    not looked at: a new file of texts need not have labels, and its first column may be another one.
    """
    cells = [*map(fold, row)]
    if {*cells} == {*map(fold, names)}:
        return True
    known = [name for name in (*columns.text, *columns.keep) if name in names]
    return bool(known) and all(cells[names.index(name)] == fold(name) for name in known)


def other_columns(row, columns):
    """Return what to do if all rows of a file have other columns than `columns:` names. row: the first row."""
    if all(re.fullmatch(NAME, cell.strip()) for cell in row):
        text = row[0].strip() if len(row) == 1 else "…"
        known = {*columns.text} <= {*row}
        return "if this line names the columns, set `header: true`" + ("" if known else f" and `text: {text}`")
    if len(row) == 1:
        return "if all rows have one cell, set `header: false`, `columns: [text]` and `text: text`"
    return f"if all rows have {len(row)} cells, name them all by `columns:`"


def wrong_count(row, named, advice=""):
    """Return what is wrong with a row that has more or fewer cells than are named.

    named: who names how many. advice: what to do that is more likely than to correct the row; may be empty.
    """
    count = f"{len(row)} cell{'s' if len(row) > 1 else ''}, where {named}"
    if advice:
        return f"{count}; {advice}; if only this row is so, correct it"
    if len(row) < int(named.split()[-1]):
        return f"{count}; put a cell that holds a line break in quotes, or write the delimiters of empty cells"
    if any("\r" in cell for cell in row):
        return f"{count}; {alone('ends a line, or stands in a cell without quotes')}"
    return f"{count}; put a cell that holds the delimiter in quotes, drop a delimiter at the end, or name all columns"


def alone(what):
    """Return what is wrong with a carriage return alone."""
    return f"a carriage return (CR) alone {what}; end lines with a line feed (LF)"


class JoinedRows:
    """Rows whose quoted cell spans several lines each of which is a complete row, with a known label, by itself.

    Then two quotes that are plain characters have swallowed rows, as happens in files that do not use quotes. A file
    does use them if its header has a quoted cell, or the row another one: no such row is suspected.
    """

    def __init__(self, path, separator, count, text, label):
        self.path, self.separator, self.count, self.text, self.label = path, separator, count, text, label
        self.labels, self.suspects = set(), []

    def noted(self, rows, lines):
        """Yield the rows, and note their labels, or that they may be several rows."""
        for row in rows:
            if len(lines.read) > 1 and (labels := self.labels_inside(lines.read)):
                if len(self.suspects) < MOST_REMEMBERED:
                    self.suspects.append((lines.start, lines.start + len(lines.read) - 1, labels))
            elif len(self.labels) < MOST_REMEMBERED:
                self.labels.add(row[self.label])
            yield row

    def labels_inside(self, lines):
        """Return the labels of lines if each is a complete row; otherwise None."""
        rows = [self.cells(line) for line in lines]
        if all(len(row) == self.count and row[self.text].strip('" ') for row in rows):
            return None if self.has_quoted_cell([lines[0], lines[-1]]) else {row[self.label].strip('"') for row in rows}
        return None

    def cells(self, line):
        """Return the cells of a line in a file that does not use quotes."""
        return line.rstrip("\r\n").split(self.separator)

    def has_quoted_cell(self, lines):
        """Return whether a cell of some lines begins and ends with a quote."""
        return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for line in lines for cell in self.cells(line))

    def check(self):
        """Raise BadInput for the first row that is several rows."""
        for first, last, labels in self.suspects:
            if labels <= self.labels:
                raise BadInput(
                    f"{self.path}: lines {first} to {last}: quotes make one row of them, but each also reads as a row "
                    "with a known label; if they are one row, put the names of the columns in quotes; if they "
                    "are several, set `quoting: none`"
                )
