"""Write the features of a frozen encoder for the training texts that the cells of an experiment use."""

from pretrain_or_not.compute.extract_features import extract_training_features
from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(1):
        extract_training_features(
            tokens=snakemake.input.tokens,
            subsets=snakemake.input.subsets,
            max_length=snakemake.params.max_length,
            pretrained=snakemake.params.pretrained,
            weights=snakemake.input.get("weights"),
            name=snakemake.wildcards.model,
            threads=snakemake.threads,
            code=snakemake.params.code,
            output=snakemake.output[0],
        )
