"""Train an LSTM from scratch on one subset at one learning rate."""

from safetensors import SafetensorError, safe_open

from launch import launch_run
from lstm import LSTMClassifier
from stage import BadInput, stage
from training_run import training_run


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


def train_lstm(paths, recipe, **run):
    """Train on the subset and write the run; paths may have `embeddings`, the rest as `training_run` wants it."""

    def build(about):
        embeddings = read_embeddings(paths["embeddings"]) if recipe["embeddings"] else None
        model = build_lstm(recipe, about, embeddings)
        return model, model.flops(), [model.embedding.weight]

    training_run(build, paths, recipe, **run)


if __name__ == "__main__":
    with stage(snakemake):
        launch_run(train_lstm, snakemake)
