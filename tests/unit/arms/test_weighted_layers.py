"""The probe on a weighted mean of layers: against scikit-learn, and with one layer that knows the classes."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from pretrain_or_not.arms.probe import ProbeClassifier, load
from pretrain_or_not.compute.weighted_layers import Objective, WeightedLayersClassifier
from pretrain_or_not.data.features import Features


def planted(n, classes, layers, informative, seed, width=5):
    """Return Features of so many layers of noise, of which one holds the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    states = rng.normal(size=(n, layers, width))
    states[:, informative, :classes] += 1.5 * np.eye(classes)[labels]
    matrix = states.reshape(n, -1).astype(np.float16)
    return Features(np.arange(n), labels, matrix, {"label_names": list("abcd")[:classes]})


def fitted(train, layers, **config):
    keys = {"C": 0.1, "class_weights": None, "classes": len(train.about["label_names"]), "layers": layers}
    return WeightedLayersClassifier(keys | {"states": "all-mean"} | config).fit(train)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("informative", [0, 2])
def test_the_layer_that_knows_the_classes_has_the_weight(tmp_path, classes, informative):
    train, test = planted(400, classes, 4, informative, 0), planted(200, classes, 4, informative, 1)
    model = fitted(train, 4)
    assert model.layer_weights.sum() == pytest.approx(1) and model.layer_weights[informative] > 0.8
    assert model.facts["layer_weights"] == model.layer_weights.tolist() and model.converged
    predicted = model.predict(test)
    alone = planted(200, classes, 4, informative, 1).matrix.reshape(200, 4, -1)[:, informative]
    layer = train.matrix.reshape(400, 4, -1)[:, informative]
    peer = ProbeClassifier({"C": 0.1, "class_weights": None, "classes": classes})
    peer.fit(Features(train.ids, train.labels, layer, {}))
    of_layer = peer.predict(Features(test.ids, test.labels, alone, {}))
    right, peers = ((p.argmax(axis=1) == test.labels).mean() for p in (predicted, of_layer))
    assert right > peers - 0.05
    model.save_pretrained(tmp_path)
    assert np.array_equal(load(tmp_path, "fp32").predict(test)[0], predicted)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("class_weights", [None, "balanced"])
def test_with_one_layer_it_is_the_plain_probe(classes, class_weights):
    train, test = planted(300, classes, 1, 0, 0), planted(100, classes, 1, 0, 1)
    train = Features(train.ids[:250], train.labels[:250], train.matrix[:250], train.about)
    plain = ProbeClassifier({"C": 0.1, "class_weights": class_weights, "classes": classes}).fit(train)
    model = fitted(train, 1, class_weights=class_weights)
    np.testing.assert_allclose(model.predict(test), plain.predict(test), atol=2e-3)
    assert model.layer_weights.tolist() == [1.0] and model.parameters == plain.parameters + 1


@pytest.mark.parametrize("rows", [1, 3])
def test_the_gradient_is_that_of_the_loss(rows):
    rng = np.random.default_rng(0)
    states, labels = rng.normal(size=(20, 3, 4)), rng.integers(0, max(2, rows), 20)
    loss = Objective(states, labels, rng.random(20) + 0.5, rows, 0.3)
    at = rng.normal(size=rows * 5 + 3)
    assert check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], at) < 1e-5


def test_classes_that_the_subset_lacks_are_never_predicted():
    train = planted(200, 3, 2, 1, 0)
    some = train.labels != 1
    model = fitted(Features(train.ids[some], train.labels[some], train.matrix[some], train.about), 2)
    predicted = model.predict(train)
    assert (predicted[:, 1] == 0).all() and (predicted.argmax(axis=1) == train.labels)[some].mean() > 0.8
    one = train.labels == 2
    model = fitted(Features(train.ids[one], train.labels[one], train.matrix[one], train.about), 2)
    assert (model.predict(train)[:, 2] == 1).all() and model.layer_weights.tolist() == [0.5, 0.5]
