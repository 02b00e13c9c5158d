"""Benchmarks: both sides of a comparison do the same work, and rows hold what was measured."""

import json
import math
from types import SimpleNamespace

import fine_tuning
import gpu
import grid
import harness
import lstm_training
import pretraining
import pytest
import startup
import suite
import tfidf
import tokenization

from helpers.pretraining import CLASSES, write_examples
from helpers.texts import make_rows
from pretrain_or_not.compute import devices
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.files.json_files import write_json

EXAMPLES, LENGTH = 40, 64


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    text = gpu.make_tokens(tmp_path_factory.mktemp("bench") / "tokens", LENGTH, False, EXAMPLES)
    return harness.token_files(text, threads=1, train=EXAMPLES, validation=16)


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "roberta"
    gpu.make_model("small", folder)
    return str(folder)


def test_random_texts_are_as_long_as_they_should_be(tmp_path):
    for full in (True, False):
        text = gpu.make_tokens(tmp_path / str(full), LENGTH, full, EXAMPLES)
        train, validation = harness.read(harness.token_files(text, 1, train=EXAMPLES, validation=8))
        assert (len(train), len(validation)) == (EXAMPLES, 8)
        assert train.tokens.min() > gpu.PADDING and train.tokens.max() < gpu.VOCABULARY
        assert (set(train.lengths) == {LENGTH}) == full and train.lengths.max() <= LENGTH


def test_both_sides_of_each_training_see_the_same_validation_examples(data, roberta):
    shape = {"layers": 1, "hidden": 8}
    ours = [
        lstm_training.ours(data, seed=0, precision="fp32", **shape),
        fine_tuning.ours(data, seed=0, precision="fp32", batch_size=8, folder=roberta),
    ]
    theirs = [
        lstm_training.textbook(data, seed=0, **shape),
        fine_tuning.trainer(data, seed=0, batch_size=8, folder=roberta),
        fine_tuning.trainer(data, seed=0, batch_size=8, folder=roberta, train_sampling_strategy="group_by_length"),
    ]
    for rate, accuracy, *speed in ours + theirs:
        assert rate > 0 and 0 <= accuracy <= 1 and (16 * accuracy).is_integer()
        assert all(value > 0 and math.isfinite(value) for value in speed)


def test_the_textbook_is_tested_on_the_validation_examples(data, monkeypatch):
    seen, forward = [], lstm_training.Textbook.forward

    def watched(self, input_ids, lengths):
        if not self.training:
            seen.extend(row[:n].tolist() for row, n in zip(input_ids, lengths, strict=True))
        return forward(self, input_ids, lengths)

    monkeypatch.setattr(lstm_training.Textbook, "forward", watched)
    lstm_training.textbook(data, seed=0, layers=1, hidden=8)
    _, validation = harness.read(data)
    assert seen == [tokens.tolist() for tokens in harness.as_lists(validation)]


def test_a_row_is_of_medians_with_accuracies_and_the_share_of_the_peak():
    ours = iter([(300.0, 0.9, 50.0), (100.0, 0.8, 10.0), (200.0, 0.85, 30.0)])
    theirs = iter([(100.0, 0.7), (50.0, 0.7), (40.0, 0.7)])
    sides = {"fp32": lambda _: next(ours), "peer": lambda _: next(theirs)}
    arguments = SimpleNamespace(rounds=3, threads=2, about={"peak_fp32": 60.0})
    (row,) = harness.compare("case", sides, ["peer"], arguments, "training", {"peer": "≥ 3"})
    assert (row["ours"], row["peer"], row["ratio"], row["share_of_peak"]) == (200, 50, 4, 0.5)
    assert row["case"] == "case, fp32" and row["target"] == "≥ 3"
    # Differences of 20, 10 and 15 points: their mean is 15, its standard error 5 / sqrt(3).
    assert (
        row["note"]
        == "validation accuracy in % 85.00, theirs 70.00; difference +15.00 ± 2.89 (standard error, 3 seeds)"
    )
    assert row["worse"] is False
    slower = harness.row("start", "case", "s", [2.0, 4.0, 3.0], [1.0, 1.5, 2.0], "peer", arguments)
    assert slower["ratio"] == 0.5  # of seconds, fewer are better


def test_a_side_that_is_worse_by_two_standard_errors_is_told():
    low, high = [80.0, 81.0, 82.0], [82.0, 83.0, 83.0]  # differences of -2, -2 and -1: -1.67 +- 0.33
    assert harness.quality("accuracy", low, high)["worse"] is True
    assert harness.quality("accuracy", low, high)["note"].endswith("WORSE: does not count as faster")
    assert harness.quality("accuracy", high, low)["worse"] is False
    assert harness.quality("loss", high, low, better=-1)["worse"] is True
    assert harness.quality("accuracy", low, [79.0, 83.0, 83.0])["worse"] is False  # +1, -2, -1: -0.67 +- 0.88
    assert harness.quality("accuracy", low[:1], high[:1])["worse"] is None  # of one seed, nothing is known


def test_rows_of_benchmarks_that_did_not_run_again_are_kept(tmp_path, capsys):
    arguments = SimpleNamespace(rounds=1, threads=1)
    old = harness.row("a", "first", "s", [1.0], [2.0], "peer", arguments)
    suite.write(tmp_path / "bench.parquet", "a", [old])
    suite.write(tmp_path / "bench.parquet", "b", [old | {"benchmark": "b"}])
    suite.write(tmp_path / "bench.parquet", "a", [old | {"case": "second"}])
    shown = (tmp_path / "bench.md").read_text()
    assert "| b | first |" in shown and "| a | second |" in shown and "| a | first |" not in shown


def test_both_sides_of_pretraining_start_alike_and_learn(tmp_path):
    examples = write_examples(tmp_path / "texts.parquet", rows := make_rows(400, 1), len(rows), labelled=False)
    shape = {"layers": 1, "hidden": 16, "heads": 2}
    small = {"shape": shape, "vocabulary": 120, "length": 24, "batch_size": 8}
    untrained, task = (pretraining.make_rows(examples, tmp_path, 1, steps=steps, **small) for steps in (1, 60))
    sides = (pretraining.trainer, lambda task, seed: pretraining.ours(task, seed, "fp32"))
    before, after = ([side(told, 0) for side in sides] for told in (untrained, task))
    for (_, first), (rate, last) in zip(before, after, strict=True):
        assert rate > 0 and last < first - 0.1
    assert before[0][1] == pytest.approx(before[1][1], abs=0.15) and after[0][1] == pytest.approx(after[1][1], abs=0.3)


def test_both_sides_of_tokenization_cut_texts_to_the_same_ids(tmp_path):
    source = write_examples(tmp_path / "texts.parquet", make_rows(60, 1), 60)
    (row,) = tokenization.comparisons({"long": (source, 8)}, rounds=1, with_memory=False)
    assert row["note"].startswith("identical ids") and row["case"] == "long, 60 texts cut to 8 tokens"
    tokenization.write_examples(tmp_path / "examples.parquet", source)
    tokenization.ours(tmp_path, 8)
    ids = tokenization.ids_of_runs(tmp_path / "ours" / "train.parquet")
    assert max(map(len, ids.to_pylist())) == 8  # so some texts are cut


def test_both_sides_of_tfidf_are_equally_accurate(tmp_path):
    path = write_examples(tmp_path / "texts.parquet", make_rows(300, 1), 200)
    for kinds in (["words"], ["words", "characters"]):
        task = {"path": str(path), "labels": 150, "kinds": kinds, "threads": 1, "seed": 0}
        (*_, ours, _), (*_, theirs, _) = tfidf.ours(**task), tfidf.scikit_learn(**task)
        assert ours == theirs > 0.5


def test_a_start_is_timed_to_the_first_step(tmp_path, monkeypatch):
    rows = make_rows(60, 1)
    examples = write_examples(tmp_path / "examples.parquet", rows, 40)
    splits = {"train": 40, "validation": 10, "test": 10}
    write_json(
        tmp_path / "dataset.json", {"dataset": "examples", "rows": splits, "folds": None, "label_names": list(CLASSES)}
    )
    tokens = {split: tmp_path / f"{split}.parquet" for split in splits}
    tokenize(examples, harness.MODEL, "minilm", 16, tokens)
    monkeypatch.setattr(startup, "ROUNDS", 1)
    monkeypatch.setattr(startup, "EXAMPLES", 40)
    texts = {"examples": SimpleNamespace(examples=examples, tokens=tokens, max_length=16)}
    found = startup.measure(SimpleNamespace(texts=texts, threads=1, rounds=1))
    assert len(found) == 4 and all(row["ours"] > 0 < row["peer"] for row in found)


def test_the_empty_rules_have_the_jobs_of_the_workflow():
    (plan,) = grid.comparisons(rounds=1, cells=[200], cases=["plan"])  # refuses different numbers of jobs
    assert plan["ours"] > 0 < plan["peer"] and plan["case"] == "plan, 200 cells"


def test_a_side_warms_up_before_it_is_measured(monkeypatch):
    def run(command, **_):
        *_, calls = json.loads(command[-1])
        return SimpleNamespace(stdout=json.dumps(calls))

    monkeypatch.setattr(harness.subprocess, "run", run)
    side = harness.apart(fine_tuning.ours, {"data": 2}, data=10, folder="model")
    assert side(7) == [{"data": n, "folder": "model", "seed": 7} for n in (2, 10)]
    assert harness.apart(fine_tuning.ours, data=10)(7) == [{"data": 10, "seed": 7}]


def test_bf16_is_measured_only_where_the_hardware_has_it(monkeypatch):
    for has_it in (True, False):
        monkeypatch.setattr(devices, "computes_in_bf16", lambda has_it=has_it: has_it)
        assert ("bf16" in harness.precisions()) == has_it
