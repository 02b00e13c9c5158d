"""Tables in several forms (Markdown, LaTeX, HTML) from the same cells."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.report.markup import html, latex, markdown

# Horizontal lines as the LaTeX package booktabs sets them. A long name without spaces may break anywhere.
STYLE = """
body { margin: 1.5em; font: 14px/1.45 "DejaVu Sans", Verdana, Arial, sans-serif; color: black; background: white }
table { width: max-content; border-collapse: collapse; border: solid; border-width: 2px 0 }
caption, td, th { padding: 0.25em 0.8em; text-align: left; vertical-align: baseline }
caption { padding-left: 0 }
thead { border-bottom: 1px solid }
tbody + tbody { border-top: 1px solid silver }
td { overflow-wrap: anywhere; max-width: 30em }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
p { color: dimgray; max-width: 60em; overflow-wrap: anywhere }
"""


@dataclass
class Table:
    """A table whose cells are texts; they may hold any character.

    columns: headings. rows: one list of texts per row. words: number of leading columns that hold words, aligned left;
    the others hold numbers, aligned right. groups: positions of rows with a thin line above them. notes: sentences
    below the table. label: what a LaTeX document refers to it by, after ``tab:``.
    """

    caption: str
    columns: list
    rows: list
    words: int = 1
    groups: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    label: str = ""


def as_markdown(table):
    """Return a table in GitHub's Markdown, with the caption above it and the notes below it."""
    rule = ["---"] * table.words + ["---:"] * (len(table.columns) - table.words)
    lines = [" | ".join(cells) for cells in ([markdown(c) for c in table.columns], rule)]
    lines += [" | ".join(markdown(cell) for cell in row) for row in table.rows]
    return "\n".join(
        [f"**{markdown(table.caption)}**", "", *(f"| {line} |" for line in lines), "", *map(markdown, table.notes), ""]
    )


def as_latex(table):
    r"""Return a LaTeX table environment that needs \usepackage{booktabs} and T1 fonts, with small notes below it."""
    layout = "l" * table.words + "r" * (len(table.columns) - table.words)
    body = [" & ".join(latex(cell) for cell in row) + r" \\" for row in table.rows]
    for i in sorted(table.groups, reverse=True):
        body.insert(i, r"\midrule")
    notes = [rf"\par\smallskip{{\footnotesize {latex(' '.join(table.notes))}\par}}"] if table.notes else []
    return "\n".join(
        [r"\begin{table}", r"\centering", rf"\caption{{{latex(table.caption)}}}",
         *([rf"\label{{tab:{table.label}}}"] if table.label else []), rf"\begin{{tabular}}{{{layout}}}",
         r"\toprule", " & ".join(latex(c) for c in table.columns) + r" \\", r"\midrule", *body, r"\bottomrule",
         r"\end{tabular}", *notes, r"\end{table}", ""]
    )  # fmt: skip


def as_page(tables):
    """Return a page of HTML with tables, each with its caption above it and its notes below it."""
    title = tables[0].caption if len(tables) == 1 else f"{len(tables)} tables"
    return "\n".join(
        ["<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">', f"<title>{html(title)}</title>",
         f"<style>{STYLE}</style>", *map(as_html, tables), "</html>", ""]
    )  # fmt: skip


def as_html(table):
    """Return a table in HTML."""
    notes = [f"<p>{html(' '.join(table.notes))}</p>"] if table.notes else []
    groups = ["".join(html_row(table, "td", row) for row in part) for part in parts(table.rows, table.groups)]
    return "\n".join(
        ["<table>", f"<caption>{html(table.caption)}</caption>",
         f"<thead>\n{html_row(table, 'th', table.columns)}</thead>", *(f"<tbody>\n{group}</tbody>" for group in groups),
         "</table>", *notes]
    )  # fmt: skip


def html_row(table, tag, cells):
    """Return a row of cells, each in a `tag`; those of the columns of numbers are marked as such."""
    marks = [""] * table.words + [' class="number"'] * (len(table.columns) - table.words)
    return f"<tr>{''.join(f'<{tag}{mark}>{html(c)}</{tag}>' for mark, c in zip(marks, cells, strict=True))}</tr>\n"


def parts(rows, starts):
    """Return the rows, cut where a new part starts."""
    return [rows[start:end] for start, end in pairwise([0, *sorted(starts), len(rows)])]


def write_forms(tables, outputs):
    """Write a list of `Table` to each path, in the form its suffix names: .md, .tex or .html."""
    forms = {
        ".md": lambda: "\n".join(map(as_markdown, tables)),
        ".tex": lambda: "\n".join(map(as_latex, tables)),
        ".html": lambda: as_page(tables),
    }
    for path in outputs:
        with atomic_write(path) as partial:
            partial.write_text(forms[Path(path).suffix](), encoding="utf-8")
