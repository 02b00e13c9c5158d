"""Write the decision page."""

from pretrain_or_not.job import job
from pretrain_or_not.report.page.decision import TABLES, decision_page

if __name__ == "__main__":
    with job(snakemake):
        decision_page(
            tables={name: snakemake.input[name] for name in TABLES},
            times=snakemake.input.times or None,
            predictions=snakemake.input.predictions,
            summaries=snakemake.input.summaries,
            examples=snakemake.input.examples,
            arms=snakemake.params.arms,
            threshold=snakemake.params.threshold,
            metric=snakemake.params.metric,
            missing=snakemake.params.missing,
            costs=snakemake.params.costs,
            target=snakemake.params.target,
            teachers=snakemake.params.teachers,
            config=snakemake.config,
            output=snakemake.output[0],
        )
