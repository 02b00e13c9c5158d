"""Cells that start from the same one of several pretrained models count as one seed."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.config.metrics import ACCURACY
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.group_gaps import Cell, pairs_of
from pretrain_or_not.evaluation.seed_variance import half_widths, pool, shapes
from pretrain_or_not.evaluation.shared_models import SharedModels
from pretrain_or_not.evaluation.totals import measured_gaps, measured_scores
from pretrain_or_not.files.parquet import write_table


def table(models, folds=0):
    """Return rows of scores.parquet. models: arm -> seed of pretraining of the cell of each seed."""
    rows = [(arm, seed, own) for arm, seeds in models.items() for seed, own in enumerate(seeds)]
    return pd.DataFrame(rows, columns=["arm", "seed", "pretraining_seed"]).assign(dataset="d", folds=folds)


def test_which_seeds_share_a_model_of_either_arm():
    shared = SharedModels(table({"two": [7, 8, 7, 8], "four": [1, 2, 3, 4], "one": [5] * 4, "none": [None] * 4}))
    assert shared.groups("d", "two") == shared.groups("d", "two", "four") == {0: 0, 1: 1, 2: 0, 3: 1}
    assert shared.groups("d", "four") == {seed: seed for seed in range(4)}
    assert shared.groups("d", "one", "none") == shared.groups("e", "two") == {}
    # Seeds 0 and 2 share a model of the first arm, 0 and 3 one of the second: together, all but 1 are one.
    mixed = SharedModels(table({"two": [0, 1, 0, 3], "three": [0, 1, 2, 0]}))
    assert mixed.groups("d", "two", "three") == {0: 0, 2: 0, 3: 0, 1: 1}


def test_with_folds_a_round_has_one_model():
    assert SharedModels(table({"arm": [0] * 5 + [1] * 5}, folds=5)).groups("d", "arm") == {0: 0, 1: 1}


@pytest.fixture
def experiment(tmp_path):
    """Return (scores, paths): an arm with two models, each with two of the four seeds, and a reference arm."""
    rows, paths = table({"own": [0, 1, 0, 1], "big": [None] * 4}), {}
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
    for curve in (own["d", "own"].curve, measured_gaps(gaps, scores, paths, ACCURACY)["d", "own"].curve):
        assert curve.seeds.tolist() == [2]
        # Errors of 22 and 44 points: 11 from the middle, less what the two differ by from test sampling.
        assert curve.squares == pytest.approx([2 * 11**2 - sampling])
    alike = scores.assign(pretraining_seed=0)
    assert measured_scores(alike, paths, ACCURACY)["d", "own"].curve.seeds.tolist() == [4]


def test_intervals_hold_the_chance_of_pretraining():
    """Two models that differ by 1 point, the same at all four sizes, with two subsets each that differ by 0.7."""
    rng, held, sizes = np.random.default_rng(0), np.zeros(2), range(4)
    shape = shapes(np.full(4, 20.0), ACCURACY)
    for _ in range(500):
        models, subsets = rng.normal(0, 1, (1, 2, 1)), rng.normal(0, 0.7, (4, 2, 2))  # size, model, cells
        cells = models + subsets
        for i, values in enumerate((cells.reshape(4, 4), cells.mean(axis=2))):
            curve = curve_of(((n, np.full(2, value)) for n in sizes for value in values[n]), unit=0.0)
            held[i] += (np.abs(curve.means) <= half_widths(curve, shape, pool([(curve, shape)]))).mean() / 500
    assert held[0] < 0.85 and 0.91 < held[1] < 0.97  # cells as seeds, models as seeds


def test_groups_of_test_examples_count_models_too():
    labels = np.zeros(4, int)
    cells = [Cell(("d", arm, "9", 9, seed), np.arange(4), labels, labels, 2, None) for arm in ("big", "own")
             for seed in range(3)]  # fmt: skip
    (pairs,) = pairs_of(cells, "big", SharedModels(table({"own": [0, 1, 0]}))).values()
    assert pairs.places.tolist() == [[3, 0], [4, 1], [5, 2]]
    gaps = np.array([1.0, 1.0, 1.0, 3.0, 9.0, 5.0])
    assert pairs.differences(gaps).tolist() == [3.0, 8.0]
    assert pairs.differences(np.stack([gaps, gaps])).shape == (2, 2)
