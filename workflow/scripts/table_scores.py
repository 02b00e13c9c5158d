"""Write the table of accuracies."""

from pretrain_or_not.job import job
from pretrain_or_not.report.tables.scores import table_scores

if __name__ == "__main__":
    with job(snakemake):
        table_scores(
            scores=snakemake.input.scores,
            gaps=snakemake.input.gaps,
            arms=snakemake.params.arms,
            reference=snakemake.params.reference,
            published=snakemake.params.published,
            study=snakemake.params.study,
            metric=snakemake.params.metric,
            outputs=list(snakemake.output),
        )
