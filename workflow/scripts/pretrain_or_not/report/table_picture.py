"""Draw a table as a picture."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.report.markup import one_line
from pretrain_or_not.report.style import FONT, styled

PICTURES = (".png", ".svg", ".pdf")

GAP, LINE, MARGIN = 0.16, 0.19, 0.06  # inches between columns, from line to line, round the table

LONGEST = 48  # characters of a name in the picture


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
