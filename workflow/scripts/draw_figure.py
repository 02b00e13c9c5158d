"""Draw one figure."""

from pretrain_or_not.job import job
from pretrain_or_not.report.figures import plot

if __name__ == "__main__":
    with job(snakemake):
        plot(
            name=snakemake.params.figure,
            table=snakemake.input[0],
            outputs=list(snakemake.output),
            arms=snakemake.params.arms,
            style=snakemake.params.style,
            metric=snakemake.params.metric,
            published=snakemake.params.published,
            **dict(snakemake.input.items()),
        )
