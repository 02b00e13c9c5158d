"""Find texts that nearly repeat a text of another split, by MinHash with locality-sensitive hashing.

Only the texts of validation and test are held in memory, as signatures of 512 bytes; the training texts are streamed
past them. Broder (1997), On the resemblance and containment of documents.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from pretrain_or_not.files.paths import PathLike

SIMILAR = 0.8  # share of the words and pairs of words of two texts that are in both (Jaccard similarity)

SLOTS = 128  # of a signature; the estimate of a similarity of 0.8 has a standard deviation of 0.035

BANDS = 32  # two texts are compared if all slots of one band are equal: 99.99 % of those with a similarity of 0.8

MOST_COMPARED = 20  # texts per text and band

MOST_BY_DEFAULT = 200_000  # rows; a million short texts take two minutes, long ones ten

ROWS_PER_BATCH = 2_000  # the words of long texts take much memory

# Chinese and Japanese characters are words of their own.
IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{IDEOGRAPHS}]|[^\W{IDEOGRAPHS}]+")


class NearDuplicates(NamedTuple):
    """What was found.

    ids: of the rows of train and validation that nearly repeat a text of a later split. rows: how many rows of each
    split these are. repeated: how many rows of validation and test have such a copy.
    """

    ids: np.ndarray
    rows: dict[str, int]
    repeated: dict[str, int]


def near_duplicates(rows: PathLike, order: PathLike, ids: int, columns: list[str]) -> NearDuplicates:
    """Return the near-duplicates between splits.

    rows: Parquet file with `id`, below `ids`, and the `columns` of the text. order: Parquet file of the `id` and
    `split` of the rows that stay.
    """
    splits = column_of(order, ids, "split", "U10")
    found: dict[str, set] = {"train": set(), "validation": set()}
    repeated = {}
    for later, earlier in (("test", ("train", "validation")), ("validation", ("train",))):
        index = Index([signatures for _, signatures in batches_of(rows, columns, splits, (later,))])
        for some, signatures in batches_of(rows, columns, splits, earlier):
            for row in some[index.holds(signatures)]:
                found[splits[row]].add(int(row))
        repeated[later] = index.repeated()
    every = sorted(found["train"] | found["validation"])
    return NearDuplicates(
        np.array(every, dtype=np.int64), {split: len(rows) for split, rows in found.items()}, repeated
    )


def near_duplicates_within(rows: PathLike, order: PathLike, ids: int, columns: list[str]) -> int:
    """Return how many rows nearly repeat another one, without those that only repeat rows of their own unit.

    order: it also has `unit`, a number that copies of a text share. The other arguments: see `near_duplicates`. All
    signatures are held in memory.
    """
    found = list(batches_of(rows, columns, column_of(order, ids, "split", "U10"), ("train",)))
    index = Index([signatures for _, signatures in found])
    units = column_of(order, ids, "unit", np.int64)[np.concatenate([some for some, _ in found])]
    lowest, highest = np.empty((2, len(index.signatures)), dtype=np.int64)
    lowest[index.places] = highest[index.places] = units
    np.minimum.at(lowest, index.places, units)
    np.maximum.at(highest, index.places, units)
    similar = index.holds(index.signatures, units=(lowest, highest))
    return int(index.copies[similar | (lowest < highest)].sum())


def column_of(order, ids, name, kind):
    """Return a column of `order` by id, (ids,), empty or 0 for a row that does not stay; see `near_duplicates`."""
    values = np.zeros(ids, dtype=kind)
    with pq.ParquetFile(order, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["id", name]):
            values[batch["id"].to_numpy()] = batch[name].to_numpy(zero_copy_only=False)
    return values


def batches_of(rows, columns, splits, wanted):
    """Yield (ids, signatures) of the rows of some splits. splits: of each id."""
    from rensa import RMinHash

    with pq.ParquetFile(rows, pre_buffer=False) as file:
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=["id", *columns]):
            ids = batch["id"].to_numpy()
            at = np.flatnonzero(np.isin(splits[ids], wanted))
            if len(at):
                some = batch.take(at)
                texts = zip(*(some[name].to_pylist() for name in columns), strict=True)
                matrix = RMinHash.digest_matrix_from_token_sets([shingles(*parts) for parts in texts], SLOTS, 0)
                yield ids[at], np.array(matrix.to_rows(), dtype=np.uint32)


def shingles(*texts):
    """Return the words of some texts, and the pairs of neighbouring words, in lower case.

    The characters of a text without a word stand for its words.
    """
    found = []
    for text in texts:
        words = WORD.findall(text.lower()) or list(text)
        found += words
        found += [f"{first} {second}" for first, second in zip(words, words[1:], strict=False)]
    return found


class Index:
    """Signatures of texts, by the slots of each band. places: of the signature of each text, (texts,)."""

    def __init__(self, batches):
        every = np.concatenate(batches) if batches else np.empty((0, SLOTS), np.uint32)
        # Equal texts have equal signatures.
        self.signatures, self.places, self.copies = np.unique(every, axis=0, return_inverse=True, return_counts=True)
        self.matched = np.zeros(len(self.signatures), dtype=bool)
        keys = band_keys(self.signatures)  # (texts, bands)
        self.orders = np.argsort(keys, axis=0, kind="stable")
        self.keys = np.take_along_axis(keys, self.orders, axis=0)

    def holds(self, signatures, units=None):
        """Return whether each of some signatures, (texts, SLOTS), is similar to one in the index, a boolean array.

        units: if the signatures are those of the index, the lowest and the highest unit of the rows of each. None is
        similar to itself then, nor to one whose rows and its own are all of one unit.
        """
        similar = np.zeros(len(signatures), dtype=bool)
        for band, keys in enumerate(band_keys(signatures).T):
            first = np.searchsorted(self.keys[:, band], keys, side="left")
            last = np.searchsorted(self.keys[:, band], keys, side="right")
            for step in range(min(MOST_COMPARED, (last - first).max(initial=0))):
                rows = np.flatnonzero(first + step < last)
                others = self.orders[first[rows] + step, band]
                alike = (signatures[rows] == self.signatures[others]).mean(axis=1) >= SIMILAR
                if units is not None:
                    lowest, highest = units
                    apart = np.minimum(lowest[others], lowest[rows]) < np.maximum(highest[others], highest[rows])
                    alike &= (others != rows) & apart
                similar[rows[alike]] = True
                self.matched[others[alike]] = True
        return similar

    def repeated(self):
        """Return how many of the texts of the index were similar to one that was looked for."""
        return int(self.copies[self.matched].sum())


def band_keys(signatures):
    """Return a number per band of each signature, (texts, BANDS): equal if all slots of the band are."""
    slots = signatures.reshape(len(signatures), BANDS, SLOTS // BANDS).astype(np.uint64)
    weights = np.random.default_rng(0).integers(1, 2**63, SLOTS // BANDS, dtype=np.uint64) | np.uint64(1)
    return (slots * weights).sum(axis=2, dtype=np.uint64)  # overflow wraps around


def write_without(order: PathLike, ids: np.ndarray, output: PathLike) -> Counter:
    """Write the rows of `order`, a Parquet file, except those of some `ids`; return {(split, label): rows left out}."""
    gone: Counter = Counter()
    with pq.ParquetFile(order, pre_buffer=False) as file, pq.ParquetWriter(output, file.schema_arrow) as writer:
        for batch in file.iter_batches():
            leave = np.isin(batch["id"].to_numpy(), ids)
            out = batch.filter(leave)
            gone.update(zip(out["split"].to_pylist(), out["label"].to_pylist(), strict=True))
            writer.write_batch(batch.filter(~leave))
    return gone
