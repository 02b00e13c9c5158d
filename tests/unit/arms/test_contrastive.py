"""Contrastive tuning: what it learns, what a run says, that it can be repeated, its saved form."""

import json
import logging

import numpy as np
import pytest
import torch

from helpers.training import run_outputs
from pretrain_or_not.arms import contrastive
from pretrain_or_not.arms.contrastive import ContrastiveClassifier, SentenceNetwork, pairs_to_draw
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.compute.transformer import load_encoder
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run

RECIPE = {"family": "contrastive", "model": "tiny", "pairs_per_example": 4, "max_steps": 100, "batch_size": 8,
          "warmup": 0.1, "head_C": 1.0, "class_weights": None, "precision": "fp32"}  # fmt: skip


@pytest.fixture
def classifier(tiny_bert):
    """Return a function that makes a classifier with the encoder of the tiny BERT."""

    def make(learning_rate=1e-3, classes=2, seed=0, **recipe):
        torch.manual_seed(seed)
        network = SentenceNetwork(load_encoder(str(tiny_bert)), classes)
        return ContrastiveClassifier(network, RECIPE | recipe, learning_rate, seed)

    return make


@pytest.fixture
def examples(make_examples):
    """Return 60 texts; those with an odd first token are of class 1."""
    examples = make_examples(60, classes=2, vocabulary=40, longest=8)
    examples.labels[:] = examples.tokens[examples.offsets[:-1]] % 2
    return examples


def test_a_run_learns_repeats_itself_and_is_saved_as_it_is(classifier, examples, tmp_path):
    probabilities = []
    for name in ("one", "again"):
        (tmp_path / name).mkdir()
        model = classifier(1e-2, pairs_per_example=60, max_steps=60)
        run = Run(cell={"seed": 0}, recipe=model.recipe, value=1e-2, inputs={}, outputs=run_outputs(tmp_path / name))
        fit_and_save(model, examples, examples, run, feature_cost={})
        loaded = contrastive.load(tmp_path / name, "fp32")
        probabilities.append(loaded.predict(examples)[0])
        assert np.array_equal(model.predict(examples), probabilities[-1])
    assert np.array_equal(*probabilities)
    cost = json.loads((tmp_path / "one" / "run.json").read_text())
    assert cost["validation_score"] >= 0.9  # guessing: below 0.6
    # 60 steps of 8 pairs, and the embeddings of 60 texts.
    assert cost["steps"] == 60 and cost["examples_seen"] == 60 * 8 * 2 + 60
    assert cost["parameters"] == cost["parameters_trained"] == sum(p.numel() for p in model.network.parameters())
    assert cost["training_flops"] > 0 and cost["precision"] == "fp32"
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    assert config["family"] == "contrastive" and config["encoder"]["model_type"] == "bert"


def test_the_number_of_steps_is_bounded(caplog):
    assert pairs_to_draw(RECIPE, 30) == 120
    with caplog.at_level(logging.INFO):
        assert pairs_to_draw(RECIPE, 10_000) == 800
    assert "800 of 40000 pairs are drawn, which take the 100 steps of max_steps" in caplog.text


def test_one_class_gives_no_pairs_and_is_always_predicted(classifier, examples, caplog):
    examples.labels[:] = 1
    with caplog.at_level(logging.WARNING):
        model = classifier(classes=3).fit(examples)
    assert "one class only: there are no pairs" in caplog.text and model.iterations == 0
    assert (model.predict(examples) == [0, 1, 0]).all()
    assert model.training_flops == work_of(examples).flops(model.flops.forward)


def work_of(examples):
    """Return the Work of one batch of all examples."""
    work = Work()
    work.add(len(examples), int(examples.lengths.max()))
    return work


def test_embeddings_that_are_not_finite_predict_nothing(classifier, examples, caplog):
    model = classifier(pairs_per_example=1)
    torch.nn.init.constant_(next(model.network.encoder.parameters()), torch.nan)
    with caplog.at_level(logging.WARNING):
        model.fit(examples)
    assert "embeddings are not finite" in caplog.text
    assert np.isnan(model.predict(examples)).all()
