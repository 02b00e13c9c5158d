"""An exported model predicts in onnxruntime what it predicted in torch, with nothing but the files of its folder."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from helpers.cells import ARMS, Cells
from helpers.models import change_weights
from helpers.paths import ROOT
from pretrain_or_not import load
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.export import main
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.provenance import sha256_of

NEEDED = "the optional packages of envs/onnx.txt are not installed (make onnx)"
for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package, reason=NEEDED)

TEXTS = ["the goal", "oven flour butter " * 3 + "the visa", "a", "match of the season with a ball on the pan " * 4]
PAIRS = [(TEXTS[0], TEXTS[3]), (TEXTS[3], TEXTS[0]), (TEXTS[1], TEXTS[1]), (TEXTS[2], TEXTS[1])]


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_bert):
    """Return the folder of a tiny BERT with token types, whose states differ from text to text as trained ones do."""
    folder = shutil.copytree(tiny_bert, tmp_path_factory.mktemp("models") / "tiny")
    change_weights(folder, lambda weights: {name: w * 10 if w.ndim > 1 else w for name, w in weights.items()})
    settings = folder / "tokenizer_config.json"
    names = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    settings.write_text(json.dumps(read_json(settings) | names))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, model):
    """Return a function (arm, pair) -> (folder of the model, its predictions); each cell is trained once."""
    cells, done = {}, {}

    def make(arm, pair=False):
        if pair not in cells:
            cells[pair] = Cells(tmp_path_factory.mktemp("cells"), model, pair=pair)
        if (arm, pair) not in done:
            done[arm, pair] = cells[pair].make(arm)
        return done[arm, pair]

    return make


def serve(folder, texts):
    """Return the probabilities that the code of the documentation computes with the files of a folder."""
    sys.path.append(str(ROOT / "tools"))
    try:
        from doc_blocks import read_blocks
    finally:
        sys.path.pop()
    page = ROOT / "docs/using-a-model.md"
    (code,) = [block.text for block in read_blocks(page) if "import onnxruntime" in block.text]
    for line in ('folder = Path("served")', "texts = [", "for text, row"):
        assert code.count(line) == 1
    place = {}
    exec(code.replace('Path("served")', f"Path({str(folder)!r})").partition("\ntexts = [")[0], place)
    return place["classify"](texts)


EXPORTED = ("bert", "bert-l2m", "lstm", "lstm-frozen", "bag", "contrastive")


def test_each_neural_family_is_tried():
    assert {ARMS[arm]["family"] for arm in EXPORTED} == {
        family.name for family in FAMILIES.values() if family.neural and not family.language_model
    }


@pytest.mark.parametrize(("arm", "pair"), [*((arm, False) for arm in EXPORTED), ("bert", True)])
def test_an_exported_model_predicts_as_before(made, tmp_path, arm, pair):
    selected, _ = made(arm, pair)
    folder = shutil.copytree(selected, tmp_path / "model")  # not next to its results
    out = tmp_path / "served"
    assert main([str(folder), str(out)]) == 0
    texts = PAIRS if pair else TEXTS
    expected = load(folder).predict(texts).probabilities
    np.testing.assert_allclose(serve(out, texts), expected, atol=1e-5)
    for text, row in zip(texts, expected, strict=True):
        np.testing.assert_allclose(serve(out, [text])[0], row, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 5e-4  # far more than the tolerance
    about = read_json(out / "classifier.json")
    assert about["onnx"]["inputs"] == ["input_ids", "attention_mask", *(["token_type_ids"] if pair else [])]
    assert about["onnx"]["largest_difference"] <= 1e-5
    assert about["onnx"]["files"] == {"model.onnx": sha256_of(out / "model.onnx")}
    assert (out / "config.json").exists() == arm.startswith("bert")
    assert not (out / "comparison.json").exists()


def test_size_accuracy_and_time_are_compared_on_the_test_split(made, tmp_path, capsys):
    folder, predictions = made("lstm")
    assert main([str(folder), str(tmp_path / "served"), "--int8", "--most", "60"]) == 0
    shown = capsys.readouterr().out
    assert "On 60 texts of the test split of toy" in shown and "int8: " in shown
    expected = read_predictions(predictions)
    rows = np.random.default_rng(0).permutation(len(expected.labels))[:60]
    right = (expected.probabilities.argmax(axis=1) == expected.labels)[rows].mean()
    original, graph, int8 = read_json(tmp_path / "served/comparison.json")["variants"]
    assert original["accuracy"] == graph["accuracy"] == pytest.approx(right)
    assert (original["precision"], graph["precision"], int8["precision"]) == ("fp32", "fp32", "int8")
    assert original["bytes"] == (folder / "model.safetensors").stat().st_size
    assert int8["bytes"] == (tmp_path / "served/model_int8.onnx").stat().st_size < graph["bytes"]
    assert graph["other_class_than_original"] == 0
    for variant in (original, graph, int8):
        assert set(variant["ms_per_text"]) == set(variant["cpu_ms_per_text"]) == {"1", "32"}
    assert set(read_json(tmp_path / "served/classifier.json")["onnx"]["files"]) == {"model.onnx", "model_int8.onnx"}


def test_a_model_is_compared_on_texts_of_a_file(made, tmp_path, capsys):
    folder, _ = made("bag")
    classes = load(folder).classes
    rows = pd.DataFrame({"text": [*TEXTS, None], "star": [*classes, classes[0], classes[1]]})
    rows.to_csv(tmp_path / "new.csv", index=False)
    arguments = [str(folder), str(tmp_path / "served"), "--texts", str(tmp_path / "new.csv"), "--label", "star"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert f"On 4 texts of {tmp_path / 'new.csv'}" in shown and "1 row without text or label left out." in shown
    found = read_json(tmp_path / "served/comparison.json")
    right = np.mean(np.array(load(folder).predict(TEXTS).labels) == rows["star"][:4])
    assert [variant["accuracy"] for variant in found["variants"]] == [right, right]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("text,label\nthe goal,other\n", "label 'other' is none of the model's classes"),
        ("text,label\n,sports\n", "no row has a text and a label"),
        (None, "no such file"),
    ],
)
def test_texts_that_cannot_be_used_are_told_before_the_export(made, tmp_path, capsys, rows, message):
    file = tmp_path / "new.csv"
    if rows:
        file.write_text(rows)
    assert main([str(made("lstm")[0]), str(tmp_path / "served"), "--texts", str(file)]) == 1
    assert_one_line(capsys, message)
    assert not (tmp_path / "served").exists()


def test_a_family_without_a_network_is_refused(made, tmp_path, capsys):
    assert main([str(made("tfidf")[0]), str(tmp_path / "served")]) == 1
    assert_one_line(capsys, "family 'tfidf' is not exported, as it is no neural network")


def test_a_folder_that_exists_is_not_touched(made, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main([str(made("lstm")[0]), str(tmp_path)]) == 1
    assert_one_line(capsys, "exists already; give the name of a new folder")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_missing_packages_are_named(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "pretrain_or_not.evaluation.onnx_folder.installed_version", lambda name: None if name == "onnxscript" else "1"
    )
    assert main([str(made("lstm")[0]), str(tmp_path / "served")]) == 1
    assert_one_line(capsys, "onnxscript not installed; run `make onnx`")


def test_a_graph_that_differs_leaves_nothing(made, tmp_path, capsys, monkeypatch):
    def differ(*arguments):
        raise BadInput("onnxruntime does not predict as torch does; nothing is written")

    monkeypatch.setattr("pretrain_or_not.evaluation.onnx_folder.write_graph", lambda *arguments: [])
    monkeypatch.setattr("pretrain_or_not.evaluation.onnx_folder.onnx_run", lambda *arguments: None)
    monkeypatch.setattr("pretrain_or_not.evaluation.onnx_folder.check_same", differ)
    assert main([str(made("lstm")[0]), str(tmp_path / "served")]) == 1
    assert_one_line(capsys, "selected: onnxruntime does not predict as torch does; nothing is written")
    assert list(tmp_path.iterdir()) == []


def assert_one_line(capsys, message):
    errors = capsys.readouterr().err
    assert errors.startswith("ERROR: ") and message in errors and errors.count("\n") == 1
