"""Check that a model is not pretrained on texts that a dataset tests or validates on."""

from pretrain_or_not.data.leaks import check_leaks
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        check_leaks(
            texts=list(snakemake.input.texts),
            without=list(snakemake.input.get("without", [])),
            tested=snakemake.input.tested,
            model=snakemake.wildcards.made,
            dataset=snakemake.wildcards.dataset,
            read=snakemake.params.read,
            output=snakemake.output[0],
        )
