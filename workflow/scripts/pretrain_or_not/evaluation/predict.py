"""Predict the test split with a cell's selected model, once per cell.

Other stages read the test split too: `compute.extract_features` for probes and, with ``selection: test``, training.
"""

from __future__ import annotations

import time
from pathlib import Path

from pretrain_or_not.arms import family_module
from pretrain_or_not.compute.classifier import Classifier
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.recipe import tokenizer_of
from pretrain_or_not.data.examples import AS_STORED, form_of_tokens, read_split
from pretrain_or_not.data.forms import FORMS
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.model_folder import Origin, complete_folder
from pretrain_or_not.evaluation.predictions import predictions_table
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.paths import MODEL_FILES, PathLike
from pretrain_or_not.files.provenance import digest, versions
from pretrain_or_not.files.run_files import check_model, delete_model
from pretrain_or_not.job import log


def load_classifier(family: str, folder: Path, precision: str) -> Classifier:
    """Return the trained model in a folder as a `Classifier`; raise BadInput if it is not as it was written.

    precision: that of the training run, so that a model is used as it was validated.
    """
    check_model(folder)
    return family_module(family).load(folder, precision)


def read_test(reads, path, subset, run, takes):
    """Read the test examples; return (examples, seconds, FLOPs, truncated).

    The cost is that of computing their features before; truncated: how many are cut, None of texts. Both are known of a
    whole file of features, of which the test examples have their share: with folds, the file holds all rows.

    reads: the form in which the arm reads examples, see `data.forms`. run: content of the run.json. takes: what the
    model can read of tokens. subset: path of the cell's, see `data.examples.read_split`.
    """
    about = {"dataset": run["dataset"]} | ({} if reads == "texts" else {"tokenizer": tokenizer_of(run["recipe"])})
    max_length = run["recipe"].get("max_length", AS_STORED)
    form = form_of_tokens(max_length, takes) if reads == "tokens" else FORMS[reads]
    examples = read_split(path, subset, "test", build=form, **about)
    truncated = examples.about.get("truncated")
    if reads != "features":
        return examples, 0.0, 0, truncated
    encoder = examples.about["inference"]
    share = len(examples) / encoder["examples"]
    return examples, encoder["seconds"] * share, round(encoder["flops"] * share), truncated * share


def evaluate_cell(
    family: str,
    reads: str,
    neural: bool,
    selected: PathLike,
    test: PathLike,
    subset: PathLike,
    threads: int,
    code: str,
    keep: str,
    output: PathLike,
    metric: Metric,
    origin: Origin | None = None,
) -> None:
    """Write the predictions of the test split: id, label, predicted, and one column ``p_<class>`` per class.

    `predicted` is null where a probability is not finite.
    family, neural: see `config.families.Family`. reads: see `read_test`. selected: path of the cell's selected.json.
    test: path of the file with the test split as the arm reads it. subset: path of the cell's. code: digest of the code
    that predicts. keep: see `select_run`; with "none", the weights are deleted once the predictions are written, and
    existing predictions of the same run by the same code are kept. metric: of the experiment. origin: of the model, for
    the files that make its folder complete; None to write none of them.
    """
    choice = read_json(selected)
    run = choice["selected"]
    cell = Path(selected).parent
    folder = cell / ("selected" if keep != "none" else run["setting"])
    if keep == "none" and not (folder / MODEL_FILES[0]).exists() and is_tested(output, run, code):
        log.info("%s already has the predictions of this run, and the weights are deleted: nothing to do", output)
        return
    if neural:
        import torch

        torch.set_num_threads(threads)
    classifier = load_classifier(family, folder, run["precision"])
    examples, seconds_before, flops_before, truncated = read_test(reads, test, subset, run, classifier.takes)
    started = time.perf_counter()
    probabilities, flops = classifier.predict(examples)
    seconds = seconds_before + time.perf_counter() - started
    truncated = getattr(classifier, "truncated", truncated)  # a model that cuts texts itself says how many
    names = examples.about["label_names"]
    write_table(
        output,
        predictions_table(examples.ids, examples.labels, probabilities, names),
        label_names=names,
        unknown_tokens=examples.about.get("unknown_tokens"),
        truncated=truncated,
        folds=read_metadata(subset).get("folds"),
        config_digest=run["config_digest"],
        run=digest(run),
        code=code,
        versions=versions("torch", "transformers", "scikit-learn"),
        inference={
            "seconds": seconds,
            "examples": len(examples),
            "flops": (flops or 0) + flops_before or None,
            "threads": threads,
            "device": classifier.device,
        },
        **{key: run[key] for key in ("dataset", "arm", "size", "n", "seed", "setting", "selection")},
    )
    log.info("%d test examples in %.1f s (%.0f examples/s)", len(examples), seconds, len(examples) / seconds)
    if keep == "none":
        delete_model(folder)
    elif origin:
        complete_folder(folder, choice, reads, examples, probabilities, origin, metric)


def is_tested(predictions, run, code):
    """Return whether a file holds the predictions of this run, made by code of this digest. run: its run.json."""
    try:
        about = read_metadata(predictions)
    except (OSError, BadInput):
        return False
    return (about.get("run"), about.get("code")) == (digest(run), code)
