"""The TF-IDF baseline against scikit-learn's own pipeline."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from helpers.texts import make_rows
from helpers.training import run_outputs
from pretrain_or_not.arms import tfidf as module
from pretrain_or_not.arms.tfidf import TfidfClassifier
from pretrain_or_not.compute import logistic
from pretrain_or_not.compute.tfidf_block import TfidfBlock
from pretrain_or_not.data import texts as texts_module
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run

HARD = [
    "",
    " ",
    "a",
    "Don't STOP, don't!",
    "naïve café 北京 ünï",
    "x1 __y\u00a0z\nnew  line",
    "ΑΣ İstanbul ß",
    "\ud800 ok",
]
ROWS = make_rows(200) + [(text, "travel") for text in HARD]
LABELS = np.unique([label for _, label in ROWS], return_inverse=True)[1]


def config(classes, **changes):
    return {
        "words": [1, 2], "characters": None, "lowercase": True, "hash_bits": None, "sublinear": True, "min_count": 1,
        "tokens": False, "C": 3.0, "class_weights": None, "classes": classes,
    } | changes  # fmt: skip


def texts(start=0, end=None):
    """Return some of the texts, with labels."""
    found = Texts.of([text.encode("utf-8", "replace").decode() for text, _ in ROWS[start:end]])
    found.about["label_names"] = ["cooking", "sports", "travel"]
    found.labels[:] = LABELS[start:end]
    return found


def peer(lowercase=True, sublinear=True, min_count=1, words=None, characters=None):
    """Return what scikit-learn has for the keys of an arm."""
    rest = {"lowercase": lowercase, "sublinear_tf": sublinear, "min_df": min_count}
    blocks = [TfidfVectorizer(ngram_range=tuple(words), **rest)] if words else []
    if characters:
        blocks.append(TfidfVectorizer(ngram_range=tuple(characters), analyzer="char_wb", **rest))
    return make_union(*blocks)


KEYS = [
    {"words": [1, 1]},
    {"words": [1, 2], "min_count": 2},
    {"words": [2, 3], "lowercase": False},
    {"words": [1, 2], "sublinear": False},
    {"words": None, "characters": [1, 3]},
    {"words": None, "characters": [2, 5]},
    {"words": None, "characters": [4, 6], "lowercase": False},
    {"words": [1, 2], "characters": [2, 5], "min_count": 3},
]


def sorted_columns(matrix):
    """Return a matrix as an array with its columns in an order that depends on their values only."""
    array = sp.csr_matrix(matrix).toarray().round(9)
    return array[:, np.lexsort(array)]


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_the_same_features_as_scikit_learn(keys, monkeypatch):
    monkeypatch.setattr(texts_module, "BYTES_AT_ONCE", 1000)  # many parts
    train, test = texts(40), texts(0, 40)
    assert len(list(train.parts())) > 5
    model, theirs = TfidfClassifier(config(3, **keys)), peer(**keys)
    matrices = []
    for block, (_, vectorizer) in zip(model.blocks, theirs.transformer_list, strict=True):
        fitted = block.fit([block.counts(part) for part in train.parts()])
        matrix = vectorizer.fit_transform(train.to_list())
        assert fitted.shape == matrix.shape
        np.testing.assert_allclose(sorted_columns(fitted), sorted_columns(matrix), atol=1e-8)
        # Both sides have their columns in an order of their own: each is put in order by the training rows.
        both = [
            sp.vstack([fitted, *map(block.transform, test.parts())]),
            sp.vstack([matrix, vectorizer.transform(test.to_list())]),
        ]
        np.testing.assert_allclose(sorted_columns(both[0]), sorted_columns(both[1]), atol=1e-8)
        matrices.append(fitted)
    assert len(matrices) == (2 if keys["words"] and "characters" in keys else 1)


@pytest.mark.parametrize("keys", [KEYS[1], KEYS[7]], ids=str)
@pytest.mark.parametrize("hash_bits", [None, 31])
def test_the_same_predictions_as_scikit_learn(keys, hash_bits, tmp_path):
    train, test = texts(40), texts(0, 40)
    theirs = make_pipeline(peer(**keys), LogisticRegression(C=3.0, max_iter=1000)).fit(train.to_list(), train.labels)
    model = TfidfClassifier(config(3, **keys, hash_bits=hash_bits)).fit(train)
    np.testing.assert_allclose(model.predict(test), theirs.predict_proba(test.to_list()), atol=1e-3)
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.safetensors", "config.json"}
    assert np.array_equal(TfidfClassifier.from_folder(tmp_path).predict(test), model.predict(test))
    assert model.predict(Texts.of([])).shape == (0, 3)


def test_hashing_bounds_the_number_of_features():
    model = TfidfClassifier(config(3, hash_bits=8, characters=[2, 5])).fit(texts(40))
    assert all(200 < len(block.features) <= 256 for block in model.blocks)
    assert (model.predict(texts(40)).argmax(axis=1) == texts(40).labels).mean() > 0.9


@pytest.mark.parametrize(("keys", "count"), [({"min_count": 99}, 99), ({"words": [9, 9]}, 1)])
def test_no_feature_at_all_is_refused(keys, count):
    with pytest.raises(BadInput, match=f"no n-gram of words is in {count} of the training examples; lower `min_count`"):
        TfidfClassifier(config(3, **keys)).fit(texts(200, 208))


@pytest.mark.parametrize("keys", [{"words": [1, 9]}, {"words": None, "characters": [2, 9]}], ids=str)
@pytest.mark.parametrize("alone", ["", "no", "a text", "of three words"])
def test_a_part_that_is_shorter_than_the_longest_ngram(keys, alone):
    model = TfidfClassifier(config(3, **keys)).fit(texts())
    few = Texts.of([alone])
    expected = model.predict(Texts.of([alone, *(text for text, _ in ROWS[:50])]))[:1]
    np.testing.assert_allclose(model.predict(few), expected, rtol=1e-5)


@pytest.mark.parametrize(("ngrams", "min_count", "classes"), [(1, 1, 2), (2, 1, 3), (3, 3, 4)])
def test_tokens_in_place_of_words(make_examples, monkeypatch, ngrams, min_count, classes):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", 100)  # many parts
    train, test = make_examples(200, classes, seed=1), make_examples(80, classes, seed=2)
    vectorizer = TfidfVectorizer(ngram_range=(1, ngrams), min_df=min_count, sublinear_tf=True, token_pattern=r"\S+")
    theirs = make_pipeline(vectorizer, LogisticRegression(C=3.0, max_iter=1000)).fit(documents(train), train.labels)
    model = TfidfClassifier(config(classes, words=[1, ngrams], min_count=min_count, tokens=True)).fit(train)
    assert len(model.blocks[0].features) == len(vectorizer.vocabulary_)
    np.testing.assert_allclose(model.predict(test), theirs.predict_proba(documents(test)), atol=1e-3)


def documents(examples):
    """Return tokens as texts of words."""
    bounds = zip(examples.offsets, examples.offsets[1:], strict=False)
    return [" ".join(f"t{token}" for token in examples.tokens[a:b]) for a, b in bounds]


def test_codes_are_the_same_everywhere():
    """A saved model holds them."""

    def mixed(number):
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            number = ((number ^ (number >> shift)) * factor) % 2**64
        return number ^ (number >> 31)

    def code(units):
        return sum(mixed((unit + place * 0x9E3779B97F4A7C15) % 2**64) for place, unit in enumerate(units, 1)) % 2**64

    words = [code(map(ord, word)) for word in ("hello", "world")]
    codes, counts = TfidfBlock("words", config(2)).counts(["world hello, hello"])
    assert dict(zip(codes.tolist(), counts.toarray()[0], strict=True)) == {
        code(words[:1]): 2, code(words[1:]): 1, code(words[::-1]): 1, code([words[0], words[0]]): 1,
    }  # fmt: skip


@pytest.mark.parametrize("present", [[2], [0, 2], [0, 1, 2]])
def test_a_class_missing_from_the_subset_is_never_predicted(present):
    train = texts()
    train.labels[:] = np.resize(present, len(train))
    probabilities = TfidfClassifier(config(4)).fit(train).predict(texts(0, 30))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert set(np.flatnonzero(probabilities.max(axis=0))) == set(present)


@pytest.mark.parametrize(("classes", "rows"), [(2, 1), (3, 3)])
@pytest.mark.parametrize("limit", [1000, 2])
def test_what_a_run_says_of_the_fit(tmp_path, monkeypatch, caplog, classes, rows, limit):
    monkeypatch.setattr(logistic, "MAX_ITERATIONS", limit)
    caplog.set_level("INFO", "pretrain_or_not")
    model = TfidfClassifier(config(classes))
    run = Run(cell={"seed": 0}, recipe={}, value=3.0, inputs={}, outputs=run_outputs(tmp_path))
    train, validation = texts(40), texts(0, 40)
    for examples in (train, validation):
        examples.labels[:] %= classes
    fit_and_save(model, train, validation, run, feature_cost={})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["parameters"] == cost["parameters_trained"] == rows * (len(model.blocks[0].features) + 1)
    assert cost["converged"] == (limit == 1000)
    assert ("the fit stopped after 2 iterations, before it converged" in caplog.text) == (limit == 2)
