"""Read some keys of the objects in a file of JSON lines, or in one array; the other keys may have any types.

The standard library parses line by line. `datasets` and pyarrow parse blocks into typed columns: they require that
every key of a file keeps one type (Amazon's `style` and `vote` do not), and cannot report the line with the error.
"""

import codecs
import json
from itertools import islice

from pretrain_or_not.config.wording import listing
from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, Chunk, clipped
from pretrain_or_not.data.readers.contents import check_contents, not_utf8
from pretrain_or_not.data.readers.json_array import array_items
from pretrain_or_not.data.readers.streams import DAMAGED, damage, open_bytes
from pretrain_or_not.errors import BadInput

ABSENT = object()


def read_json(path, kind, options, columns):
    """Yield Chunks of a file of JSON lines, or of one array. kind: has no effect."""
    for lines, values in read_json_lines(path, options, columns.names(), ROWS_PER_BATCH):
        yield Chunk(values, lines, f"{path}: line")


def read_json_lines(path, options, keys, rows_per_batch):
    """Yield (line numbers, {key: values}) of up to `rows_per_batch` rows; a value is None if its row lacks the key.

    options: the file's ReadOptions. A key with dots also names one in an object inside: see `value_at`. Blank lines are
    not rows. Raises BadInput that names file and line if a line is not UTF-8, not JSON or not an object, or if the file
    is cut short; also for a key of `keys` that none of the first `rows_per_batch` rows has.
    """
    name = f"{path}, {options.member}" if options.member else path
    numbered, first = objects(path, options, name, keys), True
    while rows := list(islice(numbered, rows_per_batch)):
        if first:
            check_keys([row for _, row in rows], keys, name)
        first = False
        yield [number for number, _ in rows], {key: [value_at(row, key) for _, row in rows] for key in keys}


def value_at(row, key, missing=None):
    """Return the value of a key of an object; `data.text` is the key `text` of the object `data` in it.

    A key that is called `data.text` comes first.
    """
    if key in row:
        return row[key]
    for part in key.split("."):
        if not isinstance(row, dict) or part not in row:
            return missing
        row = row[part]
    return row


def check_keys(rows, keys, name):
    """Raise BadInput for a key that none of a file's first rows has, and for a file whose only object is a table."""
    only = rows[0] if len(rows) == 1 else {}
    tables = [key for key, value in only.items() if isinstance(value, dict | list) and len(value) > 1]
    for key in keys:
        if key in tables or {"columns", "index", "data"} <= set(tables):
            raise BadInput(
                f"{name}: its only object is the whole table; write one object per line, as by pandas' "
                'to_json(…, orient="records", lines=True)'
            )
        if not any(value_at(row, key, missing=ABSENT) is not ABSENT for row in rows):
            inside = [row.get(key.split(".")[0]) for row in rows] if "." in key else []
            inside = [f"{key.split('.')[0]}.{name}" for value in inside if isinstance(value, dict) for name in value]
            names = dict.fromkeys([*inside, *(key for row in rows for key in row)])
            found = listing([clipped(name) for name in names])
            rest = f"; if the rows are in {clipped(tables[0])!r}, write each as an object on a line" if tables else ""
            raise BadInput(f"{name}: none of its first {len(rows):,} rows has a key {key!r}; they have {found}{rest}")


def objects(path, options, name, keys):
    """Yield (line number from 1, object) of each object; `keys` may occur once in each.

    The objects are on lines of their own, blank lines left aside, or they are the items of one array.
    """
    number, keys = 0, list(dict.fromkeys([*keys, *(key.split(".")[0] for key in keys)]))
    twice = [json.dumps(key) for key in keys]
    try:
        with open_bytes(path, options) as file:
            start = file.peek()
            check_contents(start, name, "JSON lines")
            is_array = start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
            for number, row, text in array_items(file, name) if is_array else parsed_lines(file, name):
                if not isinstance(row, dict):
                    raise BadInput(f"{name}: line {number}: not an object but {json.dumps(row)[:40]}; {advice(text)}")
                if any(text.count(key) > 1 for key in twice):
                    check_once(text, keys, f"{name}: line {number}")
                yield number, row
    except DAMAGED as error:
        raise BadInput(damage(name, number, error)) from error


def parsed_lines(file, name):
    """Yield (line number from 1, value, text) of each line that is not blank; raise BadInput for a line not JSON."""
    for number, line in enumerate(file, 1):
        if line.isspace():
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")  # Windows writes a byte order mark
            yield number, json.loads(text), text
        except UnicodeDecodeError as error:
            raise BadInput(f"{name}: line {number}: {not_utf8(line, error)}") from error
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name}: line {number}: not JSON ({error}); {advice(text)}") from error


def check_once(text, keys, place):
    """Raise BadInput if an object has one of `keys` more than once: the standard library takes the last of them."""
    pairs = []
    json.loads(text, object_pairs_hook=lambda found: pairs.append([key for key, _ in found]))
    for key in keys:
        if pairs[-1].count(key) > 1:
            raise BadInput(f"{place}: the key {key!r} occurs more than once; rename all but one")


def advice(text):
    """Return what to do about a line that is not one object, by how it begins."""
    start = text.strip()
    if start.startswith("{") and (start == "{" or start.endswith((",", "{", "["))):
        return "the object spans lines: write each object on one line, as by: jq -c . OLD > NEW"
    if not start.startswith("{") and ("," in start or "\t" in start):
        return "if the file is a table, set `format: csv` or `format: tsv`"
    return "each line must be one whole object: {…}"
