"""Words about more labels: how many the reference is worth, and what is expected beyond the largest size."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation import extrapolation
from pretrain_or_not.evaluation.totals import measured_gaps
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.report.beyond_words import beyond_lines
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.further import further_answers, lines_on
from pretrain_or_not.report.worth_words import at_size, is_known, times, worth_lines

NONE, INF = np.nan, np.inf


def ratio(n=100, labels=3800.0, low=3100.0, high=4700.0, **changes):
    """Return a row of worth.parquet for an arm with 100 to 30,000 labels."""
    return {"arm_title": "LSTM_1", "reference_title": "BERT", "n": n, "labels": labels, "labels_low": low,
            "labels_high": high, "ratio": labels / n, "ratio_low": low / n, "ratio_high": high / n, "smallest": 100,
            "largest": 30_000, "guessed": False} | changes  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ratio(), "38 times at 100 labels (95 %: 31 to 47)"),
        (ratio(high=INF), "38 times at 100 labels (95 %: 31 or more)"),
        (ratio(labels=INF, high=INF), "more than 300 times at 100 labels (95 %: 31 or more)"),
        (ratio(3000, INF, INF, INF), "more than 10 times at 3,000 labels"),
        (ratio(100, 100.0, 100.0, 100.0), "1.0 times or fewer at 100 labels"),
        (ratio(1000, 100.0, 100.0, 220.0), "0.10 times or fewer at 1,000 labels (95 %: up to 0.22)"),
        (ratio(1000, 620.0, 100.0, INF), "0.62 times at 1,000 labels (95 %: not known)"),
    ],
)
def test_a_ratio_in_words(row, words):
    assert at_size(row) == words


@pytest.mark.parametrize(
    ("number", "text"), [(0.0523, "0.05"), (0.62, "0.62"), (4.93, "4.9"), (38.4, "38"), (1234, "1,200")]
)
def test_times(number, text):
    assert times(number) == text


def test_one_line_per_arm_with_what_is_known():
    rows = pd.DataFrame([
        ratio(), ratio(10_000, 20_000.0, 15_000.0, INF), ratio(30_000, INF, INF, INF),
        ratio(100, NONE, NONE, NONE, arm_title="Small"), ratio(30, NONE, NONE, NONE, guessed=True),
    ])  # fmt: skip
    lead, line, note = worth_lines(rows)
    assert lead.startswith("What **BERT** is worth: how many times as many labels")
    assert (
        line == "- **LSTM_1**: 38 times at 100 labels (95 %: 31 to 47), 2.0 times at 10,000 labels (95 %: 1.5 or more)."
    )
    assert note == "\nNot counted, because there **BERT** is no better than guessing: 30 labels."
    assert not is_known(ratio(30_000, INF, INF, INF)) and is_known(ratio(30_000, 29_000.0, 100.0, INF))
    assert worth_lines(rows[rows["labels"].isna()]) == worth_lines(rows[:0]) == []


def gap(arm="LSTM_1", times=10, median=3.8, low=1.2, high=6.2, within=0.02, refused=NONE, faster=False, **changes):
    """Return a row of beyond.parquet for an arm with up to 22,877 labels."""
    return {"arm": arm, "arm_title": arm, "metric": "accuracy", "what": "gap", "largest": 22_877, "n": 22_877 * times,
            "times": float(times), "median": median, "low_95": low, "high_95": high, "threshold": 1.0, "within": within,
            "refused": refused, "faster": faster, "reference_faster": False,
            "reference_title": "BERT"} | changes  # fmt: skip


def test_a_gap_beyond_in_words():
    rows = pd.DataFrame([gap(times=1, median=6.0), gap(times=2, median=5.04, low=3.1, high=7.4, within=0.001), gap()])
    lead, line = beyond_lines(rows)
    assert "This is extrapolation" in lead
    assert line == (
        "- With 10 times the labels (228,770), **LSTM_1** would probably be 3.8 points behind (95 %: 1.2 to 6.2); with "
        "twice the labels (45,754), 5.0 points behind (95 %: 3.1 to 7.4). The chance that it is less than 1 point "
        "behind, or ahead, with 228,770 labels is 2 %."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"median": -0.4, "low": -2.0, "high": 1.2}, "0.4 points ahead (95 %: −1.2 to 2.0)"),
        ({"within": 0.004}, "is under 1 %."),
        ({"within": 1.0}, "is over 99 %."),
        ({"threshold": 0.0}, "The chance that it is ahead, with 228,770 labels is 2 %."),
        ({"faster": True}, "**LSTM_1** may improve faster: in tests, LSTMs and bags"),
        ({"reference_faster": True}, "**BERT** may improve faster than the others: in tests, LSTMs and bags"),
    ],
)
def test_signs_chances_and_the_known_weakness(changes, words):
    assert words in "\n".join(beyond_lines(pd.DataFrame([gap(times=2), gap(**changes)])))


def test_nothing_is_said_to_be_faster_where_both_are():
    lines = beyond_lines(pd.DataFrame([gap(times=2), gap(faster=True, reference_faster=True)]))
    assert "faster" not in "\n".join(lines)


def test_arms_with_the_same_reason_share_a_line():
    refused = [gap(arm, refused="it takes 3 sizes, and there are 2") for arm in ("a", "b")]
    lines = beyond_lines(pd.DataFrame([*refused, gap("c", refused="c_ * gets worse"), gap("c", what="score")]))
    assert lines[1:] == [
        "- **a**, **b**: nothing is said of the gap, because it takes 3 sizes, and there are 2.",
        r"- **c**: nothing is said of the gap, because c\_ \* gets worse.",
    ]
    assert "extrapolation" not in lines[0]
    assert beyond_lines(pd.DataFrame([gap(what="score")])) == []


def test_tables_and_lines_come_from_predictions(tmp_path, monkeypatch):
    monkeypatch.setattr(extrapolation, "DRAWS", 20_000)
    rng, rows, paths = np.random.default_rng(0), [], {}
    for arm, scale in (("bert", 30), ("lstm", 300), ("majority", 1e9)):
        for n in (100, 300, 1000):
            wrong = (rng.random(2000) < 0.5 / (1 + (n / scale) ** 0.5)).astype(np.float32)
            table = pa.table({"id": np.arange(2000), "label": np.zeros(2000, np.int32), "p_a": 1 - wrong, "p_b": wrong})
            paths["d", arm, n, 0] = tmp_path / f"{arm}{n}.parquet"
            write_table(paths["d", arm, n, 0], table, label_names=["a", "b"], arm=arm)
            accuracy = 1 - wrong.mean()
            rows.append({"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": arm.upper(), "n": n, "seed": 0,
                         "family": arm, "accuracy": accuracy, "accuracy_low": accuracy - 0.02, "accuracy_high": 1.0,
                         "accuracy_guessing": 0.5, "predicted_classes": 2.0, "folds": 0, "metric": "accuracy",
                         "pretraining_models": None,
                         "selection": "validation", "size": str(n)})  # fmt: skip
    scores = pd.DataFrame(rows)
    gaps = scores[scores["arm"] != "bert"].assign(reference="bert", reference_title="BERT", gap=1.0)
    outputs = {name: tmp_path / f"{name}.parquet" for name in ("worth", "beyond", "efficiency", "across")}
    measured = measured_gaps(gaps, scores, paths, ACCURACY)
    tables = further_answers(scores, measured, paths, "bert", 1.0, ACCURACY, outputs)
    tables |= dict.fromkeys(("unlabelled", "shifts", "group_gaps"), pd.DataFrame())
    lines = "\n".join(lines_on("d", tables, scores))
    assert "- **LSTM**: " in lines and "With 10 times the labels (10,000), **LSTM** would probably be" in lines
    assert "MAJORITY" not in lines
    assert "Mean accuracy from 100 to 1,000 labels, each doubling counted alike: **BERT** has " in lines
    tables = {name: read_frame(path) for name, path in outputs.items()}
    assert set(tables["worth"]["arm"]) == {"lstm"} and set(tables["beyond"]["arm"]) == {"bert", "lstm"}
    assert set(tables["efficiency"]["arm"]) == {"lstm"} and tables["across"].empty  # there is one data set
    assert read_metadata(outputs["beyond"])["paths"] == extrapolation.PATHS
