"""Pretrain a model."""

from dataclasses import asdict

from pretrain_or_not.job import job
from pretrain_or_not.pretraining.recipe import pretraining_of_job
from pretrain_or_not.training.launch import launch

if __name__ == "__main__":
    with job(snakemake):
        from pretrain_or_not.pretraining import stage  # here, as torch takes a second

        run = pretraining_of_job(snakemake)
        launch(stage.__name__, {"run": asdict(run)}, run.recipe["processes"], snakemake.log[0])
