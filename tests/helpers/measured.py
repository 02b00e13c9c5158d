"""Plant learning curves of several arms, as `evaluation.totals` measures them."""

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.seed_variance import pool_by_arm, shapes
from pretrain_or_not.evaluation.totals import Measured

TITLES = {"bert": "BERT", "lstm": "LSTM_1", "tfidf": "TF-IDF"}


def arms(errors, sizes, examples=4000, seeds=2, noise=0.0, rng=None):
    """Return (scores, curves, gaps) of arms with planted errors; the first arm is the reference.

    errors: arm -> function of sizes that returns error rates. sizes: for all arms, or arm -> sizes. noise: relative
    standard deviation of the error of a seed. Half of the test examples are as hard for all. scores: rows of
    scores.parquet. curves, gaps: (dataset, arm) -> Measured.
    """
    rng = rng or np.random.default_rng(0)
    hardness, right, rows = rng.random(examples), {}, []
    for arm, error in errors.items():
        for n in sizes[arm] if isinstance(sizes, dict) else sizes:
            for seed in range(seeds):
                rate = min(error(n) * np.exp(rng.normal(0, noise)), 1.0)
                correct = np.where(rng.random(examples) < 0.5, hardness, rng.random(examples)) > rate
                right[arm, n, seed] = correct.astype(float)
                score, near = correct.mean(), 0.01
                rows.append({"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": TITLES[arm], "n": n,
                             "seed": seed, "family": arm, "accuracy": score, "accuracy_low": score - near,
                             "accuracy_high": score + near, "accuracy_guessing": 0.5, "predicted_classes": 2.0,
                             "folds": 0, "metric": "accuracy", "selection": "validation",
                             "pretraining_models": None})  # fmt: skip
    reference = next(iter(errors))
    curves = {arm: curve_of((n, 100 * v) for (of, n, _), v in right.items() if of == arm) for arm in errors}
    behind = {
        arm: curve_of(
            (n, 100 * (right[reference, n, seed] - v))
            for (of, n, seed), v in right.items()
            if of == arm and (reference, n, seed) in right
        )
        for arm in list(errors)[1:]
    }
    shape = {arm: shapes(100 - curve.means, ACCURACY) for arm, curve in curves.items()}
    of_gap = {arm: shape[reference][np.isin(curves[reference].sizes, curve.sizes)] for arm, curve in behind.items()}
    known = pool_by_arm({arm: (curve, shape[arm]) for arm, curve in curves.items()})
    known_gaps = pool_by_arm({arm: (curve, of_gap[arm]) for arm, curve in behind.items()})
    return (
        pd.DataFrame(rows),
        {("d", arm): Measured(curve, shape[arm], known[arm]) for arm, curve in curves.items()},
        {("d", arm): Measured(curve, of_gap[arm], known_gaps[arm]) for arm, curve in behind.items()},
    )
