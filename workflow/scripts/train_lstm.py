"""Train an LSTM from scratch on one subset at one learning rate."""

import torch
from safetensors import SafetensorError, safe_open

from batches import read_cell
from fit import fit
from flops import matrix_parameters, training_flops
from lstm import LSTMClassifier
from run_files import cell_of, parameter_counts, save_model, save_run
from stage import BadInput, log, stage


def read_embeddings(path):
    """The (rows, width) tensor that extract_embeddings.py wrote; BadInput where the file is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.get_tensor("embeddings")
    except SafetensorError as error:
        raise BadInput(f"{path}: not a whole safetensors file ({error}); delete it and run again") from error


def build_lstm(recipe, about, embeddings=None):
    """A fresh LSTMClassifier for tokens described by `about` (token metadata); embeddings: (rows, width) or None."""
    if embeddings is not None and len(embeddings) < about["vocabulary"]:
        there, needed = len(embeddings), about["vocabulary"]
        raise BadInput(f"models: {about['tokenizer']}: {there} token embeddings for a vocabulary of {needed}")
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
    train, validation = read_cell(paths, cell["dataset"], recipe["tokenizer"])
    embeddings = None
    if recipe["embeddings"]:
        embeddings = read_embeddings(paths["embeddings"])
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
