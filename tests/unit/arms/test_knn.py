"""Nearest neighbours against scikit-learn's, in chunks, and their saved form."""

import json
import logging

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from helpers.training import run_outputs
from pretrain_or_not.arms import knn
from pretrain_or_not.arms.knn import NeighboursClassifier
from pretrain_or_not.data.features import Features
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run


def clusters(n, classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    matrix = rng.normal(size=(n, 6)) + 1.5 * np.eye(6)[labels]
    return Features(np.arange(n), labels, matrix.astype(np.float32), {"label_names": list("abcd")[:classes]})


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize(("neighbours", "classes"), [(1, 2), (7, 4)])
def test_against_scikit_learn(tmp_path, monkeypatch, neighbours, classes, weights):
    train, test = clusters(150, classes, 0), clusters(80, classes, 1)
    monkeypatch.setattr(knn, "SIMILARITIES", 30 * 150)  # three chunks
    model = NeighboursClassifier(
        {"neighbours": neighbours, "weights": weights, "class_weights": None, "classes": classes}
    ).fit(train)
    peer = KNeighborsClassifier(neighbours, weights=weights, metric="cosine").fit(train.matrix, train.labels)
    np.testing.assert_allclose(model.predict(test), peer.predict_proba(test.matrix), atol=1e-4)
    model.save_pretrained(tmp_path)
    assert np.array_equal(NeighboursClassifier.from_folder(tmp_path).predict(test), model.predict(test))


def test_fewer_examples_than_neighbours_all_vote_and_this_is_said(caplog):
    train = clusters(4, 2, 0)
    train.labels[:] = [0, 0, 0, 2]
    with caplog.at_level(logging.WARNING):
        model = NeighboursClassifier({"neighbours": 9, "weights": "uniform", "class_weights": None, "classes": 3}).fit(
            train
        )
    assert "9 neighbours are asked for, and there are 4 training examples: all of them vote" in caplog.text
    assert np.array_equal(model.predict(clusters(5, 2, 1)), [[0.75, 0, 0.25]] * 5)


def test_a_text_like_a_training_text_gets_its_class():
    train = clusters(50, 4, 0)
    model = NeighboursClassifier({"neighbours": 20, "weights": "distance", "class_weights": None, "classes": 4}).fit(
        train
    )
    scaled = Features(train.ids, train.labels, 3 * train.matrix, train.about)
    assert np.array_equal(model.predict(scaled).argmax(axis=1), train.labels)


def test_a_run_has_no_training_loss_and_no_fitted_weights(tmp_path):
    model = NeighboursClassifier({"neighbours": 3, "weights": "distance", "class_weights": None, "classes": 2})
    run = Run(cell={"seed": 0}, recipe={}, value=3.0, inputs={}, outputs=run_outputs(tmp_path))
    fit_and_save(model, clusters(60, 2, 0), clusters(30, 2, 1), run, feature_cost={"parameters": 1000})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["parameters"] == 1000 and cost["parameters_trained"] == 0 and cost["lowest_loss"] is None


def test_balanced_classes_have_equal_votes_in_total():
    train = clusters(40, 2, 0)
    train.labels[:] = [0] * 30 + [1] * 10
    config = {"neighbours": 40, "weights": "uniform", "class_weights": "balanced", "classes": 2}
    np.testing.assert_allclose(NeighboursClassifier(config).fit(train).predict(clusters(3, 2, 1)), 0.5, rtol=1e-6)
