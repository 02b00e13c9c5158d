"""Train an LSTM from scratch on one subset at one learning rate."""

from safetensors import safe_open

from launch import launch_run
from lstm import LSTMClassifier
from stage import stage
from training_run import training_run


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


def train_lstm(paths, recipe, **run):
    """Train on the subset and write the run; paths may have `embeddings`, the rest as `training_run` wants it."""

    def build(about):
        embeddings = None
        if recipe["embeddings"]:
            with safe_open(paths["embeddings"], framework="pt") as file:
                embeddings = file.get_tensor("embeddings")
        model = build_lstm(recipe, about, embeddings)
        return model, model.flops(), [model.embedding.weight]

    training_run(build, paths, recipe, **run)


if __name__ == "__main__":
    with stage(snakemake):
        launch_run(train_lstm, snakemake)
