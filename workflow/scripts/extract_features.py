"""Write the features of a frozen encoder for every text to validate or test on."""

from pretrain_or_not.compute.extract_features import extract_features
from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(1):
        extract_features(
            tokens={split: snakemake.input[split] for split in ("validation", "test")},
            max_length=snakemake.params.max_length,
            pretrained=snakemake.params.pretrained,
            name=snakemake.wildcards.model,
            threads=snakemake.threads,
            outputs=dict(snakemake.output.items()),
        )
