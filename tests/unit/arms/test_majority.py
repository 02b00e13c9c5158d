"""The most frequent class: its probabilities, its run, its saved form."""

import json
import math

import numpy as np

from helpers.training import run_outputs
from pretrain_or_not.arms.majority import MajorityClassifier
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run


def texts(labels):
    examples = Texts.of(["same"] * len(labels))
    examples.labels[:] = labels
    examples.about["label_names"] = ["a", "b", "c", "d"]
    return examples


def test_every_text_gets_the_shares_of_the_classes(tmp_path):
    model = MajorityClassifier({"classes": 4}).fit(texts([2, 2, 0, 2]))
    assert np.array_equal(model.predict(texts([0, 1])), [[0.25, 0, 0.75, 0]] * 2)
    model.save_pretrained(tmp_path)
    assert np.array_equal(MajorityClassifier.from_folder(tmp_path).shares, model.shares)


def test_a_run_has_the_loss_of_guessing(tmp_path):
    run = Run(cell={"seed": 0}, recipe={}, value=None, inputs={}, outputs=run_outputs(tmp_path))
    fit_and_save(MajorityClassifier({"classes": 4}), texts([2, 2, 0, 2]), texts([2, 0]), run, feature_cost={})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["validation_score"] == 0.5 and cost["parameters"] == 2
    guessing = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert math.isclose(cost["lowest_loss"], guessing, rel_tol=1e-6) and math.isclose(cost["guessing_loss"], guessing)
