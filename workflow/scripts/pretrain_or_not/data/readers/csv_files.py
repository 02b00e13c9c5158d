"""Read CSV files as streams of Arrow tables."""

import glob
import io
import os

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH
from pretrain_or_not.data.readers.csv_check import check_csv


def read_csv(path, kind):
    """Yield tables of all columns, streamed through `datasets`."""
    # Nothing is fetched: an unreachable hub must not delay reading a local file.
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets as hf

    options = csv_options(path, kind)
    stream = hf.load_dataset("csv", data_files=glob.escape(path), split="train", streaming=True, **options)
    yield from stream.with_format("arrow").iter(batch_size=ROWS_PER_BATCH)


def csv_options(path, kind):
    """Read cells as they are written: no guessed types, which differ from chunk to chunk, no "NA" taken for null."""
    import datasets as hf
    import pandas as pd
    from pandas.io.common import get_handle

    separator = "\t" if kind == "tsv" else ","
    with get_handle(path, "rb", compression="infer", is_text=False) as opened:
        check_csv(io.BufferedReader(opened.handle), path, separator)  # not all readers give lines
    columns = pd.read_csv(path, sep=separator, nrows=0).columns
    features = hf.Features({column: hf.Value("string") for column in columns})
    return {"sep": separator, "features": features, "keep_default_na": False}
