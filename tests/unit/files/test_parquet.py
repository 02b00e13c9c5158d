"""Columns of Parquet files as arrays."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.files.parquet import to_numpy


@pytest.mark.parametrize("chunks", [[], [[]], [[1, 2], [3]]])
def test_a_column_is_an_array_of_its_type_however_many_chunks_it_has(chunks):
    found = to_numpy(pa.chunked_array(chunks, pa.int64()))
    assert found.dtype == np.int64 and found.tolist() == sum(chunks, [])
