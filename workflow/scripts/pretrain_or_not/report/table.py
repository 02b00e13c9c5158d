"""Tables in several forms (Markdown, LaTeX, picture) from the same cells."""

from dataclasses import dataclass, field
from pathlib import Path

from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.report.markup import latex, markdown
from pretrain_or_not.report.style import save
from pretrain_or_not.report.table_picture import PICTURES, as_picture


@dataclass
class Table:
    """Cells as they are to be read; titles in them may hold any character.

    columns: headings. rows: a list of texts each. words: how many of the leading columns are words, flush left; the
    others are numbers, flush right. groups: rows that a thin line goes above. notes: sentences below the table.
    """

    caption: str
    columns: list
    rows: list
    words: int = 1
    groups: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def as_markdown(table):
    """A GitHub table with its caption above and its notes below."""
    rule = ["---"] * table.words + ["---:"] * (len(table.columns) - table.words)
    lines = [" | ".join(cells) for cells in ([markdown(c) for c in table.columns], rule)]
    lines += [" | ".join(markdown(cell) for cell in row) for row in table.rows]
    return "\n".join(
        [f"**{markdown(table.caption)}**", "", *(f"| {line} |" for line in lines), "", *map(markdown, table.notes), ""]
    )


def as_latex(table):
    r"""A table environment that needs \usepackage{booktabs} and T1 fonts; the notes are set small below it."""
    layout = "l" * table.words + "r" * (len(table.columns) - table.words)
    body = [" & ".join(latex(cell) for cell in row) + r" \\" for row in table.rows]
    for i in sorted(table.groups, reverse=True):
        body.insert(i, r"\midrule")
    notes = [rf"\par\smallskip{{\footnotesize {latex(' '.join(table.notes))}\par}}"] if table.notes else []
    return "\n".join(
        [r"\begin{table}", r"\centering", rf"\caption{{{latex(table.caption)}}}", rf"\begin{{tabular}}{{{layout}}}",
         r"\toprule", " & ".join(latex(c) for c in table.columns) + r" \\", r"\midrule", *body, r"\bottomrule",
         r"\end{tabular}", *notes, r"\end{table}", ""]
    )  # fmt: skip


def write_forms(table, outputs):
    """Write a `Table` to each path, in the form its suffix names: .md, .tex, .png, .svg or .pdf."""
    pictures = [path for path in outputs if Path(path).suffix in PICTURES]
    if pictures:
        save(as_picture(table), pictures)
    for path in outputs:
        form = {".md": as_markdown, ".tex": as_latex}.get(Path(path).suffix)
        if form:
            with atomic_write(path) as partial:
                partial.write_text(form(table), encoding="utf-8")
