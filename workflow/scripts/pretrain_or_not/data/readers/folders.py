"""Read a folder that holds one folder per class, with one text per file."""

from itertools import islice

from pretrain_or_not.data.class_folders import class_folders, texts_in
from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, Chunk, require
from pretrain_or_not.data.readers.contents import check_contents, not_utf8
from pretrain_or_not.data.readers.streams import open_bytes
from pretrain_or_not.errors import BadInput


def read_folders(path, kind, options, columns):
    """Yield Chunks of the columns `text` and `label`, the name of the folder; raise BadInput for a text not UTF-8."""
    require(columns, ["text", "label"], path)
    files = ((folder.name, file) for folder in class_folders(path) for file in texts_in(folder))
    while some := list(islice(files, ROWS_PER_BATCH)):
        values = {"label": [label for label, _ in some], "text": [text_of(file, kind, options) for _, file in some]}
        yield Chunk(values, [file for _, file in some], f"{path}: file")


def text_of(path, kind, options):
    """Return the text of a file; raise BadInput that names it if it is not UTF-8."""
    with open_bytes(path, options) as file:
        data = file.read()
    check_contents(data, path, kind)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[data.rfind(b"\n", 0, error.start) + 1 :]
        raise BadInput(f"{path}: {not_utf8(line, error)}") from error
