"""The texts that a model is pretrained on, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from pretrain_or_not.config.sizes import count
from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.data.splits import PLAIN
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata
from pretrain_or_not.files.paths import PathLike

ROWS_PER_BATCH = 10_000

HELD_OUT_SHARE, MOST_HELD_OUT = 50, 2000  # one text in so many, and at most so many, are held out


class Corpus(NamedTuple):
    """Which training texts of a dataset are read: the first `amount` of its `rows`, but for the last `held_out` ones.

    path: its examples.parquet. left_out: keys of texts that are left out, see `keys_of`.
    """

    path: PathLike
    rows: int
    amount: int
    held_out: int
    left_out: frozenset[str] = frozenset()

    def texts(self, held_out: bool = False) -> Iterator[str]:
        """Yield the texts to pretrain on or, of the same kind, those held out to measure the loss on.

        The last texts are held out, whatever the amount, so that all amounts are measured on the same ones.
        """
        first, last = (self.rows - self.held_out, self.rows) if held_out else (0, self.amount)
        for table in rows_between(self.path, first, last):
            for column in table.column_names:  # the two texts of a pair are two texts
                keys = keys_of(table, key_of(column)) if self.left_out else [""] * len(table)
                for text, key in zip(table[column].to_pylist(), keys, strict=True):
                    if key not in self.left_out:
                        yield text

    def shared(self, keys: frozenset[str]) -> int:
        """Return how many of the texts to pretrain on have one of some keys."""
        found = 0
        for table in rows_between(self.path, 0, self.amount):
            for column in table.column_names:
                found += sum(key in keys and key not in self.left_out for key in keys_of(table, key_of(column)))
        return found


def read_corpus(
    examples: PathLike, amount: int | str, without: Sequence[PathLike] = (), hold_out: bool = True
) -> Corpus:
    """Return the Corpus of an examples.parquet.

    amount: of a recipe. without: the examples.parquet of datasets, and of further test sets, whose validation and
    test texts are left out. hold_out: whether some texts are held out. Raises BadInput if there are fewer texts than
    the amount asks for, or too few to hold some out.
    """
    about = read_metadata(examples)
    rows = about["rows"]["train"]
    held_out = min(MOST_HELD_OUT, max(1, rows // HELD_OUT_SHARE)) if hold_out else 0
    there = rows - held_out
    if there < 1:
        raise BadInput(f"dataset {about['dataset']!r}: one text is too few to pretrain on")
    try:
        n = count(amount, there)
    except BadInput as error:
        instead = "this is less than one; take more" if isinstance(amount, str) else "take fewer, or a share"
        raise BadInput(
            f"dataset {about['dataset']!r}: amount {amount!r}: there are {there:,} texts"
            f"{f', without the {held_out:,} that are held out' if held_out else ''}; {instead}"
        ) from error
    return Corpus(examples, rows, n, held_out, frozenset().union(*map(keys_of_tested, without)))


def rows_between(examples: PathLike, first: int, last: int) -> Iterator[pa.Table]:
    """Yield tables of the texts, `text` and of pairs `second_text`, of the rows `first` to `last` - 1."""
    done = 0
    with open_parquet(examples) as file:
        names = [name for name in ("text", "second_text") if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=ROWS_PER_BATCH, columns=names) if last > first else ():
            table = pa.Table.from_batches([batch])[max(0, first - done) : max(0, last - done)]
            done += len(batch)
            if len(table):
                yield table
            if done >= last:
                return


def keys_of(table: pa.Table, key: str) -> list[str]:
    """Return a key of each row, the same for texts that differ in case or spacing only.

    key: in SQL, see `splits.KEYS`.
    """
    with duckdb.connect() as db:
        db.register("given_texts", table)
        return [found for (found,) in db.execute(f"SELECT {key} FROM given_texts").fetchall()]


def key_of(column: str) -> str:
    """Return the key of the texts of one column, in SQL."""
    return f"md5({PLAIN.format(column)})"


def keys_of_tested(examples: PathLike) -> frozenset[str]:
    """Return a key of each validation and test text of an examples.parquet; of both texts of a pair.

    With folds, each row is a test row of some cell; of a further test set (see `data.shift`), each row is one.
    """
    about = read_metadata(examples)
    if "shift" in about:
        first, last = 0, about["rows"]
    else:
        first, last = 0 if about["folds"] else about["rows"][SPLITS[0]], sum(about["rows"].values())
    return frozenset(
        key
        for table in rows_between(examples, first, last)
        for column in table.column_names
        for key in keys_of(table, key_of(column))
    )
