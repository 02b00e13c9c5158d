"""Write the states of layers of a frozen encoder for the texts of one split."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.compute.states import extract_states
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(1):
        extract_states(
            tokens=snakemake.input.tokens,
            max_length=snakemake.params.max_length,
            states=snakemake.wildcards.states,
            subsets=snakemake.input.subsets,
            pretrained=snakemake.params.pretrained,
            name=snakemake.wildcards.model,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
