"""Train an LSTM from scratch on one subset at one learning rate."""

import torch
from safetensors import safe_open

from batches import read_examples, read_subset
from fit import fit
from flops import matrix_parameters, training_flops
from lstm import LSTMClassifier
from run_files import cell_of, parameter_counts, save_model, save_run
from stage import log, stage


def build_lstm(recipe, about, embeddings=None):
    """A fresh LSTMClassifier for tokens described by `about` (token metadata); embeddings: (rows, width) or None."""
    if embeddings is not None and len(embeddings) < about["vocabulary"]:
        raise ValueError(f"{len(embeddings)} embeddings for a vocabulary of {about['vocabulary']}")
    config = {
        "vocabulary": about["vocabulary"] if embeddings is None else len(embeddings),
        "padding_id": about["padding_id"],
        "embedding_size": recipe["embedding_size"] if embeddings is None else embeddings.shape[1],
        "layers": recipe["layers"],
        "hidden": recipe["hidden"],
        "dropout": recipe["dropout"],
        "classes": len(about["label_names"]),
    }
    return LSTMClassifier(config, embeddings, freeze_embeddings=recipe["freeze_embeddings"] and embeddings is not None)


def train_lstm(paths, recipe, learning_rate, seed, threads, cell, outputs):
    """Train on the subset and write the run.

    paths: train, validation, subset, validation_max, maybe embeddings; outputs: see `run_files`.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    train = read_subset(paths["train"], paths["subset"])
    validation = read_examples(paths["validation"], first=min(len(train), paths["validation_max"]))
    embeddings = None
    if recipe["embeddings"]:
        with safe_open(paths["embeddings"], framework="pt") as file:
            embeddings = file.get_tensor("embeddings")
    model = build_lstm(recipe, train.about, embeddings)
    log.info("training on %d examples, validating on %d", len(train), len(validation))
    history, cost = fit(model, train, validation, recipe, learning_rate, seed)
    table = [model.embedding.weight]
    cost |= parameter_counts(model, table)
    cost["training_flops"] = training_flops(matrix_parameters(model, table), cost["tokens_seen"])
    save_model(model, outputs["model"], outputs["config"])
    save_run(history, cost, recipe, cell | {"n": len(train)}, outputs)


if __name__ == "__main__":
    with stage(snakemake):
        train_lstm(
            paths=dict(snakemake.input.items()) | {"validation_max": snakemake.params.validation_max},
            recipe=snakemake.params.recipe,
            learning_rate=float(snakemake.wildcards.setting.removeprefix("lr")),
            seed=int(snakemake.wildcards.seed),
            threads=snakemake.threads,
            cell=cell_of(snakemake.wildcards),
            outputs=dict(snakemake.output.items()),
        )
