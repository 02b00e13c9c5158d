"""The linear probe against scikit-learn's pipeline, and the features that it reads."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pretrain_or_not.arms.probe import ProbeClassifier
from pretrain_or_not.data.examples import read_examples, read_subset
from pretrain_or_not.data.features import Features
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table


def planted(n, classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    matrix = rng.normal(size=(n, 6)) * [1, 10, 0.1, 1, 1, 0] + labels[:, None]
    return Features(rng.permutation(n), labels, matrix.astype(np.float32), {"label_names": list("abcd")[:classes]})


@pytest.mark.parametrize("classes", [2, 4])
def test_probe_against_scikit_learn(tmp_path, classes):
    train, test = planted(200, classes, 0), planted(100, classes, 1)
    model = ProbeClassifier({"C": 0.1, "class_weights": None, "classes": classes}).fit(train)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(train.matrix, train.labels)
    np.testing.assert_allclose(model.predict(test), peer.predict_proba(test.matrix), atol=1e-3)
    model.save_pretrained(tmp_path)
    assert np.array_equal(ProbeClassifier.from_folder(tmp_path).predict(test), model.predict(test))


def test_features_of_a_subset_come_in_its_order(tmp_path):
    features = planted(50, 2, 0)
    column = pa.FixedSizeListArray.from_arrays(pa.array(features.matrix.ravel()), 6)
    table = pa.table({"id": features.ids, "label": features.labels, "features": column})
    write_table(tmp_path / "features.parquet", table, label_names=["a", "b"], split="train")
    rows = np.array([49, 0, 7])
    write_table(tmp_path / "subset.parquet", pa.table({"id": features.ids[rows], "row": rows}))
    subset = read_subset(tmp_path / "features.parquet", tmp_path / "subset.parquet", Features.from_table)
    assert np.array_equal(subset.matrix, features.matrix[rows]) and subset.about["label_names"] == ["a", "b"]
    assert np.array_equal(
        read_examples(tmp_path / "features.parquet", 4, Features.from_table).matrix, features.matrix[:4]
    )
    write_table(tmp_path / "other.parquet", pa.table({"id": features.ids[rows] + 1, "row": rows}))
    with pytest.raises(BadInput, match="ids are not those"):
        read_subset(tmp_path / "features.parquet", tmp_path / "other.parquet", Features.from_table)
