"""Write down the training rows of a subset."""

from pretrain_or_not.data.subsets import write_subset
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        write_subset(
            examples=snakemake.input.examples,
            dataset=snakemake.input.dataset,
            size=snakemake.wildcards.size,
            seed=int(snakemake.wildcards.seed),
            output=snakemake.output[0],
            stratify=snakemake.params.stratify,
        )
