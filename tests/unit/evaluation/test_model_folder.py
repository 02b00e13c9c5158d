"""The folder of a selected model is completed again: what is of an earlier model goes, what a user put there stays."""

import numpy as np
import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.model_folder import delete_earlier, score_on_test
from pretrain_or_not.files.json_files import write_json

OURS = ("tokenizer.json", "vocab.txt", "embeddings.safetensors", "README.md", "classifier.json")
STAYS = ("model.safetensors", "config.json", ".partial", "notes.txt", "onnx/model.onnx", "quantized/README.md")


@pytest.mark.parametrize("listed", [True, False])
def test_only_files_of_the_workflow_are_deleted(tmp_path, listed):
    for name in (*OURS, *STAYS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    if listed:
        # Names that a broken list may have: those of the weights, and a place outside of the folder.
        files = dict.fromkeys(["tokenizer.json", "vocab.txt", "model.safetensors", "onnx", "onnx/model.onnx"], "0")
        write_json(tmp_path / "classifier.json", {"tokenizer": {"files": files}})
    delete_earlier(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*STAYS} | (set() if listed else {"tokenizer.json", "vocab.txt"})


LABELS = np.repeat([0, 1], 50)


@pytest.mark.parametrize(
    ("metric", "right", "expected"),
    [
        # Wilson's interval of 60 of 100 is 50.2 to 69.1 %, that of 59 is 49.2 to 68.1 %; guessing has 50 %.
        ("accuracy", 60, {"score": 0.60, "guessing": 0.5, "guesses": False}),
        ("accuracy", 59, {"score": 0.59, "guessing": 0.5, "guesses": True}),
        # Always the first class: F1 of 2/3 and 0.
        ("macro_f1", 95, {"guessing": 1 / 3, "guesses": False}),
        ("macro_f1", 0, {"score": 1 / 3, "guessing": 1 / 3, "guesses": True}),
    ],
)
def test_a_model_knows_whether_it_guesses(metric, right, expected):
    """The first `right` answers are right; with 0, all are the first class."""
    answers = np.where(np.arange(100) < right, LABELS, 1 - LABELS) if right else np.zeros(100, int)
    found = score_on_test(METRICS[metric], LABELS, np.eye(2, dtype=np.float32)[answers] * 0.8 + 0.1, [30, 10])
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert found["test_examples"] == 100
