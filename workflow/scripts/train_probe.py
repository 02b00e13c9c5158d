"""Fit a linear probe to a frozen encoder's features of one subset at one regularization strength."""

from batches import read_cell
from logistic import train_logistic
from probe import Features, ProbeClassifier
from run_files import run_arguments
from stage import stage


def train_probe(paths, recipe, strength, threads, cell, outputs):
    """Fit on the subset and write the run.

    paths: train, validation (features), subset, validation_max; strength: the regression's C; outputs: see `run_files`.
    """
    train, validation = read_cell(paths, cell, recipe["model"], Features.from_table)
    encoder = train.about["inference"]
    share = len(train) / encoder["examples"]  # of what the features of the whole training split took
    cost = {key: encoder[key] for key in ("parameters", "parameters_embedding", "device", "precision")}
    cost |= {"seconds": encoder["seconds"] * share, "training_flops": round(encoder["flops"] * share)}
    model = ProbeClassifier({"C": strength, "classes": len(train.about["label_names"])})
    train_logistic(model, train, validation, recipe, threads, cell, outputs, cost)


if __name__ == "__main__":
    with stage(snakemake):
        train_probe(**run_arguments(snakemake))
