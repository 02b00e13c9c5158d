"""Bring the texts of a file into a given order without holding more than a few thousand of them: a bucket sort on disk.

The new order is cut into groups. One pass over the file deals each text into the bucket of its group; then group after
group is read back, and put in order in memory.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def reordered(rows, order, ids, rows_per_group, folder, columns=("text",)):
    """Yield tables of `rows_per_group` rows: those of the Parquet file `order`, in its order, with further `columns`.

    rows: Parquet file with `id`, ascending from 0 and below `ids`, and `columns`. order: Parquet file with `id` and any
    other columns; rows that it leaves out are left out. folder: for a file in between, as large as the texts.
    """
    buckets = Path(folder) / "buckets.arrow"
    with pq.ParquetFile(order, pre_buffer=False) as file:
        bucket_of = np.full(ids, -1, dtype=np.int32)
        for bucket, group in enumerate(file.iter_batches(rows_per_group, columns=["id"])):
            bucket_of[group["id"].to_numpy()] = bucket
        pieces = deal(rows, bucket_of, rows_per_group, buckets, ["id", *columns])
        with pa.OSFile(str(buckets)) as dealt:
            reader = pa.ipc.open_file(dealt)
            for bucket, group in enumerate(file.iter_batches(rows_per_group)):
                texts = pa.Table.from_batches([reader.get_batch(piece) for piece in pieces[bucket]])
                # A bucket's pieces were dealt in the order of their ids.
                at = np.searchsorted(texts["id"].to_numpy(), group["id"].to_numpy())
                table = pa.Table.from_batches([group])
                for name in columns:
                    table = table.append_column(name, texts[name].take(pa.array(at)))
                yield table


def deal(rows, bucket_of, rows_per_batch, path, columns):
    """Write `columns` of `rows` to the Arrow file `path`, each batch sorted by bucket and cut into pieces.

    bucket_of: the bucket of each id, -1 for none. Returns {bucket: positions of its pieces in the file}.
    """
    pieces, written = {}, 0
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pq.ParquetFile(rows, pre_buffer=False) as file, pa.OSFile(str(path), "wb") as sink:
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        writer = pa.ipc.new_file(sink, schema, options=options)
        for batch in file.iter_batches(rows_per_batch, columns=columns):
            buckets = bucket_of[batch["id"].to_numpy()]
            by_bucket = np.argsort(buckets, kind="stable")
            by_bucket = by_bucket[buckets[by_bucket] >= 0]
            batch = batch.take(pa.array(by_bucket))
            found, starts = np.unique(buckets[by_bucket], return_index=True)
            ends = np.append(starts, batch.num_rows)[1:]
            for bucket, start, end in zip(found, starts, ends, strict=True):
                writer.write_batch(batch.slice(start, end - start))
                pieces.setdefault(int(bucket), []).append(written)
                written += 1
        writer.close()
    return pieces
