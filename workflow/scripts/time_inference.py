"""Time how long a trained model takes to classify a text."""

import os

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job

if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a tokenizer would take all cores
    if snakemake.wildcards.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # torch, which is imported below, must find no GPU
    with job(snakemake), lease_gpus(int(snakemake.wildcards.device == "cuda")):
        from pretrain_or_not.evaluation.timing import time_cell

        time_cell(
            device=snakemake.wildcards.device,
            inputs=dict(snakemake.input.items()),
            how=snakemake.params.how,
            output=snakemake.output[0],
        )
