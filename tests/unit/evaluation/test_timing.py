"""Timing: what is measured is the arm's architecture, on batches without padding, and the setting is checked."""

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from pretrain_or_not.arms import family_module, lstm
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation import timing
from pretrain_or_not.evaluation.timing import random_batch, time_batches, time_inference

LSTM = {"family": "lstm", "embeddings": None, "freeze_embeddings": True, "embedding_size": 8, "layers": 2, "hidden": 4,
        "dropout": 0.1}  # fmt: skip
BERT = {"family": "bert", "dropout": 0.1}
SETTING = {"device": "cpu", "batch_size": 3, "length": 10, "threads": 1, "precision": "fp32", "warmup": 1,
           "repetitions": 4}  # fmt: skip


def test_batches_have_the_length_and_no_padding():
    batch = random_batch(50, 7, vocabulary=5, padding=2, device="cpu")
    assert batch["input_ids"].shape == (50, 7) and bool(batch["attention_mask"].all())
    assert set(batch["input_ids"].unique().tolist()) == {0, 1, 3, 4}


@pytest.mark.parametrize(("recipe", "precision"), [(LSTM, "fp32"), (BERT, "fp32"), (BERT, "bf16")])
def test_a_timing_has_one_row_per_repetition(recipe, precision, tiny_bert, tmp_path):
    setting = SETTING | {"precision": precision}
    time_inference("arm", recipe, {"path": str(tiny_bert)}, None, setting, tmp_path / "t.parquet")
    rows = pd.read_parquet(tmp_path / "t.parquet")
    assert rows["repetition"].tolist() == [0, 1, 2, 3] and (rows["seconds"] > 0).all()
    model, *_ = family_module(recipe["family"]).build_untrained("arm", recipe, {"path": str(tiny_bert)}, None, 10)
    constant = {"arm": "arm", "device": "cpu", "batch_size": 3, "sequence_length": 10, "threads": 1,
                "precision": precision, "parameters": sum(p.numel() for p in model.parameters())}  # fmt: skip
    for column, value in constant.items():
        assert rows[column].unique().tolist() == [value], column
    assert (rows["peak_memory_mb"] > 0).all() and rows["device_name"].str.len().all()


def test_warm_up_is_not_timed_and_nothing_is_trained():
    calls = []

    class Model(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            calls.append((self.training, torch.is_inference_mode_enabled(), tuple(input_ids.shape)))

    seconds = time_batches(Model(), random_batch(2, 3, 9, 0, "cpu"), "fp32", warmup=2, repetitions=3)
    assert len(seconds) == 3 and calls == [(False, True, (2, 3))] * 5


def test_seconds_are_measured_for_each_repetition(monkeypatch):
    # Twice as long each time; the clock is read before and after a pass.
    readings = iter([0, 1, 1, 3, 3, 7, 7, 15, 15, 31])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(readings))
    model = torch.nn.Module()
    model.forward = lambda **_: None
    assert time_batches(model, random_batch(2, 3, 9, 0, "cpu"), "fp32", warmup=2, repetitions=3) == [4, 8, 16]


def test_a_length_beyond_the_limit_of_the_model_is_refused(tiny_bert, tmp_path):
    with pytest.raises(BadInput, match=r"timing\.lengths: 65 is more than the 64 tokens that arm 'arm' can process"):
        time_inference("arm", BERT, {"path": str(tiny_bert)}, None, SETTING | {"length": 65}, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without GPU")
def test_a_missing_gpu_is_an_error(tiny_bert, tmp_path):
    with pytest.raises(BadInput, match=r"timing\.devices: torch finds no GPU"):
        time_inference(
            "arm", BERT, {"path": str(tiny_bert)}, None, SETTING | {"device": "cuda"}, tmp_path / "t.parquet"
        )


def test_the_embeddings_of_the_arm_are_timed(tiny_bert, tmp_path):
    save_file({"embeddings": torch.zeros(60, 24)}, tmp_path / "e.safetensors")
    recipe = LSTM | {"embeddings": "tiny"}
    model, (table,), *_ = lstm.build_untrained(
        "arm", recipe, {"path": str(tiny_bert)}, tmp_path / "e.safetensors", length=10
    )
    assert table.shape == (60, 24) and not table.requires_grad
    # Four gates and two directions of 4 states: an input of 24 wide or both directions, the state, and two biases.
    assert sum(p.numel() for p in model.layers.parameters()) == 4 * 2 * 4 * ((24 + 4 + 2) + (8 + 4 + 2))
