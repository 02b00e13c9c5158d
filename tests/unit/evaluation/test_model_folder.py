"""The folder of a selected model is completed again: what is of an earlier model goes, what a user put there stays."""

import pytest

from pretrain_or_not.evaluation.model_folder import delete_earlier
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
