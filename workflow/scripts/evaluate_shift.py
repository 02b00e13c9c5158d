"""Predict a further test set with the selected model of a cell."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.evaluation.shifted import evaluate_shift
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
        evaluate_shift(
            about=snakemake.input.about,
            examples=snakemake.input.examples,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
