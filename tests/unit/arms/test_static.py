"""Static embeddings against scikit-learn's pipeline, and their saved form."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.training import run_outputs
from pretrain_or_not.arms.static import StaticClassifier, build
from pretrain_or_not.errors import BadInput
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run

TABLE = np.random.default_rng(0).normal(size=(55, 7)).astype(np.float32)


def means(examples):
    """Return the mean embedding of each example, computed one by one."""
    bounds = zip(examples.offsets[:-1], examples.offsets[1:], strict=True)
    return np.array([TABLE[examples.tokens[a:b]].mean(axis=0) for a, b in bounds])


def config(classes, weights=None):
    return {"C": 0.5, "class_weights": weights, "classes": classes, "vocabulary": len(TABLE)}


@pytest.mark.parametrize(("classes", "weights"), [(2, None), (4, None), (3, "balanced")])
def test_against_scikit_learn(make_examples, tmp_path, classes, weights):
    train, test = make_examples(200, classes, seed=1), make_examples(80, classes, seed=2)
    train.labels[:120] = 0  # more frequent than the others
    model = StaticClassifier(config(classes, weights), TABLE).fit(train)
    head = LogisticRegression(C=0.5, class_weight=weights, max_iter=1000)
    peer = make_pipeline(StandardScaler(), head).fit(means(train), train.labels)
    np.testing.assert_allclose(model.predict(test), peer.predict_proba(means(test)), atol=2e-3)
    model.save_pretrained(tmp_path)
    assert {name: a.shape for name, a in load_file(tmp_path / "model.safetensors").items()} == {
        "coefficients": (classes, 55), "intercepts": (classes,),
    }  # fmt: skip
    assert np.array_equal(StaticClassifier.from_folder(tmp_path).predict(test), model.predict(test))


def test_a_class_missing_from_the_subset_is_never_predicted(make_examples):
    train = make_examples(60, classes=3)
    train.labels[:] = np.resize([0, 2], 60)
    probabilities = StaticClassifier(config(3), TABLE).fit(train).predict(make_examples(30, seed=5))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert not probabilities[:, 1].any() and probabilities[:, [0, 2]].all()


def test_a_run_counts_the_frozen_table_and_the_fitted_weights(make_examples, tmp_path):
    run = Run(cell={"seed": 0}, recipe={}, value=0.5, inputs={}, outputs=run_outputs(tmp_path))
    fit_and_save(StaticClassifier(config(3), TABLE), make_examples(60), make_examples(20), run, feature_cost={})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["parameters_trained"] == 3 * 8
    assert cost["parameters"] == 55 * 7 + 3 * 8 and cost["parameters_embedding"] == 55 * 7
    assert cost["device"] == "cpu" and cost["precision"] == "fp32"


def test_a_table_without_rows_for_some_tokens_is_refused(tmp_path):
    save_file({"embeddings": TABLE}, tmp_path / "table.safetensors")
    run = Run({}, {"class_weights": "balanced"}, 1.0, {"embeddings": str(tmp_path / "table.safetensors")}, {})
    about = {"vocabulary": 56, "tokenizer": "tiny", "label_names": ["a", "b"]}
    with pytest.raises(BadInput, match="models: tiny: 55 token embeddings for a vocabulary of 56"):
        build(run, about)
    assert build(run, about | {"vocabulary": 55}).config == config(2, "balanced") | {"C": 1.0}
