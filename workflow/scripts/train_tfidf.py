"""Fit the TF-IDF baseline on one subset at one regularization strength."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from batches import read_cell
from run_files import cell_of, process_peak_memory_mb, save_model, save_run
from stage import log, stage
from tfidf import TfidfClassifier


def train_tfidf(paths, recipe, strength, threads, cell, outputs):
    """Fit on the subset and write the run.

    paths: train, validation, subset, validation_max; strength: the regression's C; outputs: see `run_files`.
    """
    train, validation = read_cell(paths, cell["dataset"], recipe["tokenizer"])
    config = {
        "ngrams": recipe["ngrams"],
        "min_count": recipe["min_count"],
        "vocabulary": train.about["vocabulary"],
        "C": strength,
        "classes": len(train.about["label_names"]),
    }
    started = time.perf_counter()
    with threadpool_limits(threads):
        model = TfidfClassifier(config).fit(train)
    seconds = time.perf_counter() - started
    accuracy = float((model.predict(validation).argmax(axis=1) == validation.labels).mean())
    validation_seconds = time.perf_counter() - started - seconds
    likelihood = model.predict(train)[np.arange(len(train)), train.labels]
    loss = float(-np.log(likelihood.clip(min=np.finfo(np.float32).tiny)).mean())
    log.info("%d features from %d examples in %.1f s | %.0f examples/s | loss %.4f | validation %.2f %%",
             len(model.features), len(train), seconds, len(train) / seconds, loss, 100 * accuracy)  # fmt: skip
    history = [
        {
            "step": model.iterations,
            "examples": len(train) * model.iterations,
            "loss": loss,
            "validation_accuracy": accuracy,
            "learning_rate": None,
            "seconds": seconds,
        }
    ]
    cost = {
        "steps": model.iterations,
        "examples_seen": len(train) * model.iterations,
        "seconds": seconds,
        "validation_seconds": validation_seconds,
        "examples_per_second": len(train) * model.iterations / seconds,
        "validation_accuracy": accuracy,
        "validation_examples": len(validation),
        "device": "cpu",
        "precision": "fp32",
        "threads": threads,
        "peak_memory_mb": process_peak_memory_mb(),
        "parameters": model.coefficients.size + model.intercepts.size,
        "parameters_trained": model.coefficients.size + model.intercepts.size,
        "parameters_embedding": 0,
        # One multiply and add a stored value and class forward, the same for the gradient, an L-BFGS iteration.
        "training_flops": 4 * model.stored_values * config["classes"] * model.iterations,
    }
    save_model(model, outputs["model"], outputs["config"])
    save_run(history, cost, recipe, cell | {"n": len(train)}, outputs)


if __name__ == "__main__":
    with stage(snakemake):
        train_tfidf(
            paths=dict(snakemake.input.items()) | {"validation_max": snakemake.params.validation_max},
            recipe=snakemake.params.recipe,
            strength=float(snakemake.wildcards.setting.removeprefix("C")),
            threads=snakemake.threads,
            cell=cell_of(snakemake.wildcards),
            outputs=dict(snakemake.output.items()),
        )
