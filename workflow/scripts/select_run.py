"""Select the run of a cell with the best validation score."""

from pretrain_or_not.evaluation.select import select_run
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        select_run(
            costs=snakemake.input.costs,
            sign=snakemake.params.sign,
            outputs=dict(zip(("selected", "model", "config"), snakemake.output, strict=False)),
            # Not a param: which models are kept changes no result.
            keep=snakemake.config["experiment"]["keep_models"],
        )
