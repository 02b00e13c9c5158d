"""Turn the texts of a dataset into token ids."""

import os

from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.job import job

if __name__ == "__main__":
    # The tokenizer reads it when it first runs.
    os.environ["RAYON_NUM_THREADS"] = str(snakemake.threads)
    with job(snakemake):
        tokenize(
            examples=snakemake.input.examples,
            path=snakemake.params.tokenizer["path"],
            name=snakemake.wildcards.tokenizer,
            max_length=snakemake.params.max_length,
            outputs={key: path for key, path in snakemake.output.items() if key != "tokenizer"},
            revision=snakemake.params.tokenizer["revision"],
            saved=snakemake.output.tokenizer,
        )
