"""Classify new texts with a selected model."""

from contextlib import nullcontext

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.evaluation.predict_texts import predict_texts
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(1) if snakemake.resources.get("gpu") else nullcontext():
        predict_texts(
            name=snakemake.wildcards.prediction,
            texts=snakemake.params.texts,
            candidates=snakemake.input.candidates,
            recommendation=snakemake.input.get("recommendation"),
            sign=snakemake.params.sign,
            threads=snakemake.threads,
            output=snakemake.output.parquet,
            table=snakemake.output.csv,
        )
