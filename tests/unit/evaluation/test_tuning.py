"""Expected best score over tries: against all choices of k tries, and what counts as a try."""

import itertools

import numpy as np
import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.tuning import expected_best, tuning_rows


@pytest.mark.parametrize(("metric", "best"), [("accuracy", max), ("log_loss", min)])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_expected_best_is_the_mean_over_all_choices_of_tries(metric, best, n):
    scores = np.random.default_rng(n).normal(size=n).round(1).tolist()
    means = [np.mean([best(chosen) for chosen in itertools.combinations(scores, k)]) for k in range(1, n + 1)]
    np.testing.assert_allclose(expected_best(scores, METRICS[metric]), means, atol=1e-12)


def test_a_run_that_is_not_finite_counts_like_the_worst_other_one():
    def choice(*scores):
        runs = [{"setting": f"lr{i}", "validation_score": score} for i, score in enumerate(scores)]
        return {"selected": runs[0], "beaten": runs[1:]}

    cell = {"dataset": "d", "arm": "a", "size": "9", "n": 9, "seed": 0, "selection": "validation", "accuracy": 0.1}
    rows = tuning_rows(
        [choice(0.9, None, 0.5), choice(None), choice(0.7)],
        [cell, cell | {"seed": 1}, cell | {"seed": 2}],
        METRICS["accuracy"],
    )
    assert [(row["seed"], row["tries"]) for row in rows] == [(0, 1), (0, 2), (0, 3), (2, 1)]
    assert [row["expected_best"] for row in rows] == pytest.approx([1.9 / 3, (0.9 + 0.9 + 0.5) / 3, 0.9, 0.7])
    assert rows[0]["metric"] == "accuracy" and rows[0]["selection"] == "validation"
