"""Train an LSTM from scratch on one subset at one learning rate."""

from launch import launch_run
from lstm import build_lstm, read_embeddings
from stage import stage
from training_run import training_run


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
