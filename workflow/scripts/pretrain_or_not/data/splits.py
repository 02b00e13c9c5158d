"""Arrange the rows of a dataset, from hashes alone, in DuckDB: which ones stay, in which split, in which order.

Texts are only streamed past here, to hash them. What is sorted and joined is small, and DuckDB spills it to disk beyond
its memory limit, so that memory stays flat as data grow.
"""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from pretrain_or_not.errors import BadInput

MEMORY_LIMIT = "256MB"

ROWS_PER_BATCH = 50_000

# A text is the same text in another case or spacing: it would leak all the same. A lone space needs no replacing, which
# makes hashing 2.6 times as fast as a pattern of \s+ does.
PLAIN = r"lower(trim(regexp_replace({}, '\s{{2,}}|[\t\n\f\r]', ' ', 'g')))"

KEYS = {
    False: f"md5({PLAIN.format('text')})",
    True: f"md5({PLAIN.format('text')} || chr(31) || {PLAIN.format('second_text')})",  # of a pair
}


def arrange(rows, names, dataset, given, threads, order):
    """Write the Parquet file `order`: id, label and split of the rows that stay, in their order.

    rows: Parquet file of id, text, label (a name) and split (null where not given). names: the classes; `label` in
    `order` is the position there. dataset: one of the config, for its `seed`, `deduplicate` and `splits`. given: the
    splits that its source gives; the others are cut from the training rows.
    Returns {(split, label): rows}, {reason: rows dropped}, and how many texts occur with different labels, in how many
    rows: {"texts": …, "rows": …}. Raises BadInput where a split would be empty.
    """
    folder = Path(order).parent
    with duckdb.connect(str(folder / "arrange.duckdb")) as db:
        db.execute(
            f"SET memory_limit = '{MEMORY_LIMIT}'; SET preserve_insertion_order = false; SET threads = {threads}"
        )
        db.execute("SET temp_directory = ?", [str(folder / "spill")])
        arrangement = Arrangement(db, rows, names, dataset, given)
        reader = arrangement.order()
        with pq.ParquetWriter(order, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
        return arrangement.counts(), arrangement.dropped, arrangement.contradicted


class Arrangement:
    """The rows that stay, each with its split and place; `dropped` counts the others by reason.

    Splits and order follow from MD5 hashes of seed and text, or seed and row: they depend on the data and `seed` only.
    """

    def __init__(self, db, rows, names, dataset, given):
        self.db, self.seed, self.dropped = db, dataset["seed"], {}
        db.execute("CREATE TYPE split AS ENUM ('train', 'validation', 'test')")
        db.execute("CREATE TABLE classes (name VARCHAR, class INTEGER)")
        db.executemany("INSERT INTO classes VALUES (?, ?)", [[name, i] for i, name in enumerate(names)])
        db.execute(
            f"""CREATE TABLE rows AS SELECT id, class, split::split AS split, {KEYS[bool(dataset.get("pair"))]} AS key
                FROM read_parquet(?) JOIN classes ON label = name""",
            [str(rows)],
        )
        self.contradicted = self.contradictions()
        self.drop_leaks()
        self.rows = "rows"  # the newest relation of all rows
        if dataset["deduplicate"] == "all":
            self.drop_duplicates()
        self.cut(dataset["splits"], given)

    def contradictions(self):
        """Return how many texts occur with different labels, and in how many rows."""
        texts, rows = self.one(
            """SELECT count(*), coalesce(sum(copies), 0)::BIGINT FROM
               (SELECT count(*) AS copies FROM rows GROUP BY key HAVING min(class) <> max(class))"""
        )
        return {"texts": texts, "rows": rows}

    def drop_leaks(self):
        """Delete rows whose text is also in a later split: from train first, then from validation."""
        for split, others in (("train", "('validation', 'test')"), ("validation", "('test')")):
            leaked = f"split = '{split}' AND key IN (SELECT key FROM rows WHERE split IN {others})"
            self.dropped[f"{split}, also in another split"] = self.one(f"DELETE FROM rows WHERE {leaked}")[0]

    def drop_duplicates(self):
        """Keep the first row of each text."""
        self.db.execute(
            """CREATE TABLE firsts AS
               SELECT min(id) AS id, arg_min(class, id) AS class, any_value(split) AS split, key, count(*) AS copies,
                      min(class) <> max(class) AS contradicted
               FROM rows GROUP BY key"""
        )
        contradicted, duplicates = self.one(
            "SELECT count(*) FILTER (contradicted), coalesce(sum(copies - 1), 0)::BIGINT FROM firsts"
        )
        self.dropped["texts with two labels (first one kept)"] = contradicted
        self.dropped["duplicate text"] = duplicates
        self.rows = "firsts"

    def cut(self, splits, given):
        """Split off test, then validation, from the training rows, where the data come without them.

        Copies of a text stay together, so a cut may exceed its count by the copies of its last text.
        """
        self.view("settled", "coalesce(split, 'train')")
        for split in ("test", "validation"):
            if split in given:
                continue
            total = self.one(f"SELECT count(*) FROM {self.rows} WHERE split = 'train'")[0]
            share = splits[split]
            n = round(share * total) if share < 1 else share
            if not 1 <= n < total:
                if total == 0:
                    gone = self.dropped["train, also in another split"]
                    raise BadInput(f"no training examples are left (their texts are in another split too: {gone:,})")
                left = f"{n} {split} and {total - n} training examples of {total}"
                raise BadInput(f"splits: {split}: {share} leaves {left}")
            place = f"md5('{self.seed}:{split}:' || key)"
            last = self.last_of(place, n)
            self.view(
                f"cut_{split}", f"CASE WHEN split = 'train' AND {place} <= '{last}' THEN '{split}' ELSE split END"
            )

    def one(self, query):
        """Return the one row of a query's result."""
        return self.db.execute(query).fetchall()[0]

    def view(self, name, split):
        """Go on with a view of the rows in which `split` (SQL) is their split; no row is written for it."""
        self.db.execute(f"CREATE VIEW {name} AS SELECT id, class, ({split})::split AS split, key FROM {self.rows}")
        self.rows = name

    def last_of(self, place, n):
        """Return the value of `place` (SQL, an expression of `key`) up to which there are n training rows.

        There are more than n where the last text has copies.
        """
        query = f"""SELECT {place} AS place, count(*) AS copies FROM {self.rows} WHERE split = 'train'
                    GROUP BY key ORDER BY place"""
        before = 0
        with self.db.cursor() as cursor:  # of its own, since the result is not read to its end
            for batch in cursor.sql(query).to_arrow_reader(ROWS_PER_BATCH):
                upto = before + np.cumsum(batch["copies"].to_numpy())
                if upto[-1] >= n:
                    return batch["place"][int(np.searchsorted(upto, n))].as_py()
                before = upto[-1]
        raise AssertionError(f"fewer than {n} training rows")

    def counts(self):
        """Return the number of rows as {(split, class): rows}."""
        query = f"SELECT split::VARCHAR, class, count(*) FROM {self.rows} GROUP BY ALL"
        return {(split, label): rows for split, label, rows in self.db.execute(query).fetchall()}

    def order(self):
        """Return a reader of Arrow batches of id, label (the class) and split, of all rows in their order."""
        query = f"""SELECT id, class AS label, split::VARCHAR AS split FROM {self.rows} AS r
                    ORDER BY r.split, md5('{self.seed}:row:' || id), id"""
        return self.db.sql(query).to_arrow_reader(ROWS_PER_BATCH)
