"""Text for Markdown, LaTeX or a terminal, in which a title is shown, never interpreted."""

from __future__ import annotations

import re
from typing import Any

MARKS = r"[\\`*_\[\]<>|&~$]"  # what Markdown or HTML gives a meaning inside a line

LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
         ">": r"\textgreater{}", "|": r"\textbar{}", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "≥": r"$\geq$",
         "µ": r"$\mu$", "—": "---", "–": "--", "…": r"\dots{}", '"': r"\textquotedbl{}",
         **{c: f"\\{c}" for c in "&%$#_{}"}}  # fmt: skip


def one_line(text: Any) -> str:
    """`text` with each run of white space, line breaks among it, as one space."""
    return " ".join(str(text).split())


def markdown(text: Any) -> str:
    """`text` on one line, to stand inside a line, its Markdown and HTML behind backslashes (CommonMark, GitHub)."""
    return re.sub(f"({MARKS})", r"\\\1", one_line(text))


def latex(text: Any) -> str:
    """`text` on one line, LaTeX's special characters written out; for a document in T1 or a Unicode engine."""
    return "".join(LATEX.get(character, character) for character in one_line(text))


def terminal(text: str) -> str:
    """Markdown made of `markdown` and bold, as plain text, without what would steer a terminal."""
    plain = re.sub(rf"\\({MARKS})|\*\*", lambda match: match[1] or "", text)
    return "".join(character for character in plain if character.isprintable() or character == "\n")
