"""Timing: of the selected model of a cell, on test texts in full batches, until the median is known."""

import json
import math
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from helpers.cells import ARMS, LENGTH, Cells
from helpers.tables import write_frame
from pretrain_or_not import load
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation import timing
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.evaluation.repetitions import median_interval
from pretrain_or_not.evaluation.timing import TEXTS, TwoSteps, of_length, repeat, sample, time_cell
from pretrain_or_not.evaluation.timing import test_texts as texts_of_test
from pretrain_or_not.files.parquet import write_table

HOW = {"batch_sizes": [3, 1], "length": None, "seconds": 0.01, "threads": 1}


@pytest.fixture(scope="module")
def cells(tmp_path_factory, tiny_bert):
    return Cells(tmp_path_factory.mktemp("cells"), tiny_bert)


@pytest.fixture(scope="module")
def made(cells):
    """Return a function from an arm to (folder of the model, its predictions); each cell is trained once."""
    done = {}

    def make(arm):
        if arm not in done:
            done[arm] = cells.make(arm)
        return done[arm]

    return make


def timed(cells, folder, tmp_path, **how):
    """Return the rows of a timing."""
    inputs = {"selected": folder.parent / "selected.json", "examples": cells.examples, "subset": cells.subset}
    time_cell("cpu", inputs, HOW | how, tmp_path / "t.parquet")
    return pd.read_parquet(tmp_path / "t.parquet")


@pytest.mark.parametrize("arm", ARMS)
def test_the_two_steps_of_each_family_predict_what_its_run_predicted(cells, made, tmp_path, arm):
    folder, predictions = made(arm)
    model = TwoSteps(load(folder))
    texts = texts_of_test(cells.examples, cells.subset)
    expected = read_predictions(predictions)
    rows = pd.read_parquet(cells.examples).query("split == 'test'")
    by_text = dict(zip(rows["text"], expected.predicted, strict=True))
    found = model.classify(model.encode(texts))
    assert found.tolist() == [by_text[text] for text in texts["text"].to_pylist()]

    rows = timed(cells, folder, tmp_path)
    starts = ["text", "tokens"] if arm not in ("tfidf", "majority") else ["text"]
    assert list(rows.groupby(["batch_size", "start"]).groups) == [(size, start) for size in (1, 3) for start in starts]
    assert (rows["seconds"] > 0).all() and (rows["cpu_share"] > 0).all() and set(rows["arm"]) == {arm}
    run = json.loads((folder.parent / "selected.json").read_text())["selected"]
    constant = {"dataset": "toy", "family": ARMS[arm]["family"], "n": 40, "parameters": run["parameters"], "threads": 1}
    for column, value in constant.items():
        assert rows[column].unique().tolist() == [value], column
    assert rows["texts"].unique().tolist() == [TEXTS, 33]  # full batches


def test_texts_of_a_length_have_so_many_tokens_and_begin_with_tokens(cells, made, tmp_path):
    rows = timed(cells, made("lstm")[0], tmp_path, length=50)
    assert set(rows["start"]) == {"tokens"} and set(rows["tokens"]) == {50.0}
    examples = Examples(np.arange(2), np.zeros(2), np.array([1, 2, 3, 4, 5]), np.array([0, 2, 5]), {})
    long = of_length(examples, 4)
    assert long.tokens.tolist() == [1, 2, 1, 2, 3, 4, 5, 3] and long.lengths.tolist() == [4, 4]
    assert of_length(examples, 1).tokens.tolist() == [1, 3]


def test_a_length_that_the_model_cannot_read_is_refused(cells, made, tmp_path):
    with pytest.raises(BadInput, match=r"timing\.length: 65 is more than the 64 tokens that arm 'bert' can process"):
        timed(cells, made("bert")[0], tmp_path, length=65)


def test_a_batch_is_one_forward_pass(cells, made):
    model = TwoSteps(load(made("lstm")[0]))
    sizes = []
    model.model.classifier.model.register_forward_pre_hook(
        lambda _, arguments, keys: sizes.append(len(keys["input_ids"])), with_kwargs=True
    )
    (batch,) = sample(texts_of_test(cells.examples, cells.subset), 600)  # more tokens than a batch of evaluation
    model.classify(model.encode(batch))
    assert sizes == [600] and 600 * LENGTH > 4096


def test_the_sample_has_the_lengths_of_all_texts(tmp_path):
    lengths = np.random.default_rng(0).lognormal(4, 1, 5000).astype(int) + 1
    table = pa.table({"text": ["x" * n for n in sorted(lengths)]})
    batches = sample(table, 8)
    assert [len(batch) for batch in batches] == [8] * 4
    drawn = [len(text) for batch in batches for text in batch["text"].to_pylist()]
    assert np.mean(drawn) == pytest.approx(lengths.mean(), rel=0.1)
    assert drawn != sorted(drawn) and sample(table, 8)[0].equals(batches[0])
    assert sum(map(len, sample(table.slice(0, 5), 1))) == TEXTS  # fewer texts than that: several times


def test_texts_are_those_of_the_test_split_by_length(tmp_path):
    frame = pd.DataFrame({"id": range(4), "label": 0, "text": ["train", "long text", "a", "text"], "split": "test"})
    frame["second_text"] = ["", "", "bb", "x" * 20]
    rows = {"train": 1, "validation": 0, "test": 3}
    write_table(tmp_path / "examples.parquet", pa.Table.from_pandas(frame, preserve_index=False), rows=rows)
    write_frame(tmp_path / "subset.parquet", pd.DataFrame({"row": [0]}))
    table = texts_of_test(tmp_path / "examples.parquet", tmp_path / "subset.parquet")
    assert table["text"].to_pylist() == ["a", "long text", "text"]
    assert table.column_names == ["text", "second_text"]


def test_repetitions_end_once_the_median_is_known():
    known = repeat(lambda: None, 60)
    assert 6 <= len(known["seconds"]) < timing.MOST or known["wall"] < 60
    slow = repeat(lambda: time.sleep(0.001 * np.random.default_rng().integers(1, 9)), 0.05)
    assert len(slow["seconds"]) >= 6  # the limit, but not before
    assert slow["cpu"] < 0.5 * slow["wall"]  # a thread that waits does not compute


def test_the_interval_of_a_median_is_two_of_the_sorted_values():
    assert median_interval([3.0, 1.0, 2.0]) == (1.0, 3.0)
    values = list(range(1, 101))
    assert median_interval(values) == (40, 61)  # Hahn and Meeker (1991), table A.15: 95 %, n = 100
    rng = np.random.default_rng(0)
    covered = [low <= math.log(2) <= high for low, high in (median_interval(list(rng.exponential(size=25)))
                                                            for _ in range(400))]  # fmt: skip
    assert 0.93 < np.mean(covered) <= 1


def test_a_gpu_that_is_not_there_is_a_mistake_of_the_config(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BadInput, match=r"timing\.devices: torch finds no GPU"):
        time_cell("cuda", {}, HOW, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())
