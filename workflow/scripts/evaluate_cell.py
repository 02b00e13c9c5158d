"""Predict the test split with a cell's selected model; the one place where test data are read."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from artifacts import read_json, write_table
from batches import read_examples
from provenance import versions
from run_files import check_model
from stage import log, stage


def load_classifier(family, folder, precision):
    """A function from Examples to class probabilities (n, classes), for a model of any family.

    precision: that of the training run, so that a model is used as it was validated.
    """
    check_model(folder)
    if family == "tfidf":
        from tfidf import TfidfClassifier

        return TfidfClassifier.from_folder(folder).predict
    from fit import build_accelerator, predict

    if family == "lstm":
        from lstm import LSTMClassifier

        model = LSTMClassifier.from_folder(folder)
    else:
        from transformer import load_fine_tuned

        model = load_fine_tuned(folder)
    accelerator = build_accelerator(precision)
    model = model.to(accelerator.device)
    return lambda examples: predict(model, examples, accelerator)


def evaluate_cell(family, model, selected, tokens, threads, output):
    """Write the predictions of the test split: id, label, predicted, and a column ``p_<class>`` a class."""
    if family != "tfidf":
        import torch

        torch.set_num_threads(threads)
    run = read_json(selected)["selected"]
    classify = load_classifier(family, Path(model).parent, run["precision"])
    recipe = run["recipe"]
    test = read_examples(tokens, dataset=run["dataset"], tokenizer=recipe.get("tokenizer") or recipe["model"])
    started = time.perf_counter()
    probabilities = classify(test)
    seconds = time.perf_counter() - started
    predicted = probabilities.argmax(axis=1).astype(np.int32)
    names = test.about["label_names"]
    columns = {"id": test.ids, "label": test.labels.astype(np.int32), "predicted": predicted}
    columns |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(names)}
    write_table(
        output,
        pa.table(columns),
        label_names=names,
        config_digest=run["config_digest"],
        versions=versions("torch", "transformers", "scikit-learn"),
        inference={"seconds": seconds, "examples": len(test), "threads": threads, "device": run["device"]},
        **{key: run[key] for key in ("dataset", "arm", "size", "n", "seed", "setting")},
    )
    log.info("%d test examples in %.1f s (%.0f examples/s)", len(test), seconds, len(test) / seconds)


if __name__ == "__main__":
    with stage(snakemake):
        evaluate_cell(
            family=snakemake.params.family,
            model=snakemake.input.model,
            selected=snakemake.input.selected,
            tokens=snakemake.input.test,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
