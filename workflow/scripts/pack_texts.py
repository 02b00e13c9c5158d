"""Pack the texts that a model is pretrained on into rows of tokens."""

from pretrain_or_not.data.packing import pack_texts
from pretrain_or_not.job import job

if __name__ == "__main__":
    with job(snakemake):
        pack_texts(
            examples=snakemake.input.texts,
            name=snakemake.wildcards.made,
            tokenizer=snakemake.params.tokenizer,
            recipe=snakemake.params.recipe,
            without=list(snakemake.input.get("without", [])),
            outputs=dict(snakemake.output.items()),
        )
