"""Fit the TF-IDF baseline on one subset at one regularization strength."""

from batches import read_cell
from logistic import train_logistic
from run_files import run_arguments
from stage import stage
from tfidf import TfidfClassifier


def train_tfidf(paths, recipe, strength, threads, cell, outputs):
    """Fit on the subset and write the run.

    paths: train, validation, subset, validation_max; strength: the regression's C; outputs: see `run_files`.
    """
    train, validation = read_cell(paths, cell, recipe["tokenizer"])
    config = {
        "ngrams": recipe["ngrams"],
        "min_count": recipe["min_count"],
        "vocabulary": train.about["vocabulary"],
        "C": strength,
        "classes": len(train.about["label_names"]),
    }
    train_logistic(TfidfClassifier(config), train, validation, recipe, threads, cell, outputs)


if __name__ == "__main__":
    with stage(snakemake):
        train_tfidf(**run_arguments(snakemake))
