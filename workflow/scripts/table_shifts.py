"""Write the table of scores on further test sets."""

from pretrain_or_not.job import job
from pretrain_or_not.report.tables.shifts import table_shifts

if __name__ == "__main__":
    with job(snakemake):
        table_shifts(
            shifts=snakemake.input[0],
            arms=snakemake.params.arms,
            metric=snakemake.params.metric,
            outputs=list(snakemake.output),
        )
