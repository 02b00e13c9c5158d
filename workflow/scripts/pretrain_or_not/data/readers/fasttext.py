"""Read fastText's files: on each line, ``__label__`` with the label, then the text."""

import re
from itertools import islice

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, Chunk, require
from pretrain_or_not.data.readers.contents import check_contents, not_utf8
from pretrain_or_not.data.readers.streams import DAMAGED, damage, open_bytes
from pretrain_or_not.errors import BadInput

MARK = "__label__"


def read_fasttext(path, kind, options, columns):
    """Yield Chunks of the columns `text` and `label`; raise BadInput for a line with no label, or with several.

    Where no label is read, lines need not have one, and a blank line is a blank text; otherwise it is no row.
    """
    require(columns, ["text", "label"], path)
    number, labelled = 0, columns.label is not None
    try:
        with open_bytes(path, options) as file:
            check_contents(file.peek(), path, kind)
            numbered = ((number, line) for number, line in enumerate(file, 1) if not (labelled and line.isspace()))
            while lines := list(islice(numbered, ROWS_PER_BATCH)):
                pairs = [label_and_text(line, f"{path}: line {number}", labelled) for number, line in lines]
                values = {"label": [label for label, _ in pairs], "text": [text for _, text in pairs]}
                number = lines[-1][0]
                yield Chunk(values, [line for line, _ in lines], f"{path}: line")
    except DAMAGED as error:
        raise BadInput(damage(path, number, error)) from error


def label_and_text(line, place, labelled=True):
    """Return the label and the text of a line of bytes; raise BadInput that begins with `place`.

    labelled: whether the line must have a label.
    """
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise BadInput(f"{place}: {not_utf8(line, error)}") from error
    found = re.match(rf"{MARK}(\S+)(?:\s+|$)", text)
    if not found and not labelled:
        return None, text
    if not found:
        raise BadInput(f"{place}: does not begin with {MARK} and a label; correct it, or set `format:` to another one")
    rest = text[found.end() :]
    if any(word.startswith(MARK) for word in rest.split()):  # fastText takes it for a label, wherever it stands
        raise BadInput(f"{place}: has several labels; texts with several labels (multi-label) are not supported")
    return found[1], rest
