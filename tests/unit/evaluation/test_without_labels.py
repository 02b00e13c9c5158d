"""Arms without labels against those that are trained: from where on each is better, in numbers and in words."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.metrics import scores_by
from pretrain_or_not.evaluation.without_labels import from_where, without_labels
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.without_labels_words import without_labels_lines

EXAMPLES = 2000
ACCURACY = METRICS["accuracy"]


@pytest.fixture
def measure(tmp_path):
    """Return a function (cells, folds) -> the table; cells: (arm, n, seed, share that is right)."""

    def run(cells, folds=0):
        rows, paths = [], {}
        labels = np.arange(EXAMPLES, dtype=np.int32) % 2
        for arm, n, seed, right in cells:
            # Each cell is wrong on other examples.
            wrong = np.random.default_rng([len(arm), n, seed]).permutation(np.arange(EXAMPLES) >= right * EXAMPLES)
            of_label = np.where(wrong, 0.2, 0.8)
            p = np.where(labels == 1, of_label, 1 - of_label).astype(np.float32)
            probabilities = np.stack([1 - p, p], axis=1)
            path = tmp_path / f"{arm}-{n}-{seed}.parquet"
            about = {"dataset": "d", "arm": arm, "size": str(n), "n": n, "seed": seed, "label_names": ["a", "b"]}
            first = seed % folds * EXAMPLES if folds else 0  # each fold tests other examples
            table = pa.table({"id": first + np.arange(EXAMPLES), "label": labels, "p_a": 1 - p, "p_b": p})
            write_table(path, table, **about)
            paths["d", arm, n, seed] = path
            rows.append(
                {"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": arm.upper(), "n": n, "seed": seed}
                | {"family": "lstm", "folds": folds, "metric": "accuracy", "predicted_classes": 2,
                "pretraining_models": None}
                | {"score_mean": right, "score_mean_low": right - 0.01, "score_mean_high": right + 0.01}
                | scores_by(METRICS.values(), labels, probabilities) | {"accuracy_guessing": 0.5}
            )  # fmt: skip
        return without_labels(pd.DataFrame(rows), paths, ACCURACY)

    return run


def test_from_where_something_holds():
    sizes = np.array([10, 20, 40])
    assert from_where(sizes, np.array([True, True, True])) == 10
    assert from_where(sizes, np.array([True, False, True])) == 40
    assert np.isnan(from_where(sizes, np.array([True, True, False])))


def test_where_others_overtake_and_the_words_for_it(measure):
    curves = {"bert": [0.70, 0.80, 0.95], "lstm": [0.60, 0.65, 0.70], "bag": [0.90, 0.92, 0.95]}
    cells = [(arm, n, seed, right) for arm, curve in curves.items()
             for n, right in zip([10, 100, 1000], curve, strict=True) for seed in (0, 1)]  # fmt: skip
    table = measure([("asked", 0, 0, 0.782), *cells]).set_index("other")
    assert table["better"].to_dict() == pytest.approx({"bert": 100, "lstm": np.nan, "bag": 10}, nan_ok=True)
    assert table.loc["bert", "sure"] == 1000 and table.loc["bag", "sure"] == 10  # 1.8 points are within the noise
    assert without_labels_lines(table.reset_index()) == [
        "Without any label, **ASKED** is right on 78.2 % (95 % interval: 77.2 % to 79.2 %); **BERT** overtakes it from "
        "100 labels on (for sure from 1,000 on); **LSTM** does not overtake it with up to 1,000 labels; **BAG** is "
        "better from the smallest number of labels on, 10."
    ]


def test_without_others_the_score_is_said_alone(measure):
    table = measure([("asked", 0, 0, 0.6)])
    said = "Without any label, **ASKED** is right on 60.0 % (95 % interval: 59.0 % to 61.0 %)."
    assert without_labels_lines(table) == [said]
    assert measure([("bert", 10, 0, 0.6)]).empty


def test_with_folds_a_cell_without_its_counterpart_is_left_out(measure):
    cells = [("bert", n, seed, right) for n, right in ((10, 0.9), (100, 0.95)) for seed in range(4)]
    (row,) = measure([("asked", 0, seed, 0.8) for seed in (0, 1, 2)] + cells, folds=2).to_dict("records")
    assert (row["other"], row["better"], row["largest"]) == ("bert", 10, 100)  # of the first round of folds
    (row,) = measure([("asked", 0, 1, 0.8), *cells], folds=2).to_dict("records")  # no round is complete
    assert row["other"] is None
    (row,) = measure([("asked", 0, 7, 0.8), *cells], folds=2).to_dict("records")  # no seed in common
    assert row["other"] is None
