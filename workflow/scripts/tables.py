"""Tables as Markdown, LaTeX and picture, from the same cells."""

from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artifacts import whole
from markup import latex, markdown, one_line
from plotting import FONT, save, styled

MISSING = "—"
PICTURES = (".png", ".svg", ".pdf")
GAP, LINE, MARGIN = 0.16, 0.19, 0.06  # inches between columns, from line to line, round the table
LONGEST = 48  # characters of a name in the picture


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


def fold(words, width, measure):
    """Words as lines not longer than `width` by `measure`; a word of its own may be longer."""
    lines = []
    for word in words:
        if lines and measure(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def shortened(text):
    """`text`, or as much of its beginning as the picture has room for."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


@styled
def as_picture(table):
    """A figure of the table, as wide as its columns need, with rules as booktabs sets them."""
    short = [[shortened(one_line(cell)) or " " for cell in row] for row in table.rows]
    measure = Figure(dpi=300)
    renderer = FigureCanvasAgg(measure).get_renderer()

    def inches(text, **style):
        return measure.text(0, 0, text, fontsize=FONT, **style).get_window_extent(renderer).width / measure.dpi

    columns = [[heading, *(row[i] for row in short)] for i, heading in enumerate(table.columns)]
    widths = [max(inches(cell, weight="bold" if i == 0 else None) for i, cell in enumerate(c)) for c in columns]
    texts = [one_line(table.caption).split(), one_line(" ".join(table.notes)).split()]
    inner = max([sum(widths) + GAP * (len(widths) - 1), *(inches(word) for text in texts for word in text)])
    caption, notes = (fold(text, inner, inches) for text in texts)
    width = inner + 2 * MARGIN
    height = LINE * (len(caption) + len(notes) + len(short) + 1.8) + 2 * MARGIN
    fig = Figure(figsize=(width, height), dpi=300)

    def write(x, y, text, **style):
        fig.text(x / width, 1 - y / height, text, fontsize=FONT, va="baseline", **style)

    def rule(y, weight):
        ends = MARGIN / width, 1 - MARGIN / width
        fig.add_artist(Line2D(ends, [1 - y / height] * 2, color="black", linewidth=weight))

    def write_row(y, cells, **style):
        left = MARGIN
        for i, (cell, column) in enumerate(zip(cells, widths, strict=True)):
            flush_left = i < table.words
            write(left if flush_left else left + column, y, cell, ha="left" if flush_left else "right", **style)
            left += column + GAP

    y = MARGIN
    for line in caption:
        y += LINE
        write(MARGIN, y - 0.25 * LINE, line)
    rule(y + 0.1 * LINE, 0.9)
    y += 1.1 * LINE
    write_row(y - 0.15 * LINE, table.columns, weight="bold")
    rule(y + 0.15 * LINE, 0.5)
    for i, row in enumerate(short):
        y += LINE
        if i in table.groups:
            rule(y - 0.78 * LINE, 0.3)
        write_row(y, row)
    y += 0.35 * LINE
    rule(y, 0.9)
    for line in notes:
        y += LINE
        write(MARGIN, y - 0.1 * LINE, line, color="0.3")
    return fig


def write_forms(table, outputs):
    """Write a `Table` to each path, in the form its suffix names: .md, .tex, .png, .svg or .pdf."""
    pictures = [path for path in outputs if Path(path).suffix in PICTURES]
    if pictures:
        save(as_picture(table), pictures)
    for path in outputs:
        form = {".md": as_markdown, ".tex": as_latex}.get(Path(path).suffix)
        if form:
            with whole(path) as partial:
                partial.write_text(form(table), encoding="utf-8")


def number(value, digits, sign=False):
    """A number with so many decimals and a true minus, or a dash for none."""
    if value is None or value != value:
        return MISSING
    return f"{round(value, digits) + 0:{'+' if sign else ''},.{digits}f}".replace("-", "−")


def with_spread(value, spread, digits, sign=False):
    """``12.3 ± 0.4``; without the spread where there is none."""
    text = number(value, digits, sign)
    return text if MISSING in (text, number(spread, digits)) else f"{text} ± {number(spread, digits)}"


def millions(count):
    """A count of parameters in millions, in three significant digits."""
    value = count / 1e6
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)
