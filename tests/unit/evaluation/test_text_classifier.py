"""A selected model works by itself: from raw texts it predicts what its run predicted."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard

from helpers.cells import ARMS, LENGTH, Cells
from helpers.models import change_weights
from helpers.paths import SCRIPTS
from pretrain_or_not import load
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.files.base_models import licence_of
from pretrain_or_not.files.json_files import read_json

PAIRED = ("bert", "lstm", "tfidf", "tfidf-tokens", "probe")


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_bert):
    """Return the folder of a tiny BERT whose states differ from text to text as those of a trained one."""
    folder = shutil.copytree(tiny_bert, tmp_path_factory.mktemp("models") / "tiny")
    change_weights(folder, lambda weights: {name: w * 10 if w.ndim > 1 else w for name, w in weights.items()})
    return folder


@pytest.fixture(scope="module")
def cells(tmp_path_factory, model):
    return Cells(tmp_path_factory.mktemp("cells"), model)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, model):
    return Cells(tmp_path_factory.mktemp("pairs"), model, pair=True)


@pytest.fixture(scope="module")
def made(cells, pairs):
    """Return a function (arm, pair) -> (folder of the model, its predictions); each cell is trained once."""
    done = {}

    def make(arm, pair=False):
        if (arm, pair) not in done:
            done[arm, pair] = (pairs if pair else cells).make(arm)
        return done[arm, pair]

    return make


def test_texts(cells):
    """Return the texts of the test data, pairs as tuples."""
    rows = pd.read_parquet(cells.examples).query("split == 'test'")
    return list(zip(rows["text"], rows["second_text"], strict=True)) if cells.pair else rows["text"].tolist()


test_texts.__test__ = False


def test_each_family_is_tried():
    """A language model, which is not trained, has its own test."""
    trained = {name for name, family in FAMILIES.items() if not family.language_model}
    assert {keys["family"] for keys in ARMS.values()} == trained


@pytest.mark.parametrize(("arm", "pair"), [*((arm, False) for arm in ARMS), *((arm, True) for arm in PAIRED)])
def test_a_selected_model_predicts_from_texts_what_its_run_predicted(made, cells, pairs, tmp_path, arm, pair):
    folder, predictions = made(arm, pair)
    moved = shutil.copytree(folder, tmp_path / "elsewhere")  # a copy: not next to its results
    expected = read_predictions(predictions)
    model = load(moved)
    found = model.predict(test_texts(pairs if pair else cells))
    assert model.classes == expected.about["label_names"]
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert found.labels == [model.classes[i] for i in expected.probabilities.argmax(axis=1)]
    if model.about["reads"] == "tokens":
        assert found.truncated == expected.about["truncated"] > 0
    assert np.ptp(expected.probabilities, axis=0).max() > 1e-3 or arm == "majority"


def test_pipeline_predicts_what_the_run_predicted(made, cells):
    from transformers import pipeline

    folder, predictions = made("bert")
    expected = read_predictions(predictions)
    classify = pipeline("text-classification", model=str(folder), truncation=True, top_k=None, device="cpu")
    assert classify.tokenizer.model_max_length == LENGTH
    found = classify(test_texts(cells))
    names = expected.about["label_names"]
    scores = [{entry["label"]: entry["score"] for entry in row} for row in found]
    np.testing.assert_allclose([[row[name] for name in names] for row in scores], expected.probabilities, atol=1e-5)


def test_transformers_alone_refuses_a_pool_of_modulations(made):
    from transformers import AutoModel, AutoModelForSequenceClassification, pipeline

    folder, _ = made("bert-l2m")
    for load_alone in (AutoModel.from_pretrained, AutoModelForSequenceClassification.from_pretrained,
                       lambda name: pipeline("text-classification", model=name)):  # fmt: skip
        with pytest.raises(ValueError, match="model type `l2m-bert` but Transformers does not recognize"):
            load_alone(str(folder))
    card = ModelCard.load(folder / "README.md")
    assert card.data.library_name == "pretrain-or-not"
    assert "from pretrain_or_not import load" in card.content and "pipeline(" not in card.content


@pytest.fixture
def of_columns(made, tmp_path):
    """Return the folder of a model whose data set joins three columns."""
    folder = shutil.copytree(made("tfidf")[0], tmp_path / "columns")
    about = read_json(folder / "classifier.json") | {"text": ["title", "kind", "body"], "separator": " the oven\n"}
    (folder / "classifier.json").write_text(json.dumps(about))
    return folder


def test_texts_of_several_columns_are_joined_as_the_data_set_joins_them(of_columns):
    model = load(of_columns)
    rows = [("the goal", " ", "a match"), ["", "", "the goal"], "an oven", ("", "", "")]
    joined = ["the goal the oven\na match", "the goal", "an oven", ""]
    found, expected = model.predict(rows), model.predict(joined)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    assert len({*found.probabilities[:, 0].tolist()}) == 4
    with pytest.raises(BadInput, match=r"item 0 is .*, not a text, or a tuple of .* joined: \(title, kind, body\)"):
        model.predict([("the goal", "a match")])


def test_the_card_says_how_columns_are_joined(of_columns, made):
    from pretrain_or_not.evaluation.model_card import model_card

    about = read_json(of_columns / "classifier.json") | {"family": "bert"}
    card = model_card(about, read_json(made("tfidf")[0].parent / "selected.json"))
    assert '`"title"`, `"kind"`, `"body"`, joined by `" the oven\\n"`, blank ones left out |' in card
    assert 'classify([" the oven\\n".join(["first text", "second text"])])' in card
    assert 'model.predict([("first text", "second text")])' in card


def test_the_card_of_a_model_of_pairs_says_how_transformers_reads_them(made, pairs):
    from transformers import pipeline

    folder, predictions = made("bert", True)
    assert 'classify([{"text": "first text", "text_pair": "second text"}])' in (folder / "README.md").read_text()
    expected = read_predictions(predictions)
    classify = pipeline("text-classification", model=str(folder), truncation=True, top_k=None, device="cpu")
    found = classify([{"text": first, "text_pair": second} for first, second in test_texts(pairs)])
    scores = [{entry["label"]: entry["score"] for entry in row} for row in found]
    names = expected.about["label_names"]
    np.testing.assert_allclose([[row[name] for name in names] for row in scores], expected.probabilities, atol=1e-5)


def test_the_package_is_imported_without_large_libraries():
    code = (
        "import sys, pretrain_or_not; print(sorted({'torch', 'numpy', 'pyarrow', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_no_texts_have_no_predictions(made):
    found = load(made("lstm")[0]).predict([])
    assert found.labels == [] and found.probabilities.shape == (0, 3)


@pytest.mark.parametrize(
    ("pair", "texts", "message"),
    [
        (False, "a text", "not one text: put it in a list"),
        (False, ["a", None], "item 1 is None, not a text"),
        (False, [("a", "b")], r"item 0 is \('a', 'b'\), not a text"),
        (True, ["a"], r"item 0 is 'a', not a pair of texts: \(first, second\)"),
        (True, [("a", "b"), ("a", None)], "item 1 is"),
    ],
)
def test_what_is_no_text_is_named(made, pair, texts, message):
    with pytest.raises(BadInput, match=message):
        load(made("tfidf", pair)[0]).predict(texts)


def test_blank_texts_and_lone_surrogates_are_classified(made):
    for arm in ("tfidf", "lstm", "static", "probe"):
        found = load(made(arm)[0]).predict(["", " ", "the goal \ud800", "the goal"])
        assert np.isfinite(found.probabilities).all() and None not in found.labels
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_folder_that_is_no_model_is_told_in_one_line(made, tmp_path):
    folder, _ = made("tfidf")
    cases = {
        tmp_path / "none": "none: no such folder; give the folder `selected`",
        tmp_path: "not a selected model, as it holds no model.safetensors; give the folder `selected`",
        folder.parent: "the model is in the folder inside; give .*selected",
    }
    for path, message in cases.items():
        with pytest.raises(BadInput, match=message) as caught:
            load(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "classifier.json", "config.json", "model.safetensors"])
def test_a_folder_that_is_not_as_it_was_written_is_refused(made, tmp_path, name):
    folder = shutil.copytree(made("lstm")[0], tmp_path / "model")
    text = (folder / name).read_bytes()
    (folder / name).unlink()
    with pytest.raises(BadInput, match=rf"{name}"):
        load(folder)
    if name.endswith(".json"):
        (folder / name).write_text(json.dumps(json.loads(text) | {"checksum": "other"}))
    else:
        (folder / name).write_bytes(text[:-1] + b"?")
    with pytest.raises(BadInput, match=r"not as it was written|not of the same model"):
        load(folder)


def test_a_frozen_encoder_computes_as_it_did_for_the_training(made):
    model = load(made("probe")[0])
    assert model.frozen.facts["precision"] == model.about["precision"]
    other = load(made("probe")[0])
    other.about["precision"] = {"fp32": "bf16", "bf16": "fp32"}[model.about["precision"]]
    assert other.frozen.facts["precision"] == other.about["precision"]


def test_a_frozen_encoder_is_checked(made, tmp_path):
    folder = shutil.copytree(made("probe")[0], tmp_path / "model")
    about = read_json(folder / "classifier.json")
    assert len(about["encoder"]["sha256"]) == 64
    for change, message in (
        ({"path": "/nowhere"}, r"encoder: .*no such folder.*correct `encoder: path` there"),
        ({"sha256": "0" * 64}, "SHA-256 is .*, not 000"),
    ):
        (folder / "classifier.json").write_text(json.dumps(about | {"encoder": about["encoder"] | change}))
        with pytest.raises(BadInput, match=message):
            load(folder).predict(["a text"])


def test_a_model_with_frozen_embeddings_holds_a_link_to_them(made, cells):
    folder, _ = made("lstm-frozen")
    assert (folder / "embeddings.safetensors").samefile(cells.catalogue.results / "embeddings/tiny.safetensors")
    assert not (made("lstm")[0] / "embeddings.safetensors").exists()


def test_the_card_says_what_is_known(made, cells):
    folder, predictions = made("bert")
    card = ModelCard.load(folder / "README.md")
    expected = read_predictions(predictions)
    accuracy = (expected.probabilities.argmax(axis=1) == expected.labels).mean()
    (result,) = card.data.eval_results
    assert (card.data.license, card.data.library_name) == ("unknown", "transformers")
    assert (result.metric_type, result.dataset_name) == ("accuracy", "toy")
    assert result.metric_value == pytest.approx(accuracy)
    assert f"| Accuracy | {100 * accuracy:.1f} % (95 % interval of sampling the 90 test examples: " in card.content
    assert "| Labels used | 40 to train, 30 to choose the run (seed 0) |" in card.content
    assert f"| Length | at most {LENGTH} tokens |" in card.content


@pytest.mark.parametrize(
    ("card", "config", "licence"),
    [("---\nlicense: mit\n---\n# A", {}, "mit"), ("# A", {"license": "gpl-3.0"}, "gpl-3.0"), ("---\n[", {}, "unknown")],
)
def test_a_licence_is_read_from_card_or_config(tmp_path, card, config, licence):
    (tmp_path / "README.md").write_text(card)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert licence_of({"path": str(tmp_path), "revision": None}) == licence
