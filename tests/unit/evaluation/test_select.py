"""What selected.json says of all runs of a cell together."""

import pytest

from pretrain_or_not.evaluation.select import sweep_time


def test_features_that_runs_share_count_once():
    runs = [
        {"seconds": 12.0, "cpu_seconds": 11.0, "feature_seconds": 10.0, "feature_cpu_seconds": 9.5},
        {"seconds": 13.0, "cpu_seconds": 12.0, "feature_seconds": 10.0, "feature_cpu_seconds": 9.5},
    ]
    assert sweep_time(runs, "seconds") == pytest.approx(15.0)
    assert sweep_time(runs, "cpu_seconds") == pytest.approx(13.5)


def test_time_that_a_run_lacks_is_not_summed():
    """With several processes, a run has no time of its own."""
    runs = [{"seconds": 2.0, "cpu_seconds": 1.0}, {"seconds": 3.0, "cpu_seconds": None}]
    assert sweep_time(runs, "seconds") == 5.0
    assert sweep_time(runs, "cpu_seconds") is None
