"""Score all cells."""

from pretrain_or_not.evaluation.score import score
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        score(
            predictions=snakemake.input.predictions,
            selected=snakemake.input.selected,
            summaries=snakemake.input.summaries,
            examples=snakemake.input.examples,
            made=snakemake.input.get("made", []),
            shifted=snakemake.input.get("shifted", []),
            behind=snakemake.params.behind,
            reference=snakemake.params.reference,
            metric=snakemake.params.metric,
            budget=snakemake.params.budget,
            titles=snakemake.params.titles,
            outputs=dict(snakemake.output.items()),
        )
