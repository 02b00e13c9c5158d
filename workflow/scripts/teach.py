"""Write what a teacher says of the texts of a student."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.evaluation.teach import teach
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
        teach(
            teacher=snakemake.input.teacher,
            examples=snakemake.input.examples,
            subset=snakemake.input.subset,
            texts=snakemake.input.get("texts"),
            tested=list(snakemake.input.get("tested", [])),
            amount=snakemake.params.teacher["amount"],
            tokenizer=snakemake.params.tokenizer,
            name=snakemake.params.name,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
