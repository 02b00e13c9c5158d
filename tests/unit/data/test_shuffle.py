"""Texts brought into another order, through buckets on disk."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pretrain_or_not.data.shuffle import reordered


@pytest.mark.parametrize(("rows", "kept", "per_group"), [(100, 83, 7), (100, 100, 10), (50, 50, 64), (30, 1, 4)])
def test_texts_follow_an_order_that_omits_some(tmp_path, rows, kept, per_group):
    ids = np.random.default_rng(0).permutation(rows)[:kept]
    texts = [f"text {i} " * (i % 5) for i in range(rows)]
    scratch = pa.table({"id": np.arange(rows), "text": pa.array(texts, pa.large_string())})
    pq.write_table(scratch, tmp_path / "rows.parquet", row_group_size=11)
    order = pa.table({"id": ids, "label": ids % 3})
    pq.write_table(order, tmp_path / "order.parquet", row_group_size=13)
    tables = list(reordered(tmp_path / "rows.parquet", tmp_path / "order.parquet", rows, per_group, tmp_path))
    assert [table.num_rows for table in tables[:-1]] == [per_group] * (len(tables) - 1)
    found = pa.concat_tables(tables)
    assert found["id"].to_pylist() == ids.tolist() and found["label"].to_pylist() == (ids % 3).tolist()
    assert found["text"].to_pylist() == [texts[i] for i in ids]


def test_ids_of_the_source_may_have_holes(tmp_path):
    """Rows were dropped when the source was cleaned: its ids have holes."""
    pq.write_table(pa.table({"id": [1, 4, 9], "text": pa.array(["b", "e", "j"], pa.large_string())}), tmp_path / "r")
    pq.write_table(pa.table({"id": [9, 1, 4]}), tmp_path / "o")
    tables = list(reordered(tmp_path / "r", tmp_path / "o", 12, 2, tmp_path))
    assert pa.concat_tables(tables)["text"].to_pylist() == ["j", "b", "e"]
