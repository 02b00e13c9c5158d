"""Write down which training rows a size and a seed stand for."""

import numpy as np
import pyarrow as pa

from artifacts import open_parquet, read_json, write_table
from sizes import count
from stage import log, stage
from subsets import window


def subsample(tokens, dataset, size, seed, output):
    """Write the ids (and row positions) of a subset, in order; see `subsets.window`."""
    facts = read_json(dataset)
    total = facts["rows"]["train"]
    n = count(size, total)
    rows = window(n, seed, total)
    with open_parquet(tokens) as file:
        ids = file.read(columns=["id"])["id"].combine_chunks().take(pa.array(rows))
    table = pa.table({"id": ids, "row": rows.astype(np.int64)})
    write_table(output, table, dataset=facts["dataset"], size=size, seed=seed, total=total)
    log.info("size %s, seed %d: %d of %d training rows, from row %d", size, seed, n, total, rows[0])


if __name__ == "__main__":
    with stage(snakemake):
        subsample(
            tokens=snakemake.input.examples,
            dataset=snakemake.input.dataset,
            size=snakemake.wildcards.size,
            seed=int(snakemake.wildcards.seed),
            output=snakemake.output[0],
        )
