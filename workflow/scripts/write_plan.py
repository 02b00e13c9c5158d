"""Write what the experiment takes, from finished runs or measured speeds."""

from pretrain_or_not.forecast.page import write_plan
from pretrain_or_not.job import job
from pretrain_or_not.plan.catalogue import Catalogue

if __name__ == "__main__":
    with job(snakemake):
        write_plan(
            catalogue=Catalogue(snakemake.config),
            at_once=snakemake.params.at_once,
            on_cluster=snakemake.params.on_cluster,
            last_jobs=snakemake.params.last_jobs,
        )
