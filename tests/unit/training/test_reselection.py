"""Examples that are selected again: the critic, what it selects, what it is compared with, and what stays as it was."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import load_file

from helpers.plan import cell, make_catalogue
from helpers.training import RECIPE, no_checkpoints, run_outputs, train, write_tokens
from pretrain_or_not.arms.bag import build_bag
from pretrain_or_not.compute.metrics import ACCURACY
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.data.part import part_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.forecast.work import planned_work
from pretrain_or_not.plan.code import training_code
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.training.classification import fit
from pretrain_or_not.training.critic import FEATURES, Critic, chosen, features_of, mean_rarity, standardized
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.reselection import Reselection, halves
from pretrain_or_not.training.run import Run

KEYS = {"steps": 120, "candidates": 64, "batch": 16, "learning_rate": 1e-3, "epsilon": 0.1, "choose": "critic"}


# The critic


def test_the_critic_finds_a_planted_linear_utility():
    """The gain of a step is the mean of w · s over its examples, with noise as large."""
    random, critic = np.random.default_rng(0), Critic()
    truth = np.array([0.5, -2.0, 1.0, 0.0, -1.0, 0.3])
    for _ in range(300):
        features = random.normal(size=(16, 6))
        critic.learn(features, 3.0 + features.mean(axis=0) @ truth + random.normal(0, np.linalg.norm(truth) / 4))
    assert np.corrcoef(critic.weights, truth)[0, 1] > 0.95
    others = random.normal(size=(1000, 6))
    gains = others @ truth
    best = gains[chosen(critic.values(others), 100, 0.0, random)]
    assert best.mean() > gains.mean() + gains.std()


def test_the_critic_is_a_ridge_regression():
    random, critic = np.random.default_rng(1), Critic()
    features, rewards = random.normal(size=(40, 5, 6)), random.normal(size=40)
    for step, reward in zip(features, rewards, strict=True):
        critic.learn(step, reward)
    design = np.column_stack([features.mean(axis=1), np.ones(40)])
    expected = np.linalg.solve(design.T @ design + np.eye(7), design.T @ rewards)
    np.testing.assert_allclose(critic.weights, expected[:-1])
    other = Critic()
    other.restore(json.loads(json.dumps(critic.state())))
    assert np.array_equal(other.weights, critic.weights)


def test_features_are_as_by_hand():
    logarithms = np.log([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]])
    found = features_of(logarithms, np.array([1, 1]), np.array([4, 9]), np.array([2.0, 3.0]), np.array([0, 7]))
    entropy = -(0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1))
    expected = [[4, -np.log(0.2), 0.5, entropy, 2, 0], [9, -np.log(0.5), 0.25, 1.5 * np.log(2), 3, 7]]
    np.testing.assert_allclose(found, expected)
    scaled = standardized(np.column_stack([[1.0, 3.0], [5.0, 5.0]]))
    assert scaled.tolist() == [[-1, 0], [1, 0]]


def test_the_rarity_of_a_text_is_the_mean_of_that_of_its_tokens():
    examples = Examples(np.arange(2), np.zeros(2, int), np.array([3, 3, 3, 5], np.uint16), np.array([0, 2, 4]), {})
    np.testing.assert_allclose(mean_rarity(examples), [-np.log(0.75), (-np.log(0.75) - np.log(0.25)) / 2])


def test_places_are_given_by_value_or_at_random():
    values, random = np.array([0.0, 5.0, 5.0, 1.0, 9.0]), np.random.default_rng(0)
    assert chosen(values, 3, 0.0, random).tolist() == [1, 2, 4]
    assert chosen(values, 2, 0.0, random).tolist() == [1, 4]  # the earliest of equals
    drawn = np.array([chosen(values, 2, 1.0, random) for _ in range(4000)])
    assert (drawn[:, 0] != drawn[:, 1]).all()
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 8000, 0.2, atol=0.02)


# What is selected


def texts(n, seed, flipped=0.0):
    """Return examples whose words hint at one of two classes, and which of them have the wrong label."""
    random = np.random.default_rng(seed)
    labels, lengths = random.integers(0, 2, n), random.integers(5, 15, n)
    of_class = np.repeat(labels, lengths)
    hints, others = 1 + 20 * of_class + random.integers(0, 20, len(of_class)), random.integers(41, 100, len(of_class))
    tokens = np.where(random.random(len(of_class)) < 0.3, hints, others).astype(np.uint16)
    wrong = random.random(n) < flipped
    about = {"padding_id": 0, "vocabulary": 100, "label_names": ["a", "b"], "unknown_tokens": 0.0}
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Examples(np.arange(n), np.where(wrong, 1 - labels, labels), tokens, offsets, about), wrong


class Turned(Reselection):
    """Rewards of the wrong sign."""

    def reward(self, before, now):
        return now - before


@cache
def second_phase(kind=Reselection, **keys):
    """Return the task of a second phase after 120 steps, and which training examples have the wrong label: a fifth."""
    torch.manual_seed(0)
    train, wrong = texts(600, 0, 0.2)
    validation, rewards = texts(200, 1)[0], texts(256, 2)[0]
    recipe = RECIPE | {"reselect": KEYS | keys, "epochs": 4, "schedule": "constant", "warmup": 0.0}
    model = build_bag({"embedding_size": 16, "dropout": 0.0}, train.about)
    fit(model, train, validation, recipe, 3e-3, 0, no_checkpoints())
    task = kind(train, validation, rewards, recipe, 0, ACCURACY)
    run_task(model, task, recipe, recipe["reselect"]["learning_rate"], 0, no_checkpoints())
    return task, wrong


def rows_of(task, start=0):
    """Return the rows that were selected from a step on."""
    return np.concatenate([step["rows"] for step in task.trace[start:]])


def test_wrong_labels_are_avoided_and_sought_with_the_sign_of_the_reward_turned():
    found = {}
    for kind in (Reselection, Turned):
        task, wrong = second_phase(kind)
        found[kind] = wrong[rows_of(task, 40)].mean()
        assert np.sign(task.critic.weights[FEATURES.index("loss")]) == (-1 if kind is Reselection else 1)
    assert found[Reselection] < 0.12 and found[Turned] > 0.35


def test_the_baselines_rank_by_the_loss_or_not_at_all():
    share = {}
    for choose in ("uniform", "highest_loss", "lowest_loss"):
        task, wrong = second_phase(choose=choose)
        share[choose] = wrong[rows_of(task)].mean()
        assert len(task.trace) == 120 and all(len(step["rows"]) == 16 for step in task.trace)
        assert not task.critic.weights.any() and task.selected(0, 120)["reward"] is None
        assert task.asked.examples == 120 * (16 if choose == "uniform" else 64)  # no rewards are paid for
    assert share["lowest_loss"] < 0.1 < 0.15 < share["uniform"] < 0.25 < 0.5 < share["highest_loss"]


def test_the_critic_at_epsilon_1_selects_as_uniform_does():
    """Both draw each row with the same chance: neither their counts nor their mean features tell them apart."""
    tasks = [second_phase(epsilon=1.0)[0], second_phase(choose="uniform")[0]]
    for task in tasks:
        counts = np.bincount(rows_of(task), minlength=600)
        chi_squared = ((counts - 3.2) ** 2 / 3.2).sum()  # 120 · 16 draws of 600 rows, 599 degrees of freedom
        assert 450 < chi_squared < 750
    losses = [np.array([step["features"][FEATURES.index("loss")] for step in task.trace]) for task in tasks]
    losses = [loss.reshape(-1, 20).mean(axis=1) for loss in losses]  # successive steps are alike
    error = np.sqrt(sum(loss.var() / len(loss) for loss in losses))
    assert abs(losses[0].mean() - losses[1].mean()) < 3 * error


def test_what_was_selected_is_told(tmp_path):
    task, _ = second_phase()
    found = task.selected(100, 120)
    assert found["selected_class_a"] + found["selected_class_b"] == pytest.approx(1)
    labels = task.train.labels[rows_of(task, 100)]
    assert found["selected_class_b"] == pytest.approx(labels.mean())
    assert found["selected_length"] == pytest.approx(task.train.lengths[rows_of(task, 100)].mean())
    assert task.asked.examples == 120 * (64 + 256)


# Runs


@pytest.fixture
def run(tmp_path):
    """Return a function of a recipe's keys that does a run on training and validation data: there are no test data."""
    data = {"train": texts(120, 0)[0], "validation": texts(61, 1)[0]}
    for name, examples in data.items():
        write_tokens(tmp_path / f"{name}.parquet", examples)
    subset = {"id": data["train"].ids, "row": np.arange(120)}
    write_table(tmp_path / "subset.parquet", pa.table(subset), dataset="toy")

    def do(name, recipe, validation=None):
        inputs = {split: str(tmp_path / f"{split}.parquet") for split in ("train", "validation", "subset")}
        if validation is not None:
            inputs["validation"] = str(tmp_path / name / "validation.parquet")
            (tmp_path / name).mkdir()
            write_tokens(tmp_path / name / "validation.parquet", validation)
        place = {"dataset": "toy", "arm": "arm", "size": "120", "seed": 0, "setting": "lr0.01"}
        (tmp_path / name).mkdir(exist_ok=True)
        outputs = run_outputs(tmp_path / name)
        recipe = RECIPE | {"family": "bag", "dropout": 0.1, "epochs": 1} | recipe
        train(Run(place | {"selection": "validation"}, recipe, 1e-2, inputs, outputs))
        return tmp_path / name

    return do


def test_without_steps_it_is_the_plain_arm_that_validates_on_half(run):
    """Two runs that differ in the second half of the validation data are the same, bit for bit."""
    examples = texts(61, 1)[0]
    none = run("none", {"reselect": KEYS | {"steps": 0}})
    plain = run("plain", {}, part_of(examples, np.arange(0, 61, 2)))
    one, other = (load_file(folder / "model.safetensors") for folder in (none, plain))
    assert all(np.array_equal(one[name], other[name]) for name in other)
    history = [pd.read_parquet(folder / "history.parquet").drop(columns="seconds") for folder in (none, plain)]
    pd.testing.assert_frame_equal(*history, check_exact=True)
    costs = [json.loads((folder / "run.json").read_text()) for folder in (none, plain)]
    assert costs[0]["validation_examples"] == 61 and costs[1]["validation_examples"] == 31
    assert costs[0]["training_flops"] == costs[1]["training_flops"]
    told = {"validated_on": 31, "rewarded_on": 30, "steps": 0, "score_before": costs[1]["validation_score"]}
    assert costs[0]["reselection"] == told


def test_a_run_tells_both_phases(run):
    keys = KEYS | {"steps": 12, "candidates": 20, "batch": 8, "learning_rate": 1e-2}
    folder, before = run("again", {"reselect": keys}), run("none", {"reselect": KEYS | {"steps": 0}})
    cost, first = (json.loads((f / "run.json").read_text()) for f in (folder, before))
    told = cost["reselection"]
    assert cost["steps"] == first["steps"] + 12 and cost["examples_seen"] == first["examples_seen"] + 12 * 8
    assert cost["validation_score"] == max(told["score_before"], told["score_after"])
    assert told["better"] == (told["score_after"] > told["score_before"])
    assert cost["training_flops"] > first["training_flops"] + told["forward_flops"] > first["training_flops"]
    assert set(told["critic"]) == set(FEATURES)
    history = pd.read_parquet(folder / "history.parquet")
    assert history["step"].tolist() == [*(round(first["steps"] * i / 3) for i in (1, 2, 3)), 19, 23, 27]
    assert history["selected_loss"].isna().tolist() == [True] * 3 + [False] * 3
    assert history["reward"][3:].notna().all()
    np.testing.assert_allclose(history[["selected_class_a", "selected_class_b"]][3:].sum(axis=1), 1)


def test_worse_weights_are_not_kept(run):
    keys = KEYS | {"steps": 12, "learning_rate": 3.0, "choose": "highest_loss"}
    folder, before = (run(str(n), {"epochs": 20, "reselect": keys | {"steps": n}}) for n in (12, 0))
    cost, first = (json.loads((f / "run.json").read_text()) for f in (folder, before))
    assert not cost["reselection"]["better"] and cost["best_step"] == first["best_step"]
    one, other = (load_file(f / "model.safetensors") for f in (folder, before))
    assert all(np.array_equal(one[name], other[name]) for name in other)


def test_the_halves_share_nothing(capsys):
    examples = texts(601, 3)[0]
    halves(part_of(examples, np.arange(32)), "arm")
    assert capsys.readouterr().err == ""
    halves(part_of(examples, np.arange(31)), "arm")
    assert "arms: arm: reselect: 15 validation examples give rewards and 16 validate" in capsys.readouterr().err
    selection, rewards = halves(examples, "arm")
    assert len(selection) == 301 and len(rewards) == 256 and not set(selection.ids) & set(rewards.ids)
    one = part_of(examples, np.array([7]))
    with pytest.raises(
        BadInput, match=r"arms: again: reselect: the validation data are halved, and there is 1 example"
    ):
        halves(one, "again")


# Plans


def test_the_code_of_it_makes_no_other_arm_run_again():
    family, metric = FAMILIES["lstm"], make_catalogue().metric
    plain = training_code(family, metric, {"reselect": None})
    assert plain == training_code(family, metric, {}) != training_code(family, metric, {"reselect": KEYS})
    plain = JobParams(make_catalogue()).recipe(cell("lstm"))
    again = JobParams(make_catalogue(arms={"lstm": {"reselect": {}}})).recipe(cell("lstm"))
    assert set(again) - set(plain) == {"reselect"}


def test_its_work_is_foretold():
    arm = {"batch_size": 8, "epochs": 1, "min_steps": 0, "validations": 2, "reselect": None}
    plain = planned_work(FAMILIES["lstm"], arm, 80, None)
    again = planned_work(FAMILIES["lstm"], arm | {"reselect": KEYS}, 80, None)
    assert (plain.steps, plain.examples, plain.validations) == (10, 80, 2)
    assert (again.steps, again.validations) == (130, 4)
    assert again.examples == 80 + 120 * (16 + (64 + 40) / 3)
    uniform = planned_work(FAMILIES["lstm"], arm | {"reselect": KEYS | {"choose": "uniform"}}, 80, None)
    assert uniform.examples == 80 + round(120 * (16 + 16 / 3))
