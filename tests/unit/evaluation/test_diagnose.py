"""What went wrong in a cell is found from its row of scores.parquet."""

import pandas as pd
import pytest

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.diagnose import diagnoses
from pretrain_or_not.evaluation.guessing import guessing_sizes, is_guessing

GOOD = {"dataset": "d", "arm": "lstm", "arm_title": "LSTM", "family": "lstm", "n": 100, "seed": 0,
        "setting": "lr0.1", "status": "ok",
        "accuracy": 0.9, "accuracy_low": 0.85, "accuracy_guessing": 0.5, "metric": "accuracy",
        "accuracy_high": 0.95, "predicted_classes": 2, "never_predicted": 0, "best_step": 50,
        "steps": 100, "validations": 4, "lowest_loss": 0.2, "guessing_loss": 0.69, "sweep_edge": None,
        "unknown_tokens": 0.0, "truncated": 0.0, "classes": 2, "subset_classes": 2, "converged": None,
        "folds": 0, "schedule": "constant", "device": "cpu", "seconds": 60.0, "cpu_seconds": 58.0,
        "sweep_seconds": 180.0, "sweep_cpu_seconds": 174.0, "never_predicted_names": None,
        "pretraining_learnt": None}  # fmt: skip


def frame(*changes):
    """Return cells that are good but for the changes, as read from scores.parquet: numbers that may lack are floats."""
    table = pd.DataFrame([GOOD | {"seed": i} | change for i, change in enumerate(changes)])
    return table.astype(
        {
            "predicted_classes": float,
            "never_predicted": float,
            "best_step": float,
            "accuracy": float,
            "accuracy_low": float,
        }
    )


NOT_FINITE = {"status": "not finite", "accuracy": None, "accuracy_low": None, "predicted_classes": None,
              "best_step": None, "lowest_loss": None}  # fmt: skip
CASES = [
    ({}, []),
    (NOT_FINITE, ["not finite"]),
    ({"predicted_classes": 1}, ["one class"]),
    ({"predicted_classes": 1, "accuracy_low": 0.0, "lowest_loss": 0.69, "family": "majority"}, []),
    ({"predicted_classes": 1, "accuracy_low": 0.6}, ["one class"]),
    ({"classes": 3, "subset_classes": 3, "never_predicted": 1}, ["never predicted"]),
    ({"classes": 3, "subset_classes": 3}, []),  # it has no test example
    ({"classes": 3, "subset_classes": 3, "never_predicted": 1, "folds": 5}, []),
    ({"accuracy_low": 0.5}, ["guessing"]),
    ({"accuracy_low": 0.0}, ["guessing"]),
    ({"accuracy_low": 0.4, "lowest_loss": 0.70}, ["guessing", "loss"]),
    ({"lowest_loss": 0.70}, []),  # it learns all the same
    ({"best_step": 100}, ["last step"]),
    ({"best_step": 100, "schedule": "linear"}, []),  # the rate ends at 0
    ({"best_step": 100, "validations": 1}, []),  # there was no choice
    ({"best_step": None, "validations": 1}, []),  # fitted in one call
    ({"converged": True}, []),
    ({"converged": False}, ["not converged"]),
    ({"pretraining_learnt": "frequencies"}, ["pretraining"]),
    ({"pretraining_learnt": "by heart"}, ["by heart"]),
    ({"cpu_seconds": 53.0}, ["busy"]),
    ({"sweep_cpu_seconds": 160.0}, ["busy"]),  # another run of the sweep
    ({"sweep_cpu_seconds": None}, []),
    ({"cpu_seconds": 53.0, "device": "cuda"}, []),  # there, the CPU waits
    ({"cpu_seconds": None}, []),  # trained by an earlier version
    ({"cpu_seconds": 0.5, "seconds": 0.9}, []),  # too short to tell
    ({"sweep_edge": "lowest"}, ["lowest"]),
    ({"unknown_tokens": 0.06}, ["unknown"]),
    ({"truncated": 0.06}, ["truncated"]),
    ({"truncated": None}, []),  # it reads complete texts
    ({"subset_classes": 1}, ["subset"]),
    # A subset of one class has a loss of guessing of 0, which no training can beat.
    ({"subset_classes": 1, "accuracy_low": 0.4, "guessing_loss": 0.0, "lowest_loss": 0.0}, ["subset", "guessing"]),
    ({"sweep_edge": "highest", "best_step": 100}, ["last step", "highest"]),
]


@pytest.mark.parametrize(("change", "findings"), CASES)
def test_what_is_found_in_a_cell(change, findings):
    assert list(diagnoses(frame(change))) == findings
    beside = diagnoses(frame({}, change, {}))
    assert {name: [(len(one.rows), one.cells) for one in found] for name, found in beside.items()} == {
        name: [(1, 3)] for name in findings
    }


def test_a_finding_names_the_arms_that_it_is_of():
    last, bert = {"best_step": 100}, {"arm": "bert"}
    table = frame(last, bert, last, bert | last | {"sweep_edge": "lowest"})
    found = {
        name: [(one.rows["arm"].iloc[0], len(one.rows), one.cells) for one in arms]
        for name, arms in diagnoses(table).items()
    }
    assert found == {"last step": [("lstm", 2, 2), ("bert", 1, 2)], "lowest": [("bert", 1, 2)]}


def test_sizes_at_which_an_arm_guesses_on_average():
    better = {"accuracy_low": 0.55}
    table = frame({"accuracy_low": 0.4}, better, better | {"n": 200}, {"n": 300} | NOT_FINITE)
    assert is_guessing(table, ACCURACY).tolist() == [True, False, False, False]
    assert guessing_sizes(table, ACCURACY) == {("d", "lstm", 100)}


def test_the_interval_of_a_round_is_narrower_than_those_of_its_folds():
    fold = {"accuracy": 0.6, "accuracy_low": 0.49}  # some 80 test examples each
    assert guessing_sizes(frame(fold, fold), ACCURACY) == {("d", "lstm", 100)}
    assert guessing_sizes(frame(*[fold | {"folds": 5}] * 5), ACCURACY) == set()


@pytest.mark.parametrize(
    ("metric", "low", "high", "guess", "classes", "guessing"),
    [
        ("macro_f1", 0.5, 0.6, 0.47, 2, False),
        ("macro_f1", 0.46, 0.6, 0.47, 2, True),
        ("log_loss", 0.3, 0.5, 0.6, 2, False),  # a lower loss is better
        ("log_loss", 0.3, 0.7, 0.6, 2, True),
        ("auc", 0.6, 0.8, 0.5, 1, False),  # probabilities may tell classes apart though one is always the largest
        ("mcc", 0.1, 0.2, 0.0, 1, True),
    ],
)
def test_guessing_is_judged_by_the_metric(metric, low, high, guess, classes, guessing):
    table = frame({"metric": metric, f"{metric}_low": low, f"{metric}_high": high, f"{metric}_guessing": guess,
                   "predicted_classes": classes, "accuracy_low": 0.0})  # fmt: skip
    assert is_guessing(table, METRICS[metric]).tolist() == [guessing]


def test_with_folds_guessing_is_said_of_a_round_and_not_of_a_fold():
    """Each fold's interval reaches down to guessing, that of five folds together does not."""
    cell = {"folds": 5, "accuracy": 0.6, "accuracy_low": 0.48, "accuracy_high": 0.72}
    assert "guessing" not in diagnoses(frame(*[cell] * 5))
    worse = cell | {"accuracy": 0.52, "accuracy_low": 0.4, "accuracy_high": 0.64}
    assert [len(found.rows) for found in diagnoses(frame(*[worse] * 5))["guessing"]] == [5]
