"""Predict the test split with the selected model of a cell."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.model_folder import Origin
from pretrain_or_not.evaluation.predict import evaluate_cell
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(int(snakemake.params.neural)):
        evaluate_cell(
            family=snakemake.params.family,
            reads=snakemake.params.reads,
            neural=snakemake.params.neural,
            selected=snakemake.input.selected,
            test=snakemake.input.test,
            subset=snakemake.input.subset,
            threads=snakemake.threads,
            code=snakemake.params.code,
            keep=snakemake.config["experiment"]["keep_models"],
            output=snakemake.output[0],
            metric=Metric(**snakemake.params.metric),
            origin=Origin(**snakemake.params.origin, tokenizer=snakemake.input.get("tokenizer") or None),
        )
