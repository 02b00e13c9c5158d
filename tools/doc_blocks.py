"""Read the fenced code blocks of a Markdown page, and write those that are files.

    python tools/doc_blocks.py docs/extending.md FOLDER    write the files of a page into FOLDER, a copy of the project

A block is a file where its first line is a comment that holds nothing but a path, such as ``# experiments/mine.yaml``.
A block whose first line is ``# PATH: a row at the end of the table`` is added to the table in an existing file.
A line ``<!-- over PATH -->`` before a YAML block names the config file that the block is merged over.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(
    r"^(?:<!-- over (?P<base>\S+) -->\n\n?)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)

MARK = re.compile(r"(?:#|\.\.) (?P<path>[\w./-]+/[\w.-]+\.\w+)(?P<row>: a row at the end of the table)?")

END_OF_TABLE = "    )"  # the last line of the tuple of rows, in each module that holds a table


class Block(NamedTuple):
    """A fenced block. line: its first line in the page. base: the config that it is merged over, or None."""

    page: Path
    line: int
    language: str
    text: str
    base: str | None

    @property
    def place(self) -> str:
        """Return where the block is, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def mark(self) -> re.Match | None:
        """Return the match of the first line that says which file the block is, or None."""
        return MARK.fullmatch(self.text.partition("\n")[0])


def read_blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start("text")) + 1, found["language"], found["text"], found["base"])
        for found in FENCE.finditer(text)
    ]


def write_files(page: Path, folder: Path) -> list[Path]:
    """Write the blocks of a page that are files, or rows of a table, below `folder`; return the paths of these files.

    Raises ValueError where a row is for a file without a table.
    """
    written = []
    for block in read_blocks(page):
        if not block.mark:
            continue
        path = folder / block.mark["path"]
        if block.mark["row"]:
            lines = path.read_text(encoding="utf-8").split("\n")
            if lines.count(END_OF_TABLE) != 1:
                raise ValueError(f"{block.place}: {block.mark['path']} has no single line {END_OF_TABLE!r}")
            lines.insert(lines.index(END_OF_TABLE), block.text.partition("\n")[2].rstrip("\n"))
            path.write_text("\n".join(lines), encoding="utf-8")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for path in write_files(Path(sys.argv[1]), Path(sys.argv[2])):
        print(path)
