"""Read a Parquet file as a data frame."""

import pandas as pd

from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.files.paths import PathLike


def read_frame(path: PathLike) -> pd.DataFrame:
    """Return all rows of a Parquet file."""
    with open_parquet(path) as file:
        return file.read().to_pandas()
