"""Models with frozen embeddings share one file of them, wherever in the results they are."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.training import RECIPE, run_outputs
from pretrain_or_not.arms import lstm
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.run_files import check_model, save_model
from pretrain_or_not.training.run import Run


@pytest.fixture
def cell(tmp_path):
    """The folder of a cell in which a frozen and a trainable model are saved as their runs, and the embedding file."""
    file = tmp_path / "results" / "embeddings" / "tiny.safetensors"
    file.parent.mkdir(parents=True)
    save_file({"embeddings": torch.randn(50, 12)}, file)
    about = {"vocabulary": 50, "padding_id": 0, "label_names": ["a", "b", "c"], "tokenizer": "tiny"}
    cell = tmp_path / "results" / "toy" / "runs" / "lstm" / "n40" / "seed0"
    for setting, frozen in (("lr0.1", True), ("lr0.2", False)):
        outputs = run_outputs(cell / setting)
        recipe = RECIPE | {"embeddings": "tiny", "freeze_embeddings": frozen}
        run = Run({}, recipe, 0.1, {"embeddings": str(file)}, outputs)
        model = lstm.build(run, about).model
        save_model(model, outputs["model"], outputs["config"])
    return cell, file


def logits(folder):
    """Return what the model in a folder makes of two texts."""
    torch.manual_seed(0)
    model = lstm.LSTMClassifier.from_folder(folder).eval()
    ids = torch.randint(1, 50, (2, 7))
    return model, model(ids, torch.ones_like(ids)).logits


def test_frozen_embeddings_are_stored_once(cell):
    folder, file = cell
    table = load_file(file)["embeddings"]
    assert "embedding.weight" not in load_file(folder / "lr0.1" / "model.safetensors")
    assert torch.equal(load_file(folder / "lr0.2" / "model.safetensors")["embedding.weight"], table)
    for setting in ("lr0.1", "lr0.2"):
        check_model(folder / setting)
        model, _ = logits(folder / setting)
        assert torch.equal(model.embedding.weight, table)


def test_a_model_works_from_the_folder_of_the_selected_one(cell):
    folder, _ = cell
    first = logits(folder / "lr0.1")[1]
    (folder / "lr0.1").rename(folder / "selected")
    assert torch.equal(logits(folder / "selected")[1], first)


def test_other_or_missing_embeddings_are_refused(cell):
    folder, file = cell
    save_file({"embeddings": torch.randn(50, 12)}, file)
    with pytest.raises(BadInput, match=r"tiny\.safetensors: not the token embeddings that the model was trained with"):
        lstm.LSTMClassifier.from_folder(folder / "lr0.1")
    file.unlink()
    with pytest.raises(BadInput, match=r"tiny\.safetensors: missing"):
        lstm.LSTMClassifier.from_folder(folder / "lr0.1")
