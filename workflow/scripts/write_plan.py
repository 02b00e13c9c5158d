"""Write what the experiment takes, from finished runs or measured speeds."""

from pretrain_or_not.forecast.page import write_plan
from pretrain_or_not.forecast.total import Machine
from pretrain_or_not.job import job
from pretrain_or_not.plan.catalogue import Catalogue

if __name__ == "__main__":
    with job(snakemake):
        write_plan(
            catalogue=Catalogue(snakemake.config),
            machine=Machine(snakemake.params.at_once, snakemake.params.on_cluster, snakemake.params.gpus),
            last_jobs=snakemake.params.last_jobs,
        )
