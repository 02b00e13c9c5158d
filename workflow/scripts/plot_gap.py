"""Draw the gap to the reference arm over the number of labelled examples."""

from matplotlib.lines import Line2D

from labelling import Entry, arm_entries, finish
from metrics import Z_95
from plotting import GREY, arm_looks, curves, mean_by_size, message, panels, read, save, styled
from stage import log, stage
from stamp import stamp

XLABEL = "Labelled training examples"


@styled
def draw_gap(table, arms, width, one_point):
    """One panel a dataset, one line an arm: points below the reference arm, in the same cell.

    Bars are the least and greatest of the seeds. The band is the 95 % interval from the sampling of test examples,
    mean ± 1.96 × mean of `gap_se` over the seeds. Seeds share their test examples, so sqrt(sum se²)/k, which takes
    them for independent, would be too narrow; the mean of the standard errors is never less than the standard error
    of the mean, so the band is wide enough whatever they share.

    table: rows of gaps.parquet. arms: all arms of the experiment, in order, the reference among them. width: of one
    panel, in inches. one_point: height of the dashed line, in points; 0 for none.
    """
    if table.empty:
        return message("No arm but the reference has been scored: no gap to show.", width)
    looks = arm_looks(arms)
    reference = " / ".join(table["reference_title"].unique())
    levels = [_level(reference, 0, "-")]
    if one_point:
        points = float(one_point)
        levels.append(_level("1 point" if points == 1 else f"{points:g} points", points, (0, (3, 2))))
    fig, drawn = panels(table, width)
    for ax, rows in drawn:
        for level in levels:
            ax.axhline(level.end[1], color=GREY, linewidth=0.8, linestyle=level.line.get_linestyle(), zorder=1)
        for arm, means in mean_by_size(rows, "gap", "gap_se").groupby("arm", sort=False):
            low, high = means["gap"] - Z_95 * means["gap_se"], means["gap"] + Z_95 * means["gap_se"]
            colour = looks["palette"][arm]
            if len(means) > 1:
                light = 0.4 / (2 + table["arm"].nunique())  # many bands overlap
                ax.fill_between(means["x"], low, high, color=colour, alpha=light, linewidth=0)
            else:  # a band over one size has no width
                ax.vlines(means["x"], low, high, color=colour, alpha=0.15, linewidth=7, capstyle="butt")
        curves(ax, rows, "gap", looks)
    axes = [ax for ax, _ in drawn]
    ylabel = f"Points below {reference}{stamp(table['selection'])}"
    finish(fig, axes, arm_entries(table, "gap", looks) + levels, XLABEL, ylabel)
    return fig


def _level(title, height, linestyle):
    return Entry(title, Line2D([], [], color=GREY, linewidth=0.8, linestyle=linestyle), (None, height))


def plot_gap(gaps, outputs, arms, style):
    """Read gaps.parquet and write the figure in each of the formats that `outputs` end in."""
    table = read(gaps, arms)
    save(draw_gap(table, arms, style["width"], style["one_point"]), outputs)
    log.info("%d cells, %d arms, %d datasets", len(table), table["arm"].nunique(), table["dataset"].nunique())


if __name__ == "__main__":
    with stage(snakemake):
        plot_gap(
            gaps=snakemake.input[0],
            outputs=list(snakemake.output),
            arms=snakemake.params.arms,
            style=snakemake.params.style,
        )
