"""The work of a run: steps, examples and tokens as its recipe plans them."""

import numpy as np
import pytest

from helpers.plan import make_catalogue
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.forecast.work import examples_in, padded_length, planned_work


@pytest.mark.parametrize(
    ("steps", "n", "batch_size", "examples"),
    [(200, 150, 16, 3000), (282, 1500, 16, 4500), (400, 150, 64, 20_000), (1, 10, 16, 10), (5, 32, 16, 80)],
)
def test_examples_of_so_many_steps(steps, n, batch_size, examples):
    """The first three are those of real runs; the third had 19,972."""
    assert examples_in(steps, n, batch_size) == examples


def test_padding_counts_and_batches_hold_similar_lengths():
    assert padded_length(np.full(50, 7), 50, 8) == 7
    # Of five batches of 16, one is mixed, and four are sorted; one of these has both lengths, too.
    lengths = np.repeat([4, 16], 40)
    assert padded_length(lengths, 80, 16) == pytest.approx((16 + 1.5 * 4 + 2.5 * 16) / 5, abs=0.5)
    assert padded_length(lengths, 80, 80) == 16  # one batch


@pytest.mark.parametrize(
    ("arm", "keys", "expected"),
    [
        ("bert", {"batch_size": 8, "epochs": 2, "min_steps": 0, "validations": 2}, (10, 80, 800, 2, "tokens")),
        ("lstm", {"batch_size": 16, "epochs": 1, "min_steps": 30, "validations": 4}, (30, 400, 4000, 4, "tokens")),
        ("tfidf", {}, (0, 40, None, 1, "n")),
    ],
)
def test_work_of_families(arm, keys, expected):
    catalogue = make_catalogue(arms={arm: keys})
    work = planned_work(catalogue.family(arm), catalogue.arms[arm], 40, np.full(100, 10))
    assert work == (40, *expected)


def test_pairs_of_texts_are_two_texts_each():
    """With 40 pairs per example, 10 examples give 400 pairs, of which 160 fit into 10 steps of 16."""
    arm = {"pairs_per_example": 40, "max_steps": 10, "batch_size": 16}
    work = planned_work(FAMILIES["contrastive"], arm, 10, None)
    assert work == (10, 10, 10 + 320, None, 1, "examples")


def test_without_lengths_a_run_is_measured_in_examples():
    catalogue = make_catalogue()
    work = planned_work(catalogue.family("bert"), catalogue.arms["bert"], 40, None)
    assert work.tokens is None and work.unit == "examples"


def test_texts_that_a_teacher_answers_are_trained_on_too():
    catalogue = make_catalogue(arms={"lstm": {"batch_size": 16, "epochs": 2, "min_steps": 30, "validations": 4}})
    of_lstm = catalogue.family("lstm"), catalogue.arms["lstm"], 40
    assert planned_work(*of_lstm, np.full(100, 10))[:4] == (40, 30, 400, 4000)
    assert planned_work(*of_lstm, np.full(100, 10), unlabelled=760)[:4] == (40, 100, 1600, 16_000)
