"""Labels that are counted: those of training, or those for validation too."""

import numpy as np
import pandas as pd
import pytest

from pretrain_or_not.evaluation.budget import (
    is_total,
    labels_by_size,
    marked_as,
    total_labels,
    training_labels,
    with_budget,
)

CELLS = [
    # dataset, size, n, validation examples, selection
    ("d", "100", 100, 100, "validation"),
    ("d", "100", 100, 99, "validation"),  # another fold
    ("d", "10pct", 300, 150, "validation"),
    ("e", "100", 100, 40, "validation"),
    ("e", "300", 300, 500, "test"),
]
SUMS = {("d", "100"): 200, ("d", "10pct"): 450, ("e", "100"): 140, ("e", "300"): 300}


@pytest.fixture
def scores():
    return pd.DataFrame(CELLS, columns=["dataset", "size", "n", "validation_examples", "selection"])


def test_labels_are_those_of_training_and_validation_and_none_of_test(scores):
    assert total_labels(scores) == SUMS


def test_a_table_with_the_sums_says_so_and_training_labels_are_found_again(scores):
    counted = with_budget(scores, total_labels(scores))
    assert counted["n"].tolist() == [200, 200, 450, 140, 300] and counted["n"].dtype == np.int64
    assert is_total(counted) and not is_total(scores) and set(counted["budget"]) == {"total"}
    assert training_labels(counted[counted["dataset"] == "d"]) == {200: 100, 450: 300}
    assert training_labels(counted[counted["dataset"] == "e"]) == {140: 100, 300: 300}
    assert training_labels(scores) == {100: 100, 300: 300}
    assert labels_by_size(counted) == {"d": {"100": 200, "10pct": 450}, "e": {"100": 140, "300": 300}}
    assert labels_by_size(scores) == {}


def test_a_table_without_sizes_or_rows_is_left_as_it_is(scores):
    issues = pd.DataFrame({"dataset": ["d"], "text": ["a"]})
    assert with_budget(issues, SUMS) is issues
    assert with_budget(scores[:0], SUMS)["n"].dtype == np.int64
    assert marked_as(scores, issues) is issues
    assert is_total(marked_as(with_budget(scores, SUMS), issues))
