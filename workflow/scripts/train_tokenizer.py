"""Train a tokenizer on the texts of a model."""

import os

from pretrain_or_not.data.train_tokenizer import train_tokenizer
from pretrain_or_not.job import job

if __name__ == "__main__":
    os.environ["RAYON_NUM_THREADS"] = str(snakemake.threads)  # the library reads it when it first runs
    with job(snakemake):
        train_tokenizer(
            examples=snakemake.input.texts,
            without=list(snakemake.input.get("without", [])),
            size=snakemake.params.tokenizer["train"],
            kind=snakemake.params.tokenizer["kind"],
            output=snakemake.output[0],
        )
