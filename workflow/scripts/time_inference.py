"""Time how long an arm takes to classify a batch."""

from contextlib import nullcontext

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.evaluation.timing import time_inference
from pretrain_or_not.job import job

if __name__ == "__main__":
    wildcards = snakemake.wildcards
    with job(snakemake), lease_gpus(1) if wildcards.device == "cuda" else nullcontext():
        time_inference(
            arm=wildcards.arm,
            recipe=snakemake.params.recipe,
            pretrained=snakemake.params.pretrained,
            embeddings=snakemake.input.get("embeddings"),
            setting={"device": wildcards.device, "batch_size": int(wildcards.batch_size)}
            | {"length": int(wildcards.length), **snakemake.params.how},
            output=snakemake.output[0],
        )
