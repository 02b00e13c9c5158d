"""Fine-tune a pretrained transformer, or train one from random weights, on one subset at one learning rate."""

from flops import counted_flops
from launch import launch_run
from pretrained import verified
from stage import BadInput, stage
from training_run import training_run
from transformer import embedding_tables, load_for_classification, position_limit


def finetune_bert(pretrained, recipe, cell, **run):
    """Train on the subset and write the run; pretrained: a model of the config, the rest as `training_run` wants it."""

    def build(about):
        folder, names = verified(pretrained), about["label_names"]
        init, revision = recipe["init"] == "pretrained", pretrained.get("revision")
        model = load_for_classification(folder, names, recipe["dropout"], init, revision)
        limit = position_limit(model)
        if limit and about["max_length"] > limit:
            raise BadInput(
                f"datasets: {cell['dataset']}: max_length {about['max_length']} is more than the {limit} tokens "
                f"that model {recipe['model']!r} takes in; lower it"
            )
        rows = model.get_input_embeddings().num_embeddings
        if about["vocabulary"] > rows:
            raise BadInput(
                f"{run['paths']['train']}: token ids up to {about['vocabulary']}, and model {recipe['model']!r} has "
                f"{rows}: made by another tokenizer? Delete it and run again"
            )
        return model, counted_flops(model), embedding_tables(model)

    training_run(build, recipe=recipe, cell=cell, **run)


if __name__ == "__main__":
    with stage(snakemake):
        launch_run(finetune_bert, snakemake, pretrained=snakemake.params.pretrained)
