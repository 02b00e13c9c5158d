"""Train one run of an arm that is a neural network."""

from dataclasses import asdict

from pretrain_or_not.arms import module_name
from pretrain_or_not.job import job
from pretrain_or_not.training.launch import launch
from pretrain_or_not.training.run import run_of_job

if __name__ == "__main__":
    with job(snakemake):
        from pretrain_or_not.training import neural_run  # here, as torch takes a second

        run = run_of_job(snakemake)
        task = {"module": module_name(run.recipe["family"]), "run": asdict(run)}
        launch(neural_run.__name__, task, run.recipe["processes"], snakemake.log[0])
