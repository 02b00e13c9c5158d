"""Measure what the arms that start from a model have forgotten of its pretraining."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
        from pretrain_or_not.evaluation.forgetting import measure_forgetting  # here, as torch takes a second

        measure_forgetting(
            cells=snakemake.params.cells,
            selected=snakemake.input.selected,
            models=snakemake.params.models,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
