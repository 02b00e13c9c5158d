"""Measure how fast this machine trains an arm, for the plan."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.forecast.speed import measure
from pretrain_or_not.job import job
from pretrain_or_not.training.run import run_of_job

if __name__ == "__main__":
    # Networks that the common loop trains get their GPUs when the loop is started.
    gpus = lease_gpus(int(snakemake.params.leases_gpu))
    with job(snakemake), gpus:
        measure(
            run=run_of_job(snakemake),
            log_file=snakemake.log[0],
            output=snakemake.output.cost,
            only_flops=snakemake.params.only_flops,
        )
