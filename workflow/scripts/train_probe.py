"""Fit a linear probe to a frozen encoder's features of one subset at one regularization strength."""

from batches import validation_count
from logistic import train_logistic
from probe import ProbeClassifier, read_feature_subset, read_features
from run_files import cell_of
from stage import stage


def train_probe(paths, recipe, strength, threads, cell, outputs):
    """Fit on the subset and write the run.

    paths: train, validation (features), subset, validation_max; strength: the regression's C; outputs: see `run_files`.
    """
    about = {"dataset": cell["dataset"], "encoder": recipe["model"]}
    train = read_feature_subset(paths["train"], paths["subset"], split="train", **about)
    most = validation_count(len(train), paths["validation_max"])
    validation = read_features(paths["validation"], most, split=cell["selection"], **about)
    encoder = train.about["inference"]
    share = len(train) / encoder["examples"]  # of what the features of the whole training split took
    cost = {key: encoder[key] for key in ("parameters", "parameters_embedding", "device", "precision")}
    cost |= {"seconds": encoder["seconds"] * share, "training_flops": round(encoder["flops"] * share)}
    model = ProbeClassifier({"C": strength, "classes": len(train.about["label_names"])})
    train_logistic(model, train, validation, recipe, threads, cell, outputs, cost)


if __name__ == "__main__":
    with stage(snakemake):
        train_probe(
            paths=dict(snakemake.input.items()) | {"validation_max": snakemake.params.validation_max},
            recipe=snakemake.params.recipe,
            strength=float(snakemake.wildcards.setting.removeprefix("C")),
            threads=snakemake.threads,
            cell=cell_of(snakemake.wildcards) | {"selection": snakemake.params.selection},
            outputs=dict(snakemake.output.items()),
        )
