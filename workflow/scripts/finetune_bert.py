"""Fine-tune a pretrained transformer, or train one from random weights, on one subset at one learning rate."""

from flops import counted_flops
from launch import launch_run
from pretrained import verified
from stage import stage
from training_run import training_run
from transformer import check_tokens, embedding_tables, load_for_classification


def finetune_bert(pretrained, recipe, **run):
    """Train on the subset and write the run; pretrained: a model of the config, the rest as `training_run` wants it."""

    def build(about):
        folder, names = verified(pretrained), about["label_names"]
        init, revision = recipe["init"] == "pretrained", pretrained.get("revision")
        model = load_for_classification(folder, names, recipe["dropout"], init, revision)
        check_tokens(model, about, run["paths"]["train"], recipe["model"])
        return model, counted_flops(model), embedding_tables(model)

    training_run(build, recipe=recipe, **run)


if __name__ == "__main__":
    with stage(snakemake):
        launch_run(finetune_bert, snakemake, pretrained=snakemake.params.pretrained)
