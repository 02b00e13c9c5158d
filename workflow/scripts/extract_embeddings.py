"""Write the token embeddings of a pretrained model."""

from pretrain_or_not.compute.extract_embeddings import extract_embeddings
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        extract_embeddings(snakemake.params.pretrained, snakemake.output[0])
