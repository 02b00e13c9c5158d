"""What testing a cell reads."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.data.examples import Takes
from pretrain_or_not.evaluation.predict import read_test
from pretrain_or_not.files.parquet import write_table


@pytest.mark.parametrize(("folds", "tested"), [(None, 100), (5, 20)])
def test_a_fold_has_its_share_of_the_cost_of_features(tmp_path, folds, tested):
    features = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(200, np.float32)), 2)
    rows = np.arange(100)
    table = pa.table({"row": rows, "id": rows, "label": np.zeros(100, np.int32), "features": features})
    write_table(tmp_path / "features.parquet", table, dataset="d", tokenizer="m", split="train" if folds else "test",
                label_names=["a", "b"], truncated=10,
                inference={"seconds": 5.0, "flops": 1000, "examples": 100})  # fmt: skip
    subset = pa.table({"id": rows, "row": rows, "split": np.where(rows < 20, "test", "train")})
    write_table(tmp_path / "subset.parquet", subset, dataset="d", folds=folds)
    run = {"dataset": "d", "recipe": {"model": "m"}}
    found = read_test("features", tmp_path / "features.parquet", tmp_path / "subset.parquet", run, Takes())
    share = tested / 100
    assert len(found[0]) == tested and found[1:] == pytest.approx((5 * share, 1000 * share, 10 * share))
