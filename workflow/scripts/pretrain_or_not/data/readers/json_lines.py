"""Read some keys of the objects in a file of JSON lines, or in one array; the other keys may have any types.

The standard library parses line by line. `datasets` and pyarrow parse blocks into typed columns: they require that
every key of a file keeps one type (Amazon's `style` and `vote` do not), and cannot report the line with the error.
"""

import codecs
import json
import math
from itertools import islice

from pretrain_or_not.config.wording import listing
from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, as_text, clipped, raw_batch
from pretrain_or_not.data.readers.contents import check_contents, not_utf8
from pretrain_or_not.data.readers.json_array import array_items
from pretrain_or_not.data.readers.streams import DAMAGED, open_bytes
from pretrain_or_not.errors import BadInput


def read_json(path, kind, member, columns, split, names=None):
    """Yield RAW batches of a file of JSON lines.

    kind: has no effect. member: the file in a tar archive, or None. names: see `class_of`.
    """
    for lines, values in read_json_lines(path, member, columns.values(), ROWS_PER_BATCH):
        place = f"{path}: line"
        texts = values[columns["text"]]
        for line, text in zip(lines, texts, strict=True):
            if not (text is None or isinstance(text, str) or (isinstance(text, float) and math.isnan(text))):
                raise BadInput(
                    f"{place} {line}: {columns['text']!r} is {json.dumps(text)[:40]}, not text; "
                    "set `text:` to another key"
                )
        given = values.get(columns.get("split"))
        yield raw_batch(as_text(texts), values[columns["label"]], split, given, columns, place, lines, names)


def read_json_lines(path, member, keys, rows_per_batch):
    """Yield (line numbers, {key: values}) of up to `rows_per_batch` rows; a value is None if its row lacks the key.

    member: the file to read if `path` is a tar archive, otherwise None. Blank lines are not rows. Raises BadInput that
    names file and line if a line is not UTF-8, not JSON or not an object, or if the file is cut short; also for a key
    of `keys` that none of the first `rows_per_batch` rows has.
    """
    name = f"{path}, {member}" if member else path
    numbered, first = objects(path, member, name, keys), True
    while rows := list(islice(numbered, rows_per_batch)):
        if first:
            check_keys([row for _, row in rows], keys, name)
        first = False
        yield [number for number, _ in rows], {key: [row.get(key) for _, row in rows] for key in keys}


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
        if not any(key in row for row in rows):
            found = listing([clipped(key) for key in dict.fromkeys(key for row in rows for key in row)])
            rest = f"; if the rows are in {clipped(tables[0])!r}, write each as an object on a line" if tables else ""
            raise BadInput(f"{name}: none of its first {len(rows):,} rows has a key {key!r}; they have {found}{rest}")


def objects(path, member, name, keys):
    """Yield (line number from 1, object) of each object; `keys` may occur once in each.

    The objects are on lines of their own, blank lines left aside, or they are the items of one array.
    """
    number, twice = 0, [json.dumps(key) for key in keys]
    try:
        with open_bytes(path, member) as file:
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
        reason = str(error).partition("\n")[0].rstrip(":") or type(error).__name__
        raise BadInput(f"{name}: cut short or damaged after line {number} ({reason}); fetch the file again") from error


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
