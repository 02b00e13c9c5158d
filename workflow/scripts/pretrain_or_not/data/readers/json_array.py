"""Read the items of a file that is one JSON array, one after another.

The standard library parses a complete file only, so the array is cut into its items here: memory holds one part of the
file, and the item at its end.
"""

import codecs
import json

from pretrain_or_not.data.readers.contents import not_utf8
from pretrain_or_not.errors import BadInput

PART = 1 << 20  # bytes

SPACE = " \t\n\r"

DECODER = json.JSONDecoder()


def array_items(file, name):
    """Yield (line number from 1, item, its text) of each item of an array. file: a stream of bytes, UTF-8.

    Raises BadInput that names file and line where the file is not UTF-8, not JSON, or ends too early.
    """
    text, first = Text(file, name), True
    text.skip("[")
    while text.next_character() != "]":
        if not first:
            text.skip(",")
        first = False
        text.next_character()
        yield text.line, *text.item()
    text.skip("]")
    if text.next_character():
        raise BadInput(f"{name}: line {text.line}: not JSON (there is more after the end of the array)")


class Text:
    """The text of a file, part by part, with a place in it: `line` is its line number from 1."""

    def __init__(self, file, name):
        self.file, self.name, self.line, self.text, self.at = file, name, 1, "", 0
        self.decoder, self.ended = codecs.getincrementaldecoder("utf-8-sig")(), False

    def fill(self, size=PART):
        """Add a part of the file to the text from the place on; return whether there was one."""
        if self.ended:
            return False
        data = self.file.read(size)
        self.ended = not data
        try:
            more = self.decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            line = self.line + self.text.count("\n", self.at) + error.object.count(b"\n", 0, error.start)
            start = error.object.rfind(b"\n", 0, error.start) + 1
            place = UnicodeDecodeError(
                "utf-8", error.object[start:], error.start - start, error.end - start, error.reason
            )
            raise BadInput(f"{self.name}: line {line}: {not_utf8(place.object, place)}") from error
        self.text, self.at = self.text[self.at :] + more, 0
        return not self.ended or bool(more)

    def move(self, end):
        """Go on to another place in the text."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def next_character(self):
        """Go on to the next character that is no white space; return it, or an empty string at the end."""
        while True:
            end = self.at
            while end < len(self.text) and self.text[end] in SPACE:
                end += 1
            self.move(end)
            if end < len(self.text) or not self.fill():
                return self.text[self.at : self.at + 1]

    def skip(self, character):
        """Go past a character; raise BadInput if another one is there."""
        if self.next_character() != character:
            raise BadInput(f"{self.name}: line {self.line}: not JSON (expecting {character!r} in the array of rows)")
        self.move(self.at + 1)

    def item(self):
        """Go past an item; return it and its text."""
        size = PART
        while True:
            try:
                item, end = DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, json.JSONDecodeError) and self.fill(size):
                    size *= 2  # so that a long item is not parsed too often
                    continue
                raise BadInput(f"{self.name}: line {self.line}: not JSON ({error})") from error
            start = self.at
            self.move(end)
            return item, self.text[start:end]
