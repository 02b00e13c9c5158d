"""Read a dataset from its source."""

from pretrain_or_not.config.grid import sizes_by_arm
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        ingest(
            dataset=snakemake.params.dataset,
            name=snakemake.wildcards.dataset,
            # Not a param: a further size must not ingest again. Texts to pretrain on have no sizes.
            sizes=sizes_by_arm(snakemake.config, snakemake.wildcards.dataset),
            threads=snakemake.threads,
            examples=snakemake.output.examples,
            summary=snakemake.output.summary,
        )
