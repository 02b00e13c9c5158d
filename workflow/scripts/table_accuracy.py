"""Write the table of accuracies."""

from pretrain_or_not.job import job
from pretrain_or_not.report.tables.accuracy import table_accuracy

if __name__ == "__main__":
    with job(snakemake):
        table_accuracy(
            scores=snakemake.input.scores,
            gaps=snakemake.input.gaps,
            arms=snakemake.params.arms,
            reference=snakemake.params.reference,
            published=snakemake.params.published,
            study=snakemake.params.study,
            outputs=list(snakemake.output),
        )
