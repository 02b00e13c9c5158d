"""Write from how many labels on the gap is small."""

from pretrain_or_not.job import job
from pretrain_or_not.report.answer import answer

if __name__ == "__main__":
    with job(snakemake):
        answer(
            scores=snakemake.input.scores,
            gaps=snakemake.input.gaps,
            by_group=snakemake.input.by_group,
            group_gaps=snakemake.input.group_gaps,
            shifts=snakemake.input.shifts,
            predictions=snakemake.input.predictions,
            summaries=snakemake.input.summaries,
            times=snakemake.input.times or None,
            threshold=snakemake.params.threshold,
            metric=snakemake.params.metric,
            missing=snakemake.params.missing,
            costs=snakemake.params.costs,
            target=snakemake.params.target,
            teachers=snakemake.params.teachers,
            outputs=dict(snakemake.output.items()),
        )
