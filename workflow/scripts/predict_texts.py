"""Classify new texts with a selected model."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.evaluation.predict_texts import predict_texts
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
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
