"""Predict the test split with a cell's selected model; the one place where test data are read."""

import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa

from artifacts import read_json, write_table
from batches import read_examples
from families import NEURAL
from gpus import lease_gpus
from provenance import versions
from run_files import check_model
from stage import log, stage


def load_classifier(family, folder, precision):
    """How a model of any family classifies, and on which device.

    Returns (function, name): the function maps test examples to (class probabilities (n, classes), FLOPs or None).
    precision: that of the training run, so that a model is used as it was validated.
    """
    check_model(folder)
    model, flops = LOADERS[family](folder)
    if family not in NEURAL:
        return lambda examples: (model.predict(examples), None), "cpu"
    from devices import build_accelerator, device_facts
    from inference import infer, probabilities

    accelerator = build_accelerator(precision)
    model = model.to(accelerator.device)

    def classify(examples):
        predicted, work = infer(model, examples, accelerator, probabilities)
        return predicted, work.flops(flops.forward)

    return classify, device_facts(accelerator)["device"]


# One a family, each with its imports, as no cell needs those of the others: the model, and its Flops if they are known.


def load_bert(folder):
    """A fine-tuned transformer."""
    from flops import counted_flops
    from transformer import load_fine_tuned

    model = load_fine_tuned(folder)
    return model, counted_flops(model)


def load_lstm(folder):
    """A trained LSTM."""
    from lstm import LSTMClassifier

    model = LSTMClassifier.from_folder(folder)
    return model, model.flops()


def load_tfidf(folder):
    """A TF-IDF baseline."""
    from tfidf import TfidfClassifier

    return TfidfClassifier.from_folder(folder), None


def load_probe(folder):
    """A linear probe."""
    from probe import ProbeClassifier

    return ProbeClassifier.from_folder(folder), None


LOADERS = {"bert": load_bert, "lstm": load_lstm, "tfidf": load_tfidf, "probe": load_probe}


def read_test(family, path, run):
    """Test examples as a family reads them: (examples, seconds and FLOPs that their features took before)."""
    recipe = run["recipe"]
    about = {"dataset": run["dataset"], "split": "test", "tokenizer": recipe.get("tokenizer") or recipe["model"]}
    if family != "probe":
        return read_examples(path, **about), 0.0, 0
    from probe import Features

    features = read_examples(path, build=Features.from_table, **about)
    return features, features.about["inference"]["seconds"], features.about["inference"]["flops"]


def evaluate_cell(family, model, selected, test, threads, output):
    """Write the predictions of the test split: id, label, predicted, and a column ``p_<class>`` a class.

    test: its tokens or, for a probe, its features.
    """
    if family in NEURAL:
        import torch

        torch.set_num_threads(threads)
    run = read_json(selected)["selected"]
    classify, device = load_classifier(family, Path(model).parent, run["precision"])
    test, seconds_before, flops_before = read_test(family, test, run)
    started = time.perf_counter()
    probabilities, flops = classify(test)
    seconds = seconds_before + time.perf_counter() - started
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
        inference={
            "seconds": seconds,
            "examples": len(test),
            "flops": (flops or 0) + flops_before or None,
            "threads": threads,
            "device": device,
        },
        **{key: run[key] for key in ("dataset", "arm", "size", "n", "seed", "setting", "selection")},
    )
    log.info("%d test examples in %.1f s (%.0f examples/s)", len(test), seconds, len(test) / seconds)


if __name__ == "__main__":
    with stage(snakemake), lease_gpus(1) if snakemake.params.family in NEURAL else nullcontext():
        evaluate_cell(
            family=snakemake.params.family,
            model=snakemake.input.model,
            selected=snakemake.input.selected,
            test=snakemake.input.test,
            threads=snakemake.threads,
            output=snakemake.output[0],
        )
