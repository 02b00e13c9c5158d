"""Write labelled examples by a language model, from those of one cell."""

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.job import job
from pretrain_or_not.training.generate import generate

if __name__ == "__main__":
    with job(snakemake), lease_gpus(snakemake.resources.get("gpu", 0)):
        generate(
            inputs={key: snakemake.input[key] for key in ("examples", "subset")} | {"tested": snakemake.input.tested},
            generator=snakemake.params.generator,
            keys=snakemake.params.augment,
            tokenizer=snakemake.params.tokenizer | {"name": snakemake.params.name},
            cell={key: snakemake.wildcards[key] for key in ("arm", "size")} | {"seed": int(snakemake.wildcards.seed)},
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
