"""Train one run of an arm that is a neural network."""

from pretrain_or_not.arms import module_name
from pretrain_or_not.job import job
from pretrain_or_not.training.launch import launch_run
from pretrain_or_not.training.run import run_of_job

if __name__ == "__main__":
    with job(snakemake):
        launch_run(module_name(snakemake.params.recipe["family"]), run_of_job(snakemake), snakemake.log[0])
