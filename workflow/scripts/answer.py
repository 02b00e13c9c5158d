"""Write from how many labels on the gap is small."""

from pretrain_or_not.job import job
from pretrain_or_not.report.answer import answer

if __name__ == "__main__":
    with job(snakemake):
        answer(
            scores=snakemake.input.scores,
            gaps=snakemake.input.gaps,
            by_group=snakemake.input.by_group,
            predictions=snakemake.input.predictions,
            summaries=snakemake.input.summaries,
            times=snakemake.input.times or None,
            threshold=snakemake.params.threshold,
            metric=snakemake.params.metric,
            missing=snakemake.params.missing,
            costs=snakemake.params.costs,
            outputs=dict(snakemake.output.items()),
        )
