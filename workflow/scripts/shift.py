"""Write a further test set of a dataset."""

from pretrain_or_not.data.shift import write_shift
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        write_shift(
            name=snakemake.wildcards.shift,
            dataset=snakemake.wildcards.dataset,
            examples=snakemake.input.examples,
            change=snakemake.params.shift.get("change"),
            texts=snakemake.params.shift.get("texts"),
            output=snakemake.output[0],
        )
