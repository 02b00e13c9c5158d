"""Read some keys of the objects in a file of JSON lines; the other keys may have any types.

The standard library parses line by line. `datasets` and pyarrow parse blocks into typed columns: they require that
every key of a file keeps one type (Amazon's `style` and `vote` do not), and cannot report the line with the error.
"""

import json
from itertools import islice

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, as_text, raw_batch
from pretrain_or_not.data.readers.streams import DAMAGED, open_bytes
from pretrain_or_not.errors import BadInput


def read_json(path, kind, member, columns, split):
    """Yield RAW batches of a file of JSON lines. kind: has no effect. member: the file in a tar archive, or None."""
    for lines, values in read_json_lines(path, member, columns.values(), ROWS_PER_BATCH):
        place = f"{path}: line"
        texts = values[columns["text"]]
        for line, text in zip(lines, texts, strict=True):
            if not (text is None or isinstance(text, str)):
                raise BadInput(
                    f"{place} {line}: {columns['text']!r} is {json.dumps(text)[:40]}, not text; "
                    "set `text:` to another key"
                )
        given = values.get(columns.get("split"))
        yield raw_batch(as_text(texts), values[columns["label"]], split, given, columns, place, lines)


def read_json_lines(path, member, keys, rows_per_batch):
    """Yield (line numbers, {key: values}) of up to `rows_per_batch` rows; a value is None if its row lacks the key.

    member: the file to read if `path` is a tar archive, otherwise None. Blank lines are not rows. Raises BadInput that
    names file and line if a line is not UTF-8, not JSON or not an object, or if the file is cut short; also for a key
    of `keys` that none of the first `rows_per_batch` rows has.
    """
    name = f"{path}, {member}" if member else path
    numbered, first = objects(path, member, name), True
    while rows := list(islice(numbered, rows_per_batch)):
        for key in keys if first else ():
            if not any(key in row for _, row in rows):
                found = ", ".join(dict.fromkeys(key for _, row in rows for key in row))
                raise BadInput(f"{name}: none of its first {len(rows):,} rows has a key {key!r}; they have {found}")
        first = False
        yield [number for number, _ in rows], {key: [row.get(key) for _, row in rows] for key in keys}


def objects(path, member, name):
    """Yield (line number from 1, object) of each line that is not blank."""
    number = 0
    try:
        with open_bytes(path, member) as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")  # the byte order mark that Windows writes before UTF-8
                if not line.isspace():
                    yield number, parse(line, f"{name}: line {number}")
    except DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise BadInput(f"{name}: cut short or damaged after line {number} ({reason}); fetch the file again") from error


def parse(line, place):
    """Return the object in a line of bytes; raise BadInput that names its `place` if there is none."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{place}: byte {error.start + 1} is not UTF-8 ({error.reason}); "
            "convert the file, for example by: iconv -f latin1 -t utf-8"
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{place}: not JSON ({error}); each line must be one whole object") from error
    if not isinstance(row, dict):
        raise BadInput(f"{place}: not an object but {json.dumps(row)[:40]}; each line must be one object: {{…}}")
    return row
