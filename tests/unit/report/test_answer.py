"""The answer in words says what the numbers say, and no more."""

import re

import numpy as np
import pandas as pd

from helpers.gaps import planted
from pretrain_or_not.evaluation.crossing import answer_row
from pretrain_or_not.report.answer import as_markdown, sentence


def words(**row):
    facts = {"dataset": "d", "dataset_title": "Reviews", "arm_title": "LSTM", "reference_title": "BERT",
             "selection": "validation"}  # fmt: skip
    return facts | row


def test_words_for_a_gap_that_closes():
    row = words(**answer_row(*planted([9, 5, 3, -2], 20_000), 1.0))
    text = sentence(row)
    assert text.startswith("From about ") and "labels on, **LSTM** is less than 1 point behind (95 % interval: " in text
    assert re.search(r"At 100,000 labels it is \d\.\d points ahead \(", text)


def literal(**changes):
    return words(verdict="from", labels=5200.0, labels_low=2800.0, labels_high=8700.0, threshold=1.0, smallest=100,
                 largest=10_000, gap_largest=0.46, gap_largest_low=0.19, gap_largest_high=0.74) | changes  # fmt: skip


def test_the_words_agree_with_the_numbers():
    assert sentence(literal()) == (
        "From about 5,200 labels on, **LSTM** is less than 1 point behind (95 % interval: 2,800 to 8,700). "
        "At 10,000 labels it is 0.5 points behind (0.2 to 0.7)."
    )
    ahead = literal(
        labels_low=80.0, labels_high=np.inf, gap_largest=-0.46, gap_largest_low=-0.74, gap_largest_high=0.19
    )
    assert sentence(ahead) == (
        "From about 5,200 labels on, **LSTM** is less than 1 point behind (95 % interval: 100 or fewer to more than "
        "10,000). At 10,000 labels it is 0.5 points ahead (−0.2 to 0.7)."
    )


def test_words_for_a_gap_that_stays():
    text = sentence(words(**answer_row(*planted([9, 6, 5, 4], 5000), 1.0)))
    assert text.startswith("**LSTM** is still ") and text.endswith("at the largest size, 100,000 labels.")


def test_words_for_a_gap_that_is_small_at_every_size():
    text = sentence(words(**answer_row(*planted([-9, -6, -5, -4], 5000), 1.0)))
    assert text.startswith("**LSTM** is less than 1 point behind at the smallest size already, 100 labels. At 100,000")


def test_words_for_an_uncertain_crossing():
    sizes, seeds, differences = planted([9, 6, 5, 1.3], 400, seeds=1)
    row = words(**answer_row(sizes, seeds, differences, 1.0))
    assert np.isinf(row["labels_high"]) and np.isfinite(row["labels_low"])
    still = literal(verdict="not yet", labels=np.inf, labels_high=np.inf, gap_largest=1.3, gap_largest_low=0.2,
                    gap_largest_high=2.4)  # fmt: skip
    assert sentence(still) == (
        "**LSTM** is still 1.3 points behind (0.2 to 2.4) at the largest size, 10,000 labels. From 2,800 labels "
        "on it may be less than 1 point behind (within the 95 % interval)."
    )


def test_the_page_escapes_titles_and_tells_what_was_selected_on_test():
    row = words(**answer_row(*planted([9, 6, 5, 4], 500), 1.0))
    table = pd.DataFrame([row | {"arm_title": "<script>|*x*", "selection": "test"}])
    page = as_markdown(table)
    assert "selected on test" in page and "<script>" not in page and r"\<script\>\|\*x\*" in page
    assert "selected on test" not in as_markdown(pd.DataFrame([row]))
    assert "one seed" not in page
    alone = words(**answer_row(*planted([9, 6, 5, 4], 500, seeds=1), 1.0))
    assert "there is one seed" in as_markdown(pd.DataFrame([alone]))
    assert "no gap to report" in as_markdown(pd.DataFrame([], columns=list(row)))
