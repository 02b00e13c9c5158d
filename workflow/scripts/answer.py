"""Write from how many labels on the gap is small."""

from pretrain_or_not.job import job
from pretrain_or_not.report.answer import answer

if __name__ == "__main__":
    with job(snakemake):
        answer(
            gaps=snakemake.input.gaps,
            predictions=snakemake.input.predictions,
            threshold=snakemake.params.threshold,
            outputs=dict(snakemake.output.items()),
        )
