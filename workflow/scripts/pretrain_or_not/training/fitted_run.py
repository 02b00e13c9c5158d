"""One training run of an arm that is fitted in one call: from its examples to the files it leaves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.clock import clock
from pretrain_or_not.compute.memory import process_peak_memory_mb
from pretrain_or_not.compute.temperature import fit_temperature
from pretrain_or_not.data.examples import Takes
from pretrain_or_not.data.forms import FORMS
from pretrain_or_not.files.run_files import save_model, save_run
from pretrain_or_not.job import log
from pretrain_or_not.training.label_facts import label_facts
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.run_data import about_data, read_data


def fit_classifier(build: Callable, run: Run) -> None:
    """Fit what `build` makes to a run's subset and write its files.

    build: of a family's module. run: a `training.run.Run`.
    """
    model = build(run, about_data(run))
    form = None if run.reads == "tokens" else FORMS[run.reads]
    train, validation, length = read_data(run, getattr(model, "takes", Takes()), form)
    before = feature_cost(train) if run.reads == "features" else {}
    fit_and_save(model, train, validation, run, before, length)


def feature_cost(train):
    """Return the cost of the features of the training examples: their share of that of the whole training split."""
    encoder = train.about["inference"]
    share = len(train) / encoder["examples"]
    cost = {key: encoder[key] for key in ("parameters", "parameters_embedding", "device", "precision")}
    times = {key: encoder[key] * share for key in ("seconds", "cpu_seconds")}
    return cost | times | {"training_flops": round(encoder["flops"] * share)}


def fit_and_save(model, train, validation, run, feature_cost, length=None):
    """Fit `model`, a `compute.classifier.Fittable`, to `train` and write the files of a run.

    train, validation: what the model reads, with `labels` and a length. feature_cost: what computing the features of
    `train` took elsewhere (see `before`). length: entries of run.json about the length of texts.
    """
    before = {"seconds": 0.0, "cpu_seconds": 0.0, "training_flops": 0, "parameters": 0, "parameters_embedding": 0,
              "device": "cpu", "precision": "fp32"} | feature_cost  # fmt: skip
    started = clock()
    with threadpool_limits(run.threads):
        model.fit(train)
    fitting, computing = (clock() - started).tolist()
    facts = getattr(model, "facts", {})
    predicted = model.predict(validation)
    score = temperature = None
    if len(validation):
        score = run.measure.score(validation.labels, predicted)
        temperature = fit_temperature(validation.labels, predicted)
    validation_seconds = clock()[0] - started[0] - fitting
    scheme = run.recipe.get("class_weights")  # some families have no such key
    loss = training_loss(model, train, scheme)
    seconds = before["seconds"] + fitting
    seen = facts.get("examples_seen", len(train) * model.iterations)
    log.info("%d weights, %d examples, %d iterations in %.1f s | %.0f examples/s | loss %.4f | validation %s",
             model.parameters, len(train), model.iterations, fitting, seen / seconds, loss,
             f"{score:.4f}" if score is not None else "not finite" if len(validation) else "none")  # fmt: skip
    if not getattr(model, "converged", True):
        log.warning("the fit stopped after %d iterations, before it converged", model.iterations)
    history = [
        {
            "step": model.iterations,
            "examples": seen,
            "loss": loss,
            "validation_score": score,
            "learning_rate": None,
            "seconds": seconds,
        }
    ]
    cost = (
        {
            "steps": model.iterations,
            "converged": getattr(model, "converged", None),
            "feature_seconds": before["seconds"],
            "feature_cpu_seconds": before["cpu_seconds"],
            "examples_seen": seen,
            "seconds": seconds,
            "cpu_seconds": before["cpu_seconds"] + computing,
            "validation_seconds": validation_seconds,
            "examples_per_second": seen / seconds,
            "metric": run.measure.name,
            "validation_score": score,
            "temperature": temperature,
            "validation_examples": len(validation),
            "device": before["device"],
            "precision": before["precision"],
            "threads": run.threads,
            "peak_memory_mb": process_peak_memory_mb(),
            "parameters": before["parameters"] + model.parameters,
            "parameters_trained": model.parameters,
            "parameters_embedding": before["parameters_embedding"],
            "training_flops": before["training_flops"] + model.training_flops,
        }
        | facts
        | (length or {})
    )
    save_model(model, run.outputs["model"], run.outputs["config"])
    cost |= label_facts(train.labels, len(train.about["label_names"]), scheme)
    save_run(history, cost, run.recipe, run.cell | {"n": len(train)}, run.outputs)


def training_loss(model, train, scheme):
    """Return the mean cross-entropy of the training examples in nats; NaN for a model without fitted numbers.

    Such a model, as nearest neighbours, keeps the examples: each would find itself. scheme: how the classes are
    weighted, see `compute.class_weights`.
    """
    if not model.parameters:
        return math.nan
    likelihood = model.predict(train)[np.arange(len(train)), train.labels]
    weights = class_weights(train.labels, len(train.about["label_names"]), scheme)
    surprise = -np.log(likelihood.clip(min=np.finfo(np.float32).tiny))
    return float(np.average(surprise, weights=weights[train.labels]))
