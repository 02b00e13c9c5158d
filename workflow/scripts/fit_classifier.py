"""Fit one run of an arm in one call."""

from pretrain_or_not.arms import family_module
from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job
from pretrain_or_not.training.fitted_run import fit_classifier
from pretrain_or_not.training.run import run_of_job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
        fit_classifier(family_module(snakemake.params.recipe["family"]).build, run_of_job(snakemake))
