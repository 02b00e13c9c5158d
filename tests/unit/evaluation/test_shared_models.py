"""Cells that start from the same one of several pretrained models count as one seed."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.curves import Curve, curve_of, weighted_curve
from pretrain_or_not.evaluation.efficiency import mean_over_labels
from pretrain_or_not.evaluation.group_gaps import Cell, pairs_of
from pretrain_or_not.evaluation.seed_variance import (
    SeedVariance,
    pool,
    pool_by_arm,
    seed_covariance,
    seed_errors,
    shapes,
)
from pretrain_or_not.evaluation.shared_models import SharedModels
from pretrain_or_not.evaluation.totals import Measured, measured_gaps, measured_scores
from pretrain_or_not.files.parquet import write_table


def table(models, folds=0):
    """Return rows of scores.parquet. models: arm -> what the cell of each seed starts from."""
    rows = [(arm, seed, own) for arm, seeds in models.items() for seed, own in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["arm", "seed", "pretraining_models"]).assign(dataset="d", folds=folds)


def test_which_seeds_share_a_model_of_either_arm():
    shared = SharedModels(table({"two": list("abab"), "four": list("cdef"), "one": ["a"] * 4, "none": [None] * 4}))
    assert shared.groups("d", "two") == shared.groups("d", "two", "four") == {0: 0, 1: 1, 2: 0, 3: 1}
    assert shared.groups("d", "four") == {seed: seed for seed in range(4)}
    assert shared.groups("d", "one", "none") == shared.groups("e", "two") == {}
    # Seeds 0 and 2 share a model of the first arm, 0 and 3 one of the second: together, all but 1 are one.
    mixed = SharedModels(table({"two": list("abac"), "three": list("defd")}))
    assert mixed.groups("d", "two", "three") == {0: 0, 2: 0, 3: 0, 1: 1}


def test_with_folds_a_round_has_one_model():
    assert SharedModels(table({"arm": ["a"] * 5 + ["b"] * 5}, folds=5)).groups("d", "arm") == {0: 0, 1: 1}


@pytest.fixture
def experiment(tmp_path):
    """Return (scores, paths): an arm with two models, each with two of the four seeds, and a reference arm."""
    rows, paths = table({"own": list("abab"), "big": [None] * 4}), {}
    scores = []
    for row in rows.to_dict("records"):
        wrong = np.arange(100) < (10 if row["arm"] == "big" else (20, 40, 24, 48)[row["seed"]])
        p = wrong.astype(np.float32)
        path = paths["d", row["arm"], 100, row["seed"]] = tmp_path / f"{row['arm']}{row['seed']}.parquet"
        write_table(
            path, pa.table({"id": np.arange(100), "label": np.zeros(100, np.int32), "p_a": 1 - p, "p_b": p}),
            label_names=["a", "b"], arm=row["arm"],
        )  # fmt: skip
        scores.append(row | {"n": 100, "family": row["arm"], "accuracy": 1 - wrong.mean(), "accuracy_low": 0.6,
                             "accuracy_high": 1.0, "accuracy_guessing": 0.5, "predicted_classes": 2.0})  # fmt: skip
    return pd.DataFrame(scores), paths


def test_the_means_of_models_are_what_differs(experiment):
    scores, paths = experiment
    own = measured_scores(scores, paths, ACCURACY)
    assert own["d", "big"].curve.seeds.tolist() == [4] and own["d", "own"].curve.seeds.tolist() == [2]
    gaps = scores[scores["arm"] == "own"].assign(reference="big")
    first, second = ((np.arange(100) < a).astype(float) + (np.arange(100) < b) for a, b in ((20, 24), (40, 48)))
    sampling = np.var(50 * (first - second), ddof=1) / 2 / 100
    assert own["d", "own"].curve.repeats.tolist() == [4] and own["d", "own"].curve.lasting
    for curve in (own["d", "own"].curve, measured_gaps(gaps, scores, paths, ACCURACY)["d", "own"].curve):
        assert curve.seeds.tolist() == [2]
        # Errors of 22 and 44 points: 11 from the middle, less what the two differ by from test sampling.
        assert curve.squares == pytest.approx([2 * 11**2 - sampling])
    alike = scores.assign(pretraining_models="a")
    assert measured_scores(alike, paths, ACCURACY)["d", "own"].curve.seeds.tolist() == [4]


def test_a_mean_is_that_of_the_cells_whatever_models_they_share():
    rng = np.random.default_rng(0)
    cells = rng.normal(0, 10, (3, 200))
    curve = weighted_curve([(100, 2, cells[:2].mean(axis=0)), (100, 1, cells[2])], 100.0)
    assert curve.means == pytest.approx([cells.mean()]) and curve.seeds == pytest.approx([1.8])
    # Without any effect of models, the sum of squares is that of test sampling alone, which is taken off.
    squares = [weighted_curve([(1, 2, rng.normal(0, 5, 400)), (1, 1, rng.normal(0, 7, 400))], 1.0).squares[0]
               for _ in range(2000)]  # fmt: skip
    assert np.mean(squares) == pytest.approx(0, abs=0.01)
    # With one, its expectation is (s - 1) times the variance, where s are the equal seeds that they count as.
    effects = rng.normal(0, 1, (4000, 2))
    squares = [weighted_curve([(1, 2, np.full(2, a)), (1, 1, np.full(2, b))], 0.0).squares[0] for a, b in effects]
    assert np.mean(squares) == pytest.approx(0.8, rel=0.05)


def test_intervals_hold_the_chance_of_pretraining():
    """Two models that differ by 1 point, the same at all four sizes, with two subsets each that differ by 0.7."""
    rng, held, sizes = np.random.default_rng(0), np.zeros(3), np.array([100, 300, 1000, 3000])
    shape = shapes(np.full(4, 20.0), ACCURACY)
    for _ in range(500):
        models, subsets = rng.normal(0, 1, (1, 2, 1)), rng.normal(0, 0.7, (4, 2, 2))  # size, model, cells
        cells = models + subsets
        for i, values in enumerate((cells.reshape(4, 4), cells.mean(axis=2))):
            curve = curve_of(((n, np.full(100, v)) for n, of in zip(sizes, values, strict=True) for v in of), unit=0.0)
            curve = curve._replace(lasting=i == 1)
            measured = Measured(curve, shape, pool([(curve, shape)]))
            held[i] += (np.abs(curve.means) <= measured.half_widths()).mean() / 500
        mean, half = mean_over_labels(measured)
        held[2] += (abs(mean) <= half) / 500
    assert held[0] < 0.85  # each cell as a seed
    assert held[1:].min() > 0.95  # each model as a seed: at single sizes, over all sizes


def test_what_a_model_adds_is_partly_the_same_at_all_sizes():
    curve = Curve(np.array([1, 2]), np.array([2, 2]), np.zeros((2, 100)), np.array([8.0, 2.0]), 0.0)
    shape, rng = np.array([4.0, 1.0]), np.random.default_rng(0)
    lasting = curve._replace(lasting=True)
    assert seed_covariance(curve, shape).tolist() == [[2, 0], [0, 0.5]]
    assert seed_covariance(lasting, shape) == pytest.approx(np.array([[2, 0.5], [0.5, 0.5]]))  # correlation ½
    assert pool([(curve, shape)]) == (2 + 2 + 2, 2 + 2) and pool([(lasting, shape)]) == (2 + 2, 1 + 2)
    known = SeedVariance(1e6, 10**6)
    for own in (curve, lasting):
        drawn = seed_errors(own, shape, known, 100_000, rng)
        assert np.cov(drawn.T) == pytest.approx(seed_covariance(own, shape), abs=0.03)


def test_arms_with_several_models_do_not_learn_from_those_without():
    quiet = (Curve(np.array([1]), np.array([9]), np.zeros((1, 2)), np.zeros(1), 0.0), np.ones(1))
    lasting = (quiet[0]._replace(lasting=True), np.ones(1))
    known = pool_by_arm({"a": quiet, "b": quiet, "models": lasting})
    assert known["models"] == (2, 10) and known["a"] == known["b"] and known["a"].centre < 0.1
    assert pool_by_arm({"one": lasting, "models": lasting})["models"].centre < 0.1


def test_groups_of_test_examples_count_models_too():
    labels = np.zeros(4, int)
    cells = [Cell(("d", arm, "9", 9, seed), np.arange(4), labels, labels, 2, None) for arm in ("big", "own")
             for seed in range(3)]  # fmt: skip
    (pairs,) = pairs_of(cells, "big", SharedModels(table({"own": list("aba")}))).values()
    assert pairs.places.tolist() == [[3, 0], [4, 1], [5, 2]]
    gaps = np.array([1.0, 1.0, 1.0, 3.0, 9.0, 5.0])
    assert pairs.differences(gaps).tolist() == [3.0, 8.0] and pairs.shares.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert pairs.seeds == pytest.approx(1.8) and pairs.lasting
    assert pairs.differences(np.stack([gaps, gaps])).shape == (2, 2)
