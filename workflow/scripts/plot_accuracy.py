"""Draw accuracy over the number of labelled examples."""

import seaborn as sns

from labelling import arm_entries, finish
from plotting import arm_looks, curves, message, panels, read, save, styled
from stage import log, stage
from stamp import stamp

XLABEL = "Labelled training examples"


@styled
def draw_accuracy(table, arms, width):
    """One panel a dataset, one line an arm: test accuracy in %, every seed as a faint point.

    table: rows of scores.parquet. arms: all arms of the experiment, in order. width: of one panel, in inches.
    """
    if table.empty:
        return message("No cell has been scored.", width)
    table = table.assign(percent=100 * table["accuracy"])
    looks = arm_looks(arms)
    fig, drawn = panels(table, width)
    for ax, rows in drawn:
        sns.scatterplot(
            rows,
            x="x",
            y="percent",
            hue="arm",
            palette=looks["palette"],
            s=5,
            alpha=0.45,
            linewidth=0,
            legend=False,
            ax=ax,
        )
        curves(ax, rows, "percent", looks)
    ylabel = f"Test accuracy (%){stamp(table['selection'])}"
    finish(fig, [ax for ax, _ in drawn], arm_entries(table, "percent", looks), XLABEL, ylabel)
    return fig


def plot_accuracy(scores, outputs, arms, style):
    """Read scores.parquet and write the figure in each of the formats that `outputs` end in."""
    table = read(scores, arms)
    save(draw_accuracy(table, arms, style["width"]), outputs)
    log.info("%d cells, %d arms, %d datasets", len(table), table["arm"].nunique(), table["dataset"].nunique())


if __name__ == "__main__":
    with stage(snakemake):
        plot_accuracy(
            scores=snakemake.input[0],
            outputs=list(snakemake.output),
            arms=snakemake.params.arms,
            style=snakemake.params.style,
        )
