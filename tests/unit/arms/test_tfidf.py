"""The TF-IDF baseline against scikit-learn's own pipeline."""

import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from helpers.training import run_outputs
from pretrain_or_not.arms.tfidf import TfidfClassifier
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run


def documents(examples):
    bounds = zip(examples.offsets, examples.offsets[1:], strict=False)
    return [" ".join(f"t{token}" for token in examples.tokens[a:b]) for a, b in bounds]


def config(classes, **changes):
    return {
        "ngrams": 2,
        "min_count": 1,
        "vocabulary": 50,
        "C": 3.0,
        "class_weights": None,
        "classes": classes,
    } | changes


@pytest.mark.parametrize(("ngrams", "min_count", "classes"), [(1, 1, 2), (2, 1, 3), (2, 3, 4)])
def test_against_scikit_learn(make_examples, tmp_path, ngrams, min_count, classes):
    train, test = make_examples(200, classes, seed=1), make_examples(80, classes, seed=2)
    vectorizer = TfidfVectorizer(ngram_range=(1, ngrams), min_df=min_count, sublinear_tf=True, token_pattern=r"\S+")
    peer = make_pipeline(vectorizer, LogisticRegression(C=3.0, max_iter=1000)).fit(documents(train), train.labels)
    model = TfidfClassifier(config(classes, ngrams=ngrams, min_count=min_count)).fit(train)
    assert len(model.features) == len(vectorizer.vocabulary_)
    np.testing.assert_allclose(model.predict(test), peer.predict_proba(documents(test)), atol=5e-3)
    model.save_pretrained(tmp_path)
    assert np.array_equal(TfidfClassifier.from_folder(tmp_path).predict(test), model.predict(test))


@pytest.mark.parametrize("present", [[2], [0, 2], [0, 1, 2]])
def test_a_class_missing_from_the_subset_is_never_predicted(make_examples, present):
    train = make_examples(60, classes=4)
    train.labels[:] = np.resize(present, 60)
    probabilities = TfidfClassifier(config(4)).fit(train).predict(make_examples(30, seed=5))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert set(np.flatnonzero(probabilities.max(axis=0))) == set(present)


@pytest.mark.parametrize(("classes", "rows"), [(2, 1), (3, 3)])
def test_parameters_are_the_weights_that_were_fitted(make_examples, tmp_path, classes, rows):
    model = TfidfClassifier(config(classes))
    run = Run(cell={"seed": 0}, recipe={}, value=3.0, inputs={}, outputs=run_outputs(tmp_path))
    fit_and_save(model, make_examples(60, classes), make_examples(20, classes), run, feature_cost={})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["parameters"] == cost["parameters_trained"] == rows * (len(model.features) + 1)
