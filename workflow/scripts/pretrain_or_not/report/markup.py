"""Text for Markdown, LaTeX, HTML or a terminal, in which a title is shown, never interpreted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

MARKS = r"[\\`*_\[\]<>|&~$]"  # characters that have a meaning inside a line of Markdown or HTML

CODE = r"((?<![^\s(])`[^`]+`(?![^\s.,:;)]))"

LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
         ">": r"\textgreater{}", "|": r"\textbar{}", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "≥": r"$\geq$",
         "µ": r"$\mu$", "—": "---", "–": "--", "…": r"\dots{}", '"': r"\textquotedbl{}",
         **{c: f"{{{c}}}" for c in "[]*"}, **{c: f"\\{c}" for c in "&%$#_{}"}}  # fmt: skip


def one_line(text: Any) -> str:
    """Return `text` with each run of white space, including line breaks, replaced by one space."""
    return " ".join(str(text).split())


def markdown(text: Any) -> str:
    """Return `text` for use inside a line, its Markdown and HTML escaped by backslashes (CommonMark, GitHub).

    An underscore between letters or digits means nothing there, and stays.
    """
    return escaped(one_line(text))


def bold(titles: Iterable[str]) -> str:
    """Return titles in bold, for use inside a line of Markdown."""
    return ", ".join(f"**{markdown(title)}**" for title in titles)


def prose(text: Any) -> str:
    """Return sentences of this program for use in Markdown: words in backticks are code, the rest is escaped.

    Values of the user stand in quotes, so their backticks rarely make such a word; if so, it is shown as it is.
    """
    return "".join(part if i % 2 else escaped(part) for i, part in enumerate(re.split(CODE, one_line(text))))


def escaped(line: str) -> str:
    """Return a line with a backslash before each mark of Markdown, but for underscores inside words."""
    return re.sub(rf"(?!(?<=[^\W_])_[^\W_])({MARKS})", r"\\\1", line)


def latex(text: Any) -> str:
    """Return `text` on one line with LaTeX's special characters escaped; for a document in T1 or a Unicode engine."""
    return "".join(LATEX.get(character, character) for character in one_line(text))


def html(text: Any) -> str:
    """Return `text` on one line, to stand in an element or a quoted attribute of HTML."""
    return escape(one_line(text))


def terminal(text: str) -> str:
    """Return Markdown made of `markdown` and bold text as plain text, without control characters for a terminal."""
    plain = re.sub(rf"\\({MARKS})|\*\*", lambda match: match[1] or "", text)
    return "".join(character for character in plain if character.isprintable() or character == "\n")
