"""Arrange the rows of a dataset, from hashes alone, in DuckDB: which ones stay, in which split, in which order.

Texts are only streamed past here, to hash them. What is sorted and joined is small, and DuckDB spills it to disk beyond
its memory limit, so that memory stays flat as data grow.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from pretrain_or_not.config.splits import SPLITS, cut_words, rows_to_cut
from pretrain_or_not.data.left_out import FIRST_KEPT
from pretrain_or_not.data.quotas import quotas
from pretrain_or_not.data.times import quoted, time_in_sql
from pretrain_or_not.errors import BadInput

MEMORY_LIMIT = "256MB"

ROWS_PER_BATCH = 50_000

MOST_TOO_MANY = 1.5  # rows of a split per row asked for, above which it is said

# A text is the same text in another case or spacing: it would leak all the same. A lone space needs no replacing, which
# makes hashing 2.6 times as fast as a pattern of \s+ does.
PLAIN = r"lower(trim(regexp_replace({}, '\s{{2,}}|[\t\n\f\r]', ' ', 'g')))"

KEYS = {
    False: f"md5({PLAIN.format('text')})",
    True: f"md5({PLAIN.format('text')} || chr(31) || {PLAIN.format('second_text')})",  # of a pair
}


class Arranged(NamedTuple):
    """What came of the rows.

    counts: {(split, label): rows}. dropped: {reason: rows}. contradicted: how many texts occur with different labels,
    in how many rows: {"texts": …, "rows": …}. copies: {split: rows whose text another row of the split has already}.
    notes: sentences on what is doubtful.
    """

    counts: dict
    dropped: dict
    contradicted: dict
    copies: dict
    notes: list[str]


def arrange(rows, names, dataset, given, threads, order) -> Arranged:
    """Write the Parquet file `order`: id, label and split of the rows that stay, in their order.

    rows: Parquet file of id, text, label (a name) and split (null where not given), and of `second_text`, `group` and
    `time` where the dataset has them. names: the classes; `label` in `order` is the position there. dataset: one of the
    config. given: the splits that its source gives; the others are cut from the training rows. Raises BadInput where a
    split would be empty, or a time is none.
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
        a = arrangement
        return Arranged(a.counts(), a.dropped, a.contradicted, a.copies(), a.notes)


class Arrangement:
    """The rows that stay, each with its split and place; `dropped` counts the others by reason.

    Splits and order follow from MD5 hashes of seed and text (or group), or seed and row, or from the times of the rows:
    they depend on the data and the config only.
    """

    def __init__(self, db, rows, names, dataset, given):
        self.db, self.seed, self.dropped, self.notes = db, dataset["seed"], {}, []
        self.by_time, self.by_group = dataset.get("time"), dataset.get("group")
        self.stratified = dataset.get("stratify", True) and not (self.by_time or self.by_group)
        db.execute("CREATE TYPE split AS ENUM ('train', 'validation', 'test')")
        db.execute("CREATE TABLE classes (name VARCHAR, class INTEGER)")
        db.executemany("INSERT INTO classes VALUES (?, ?)", [[name, i] for i, name in enumerate(names)])
        # `unit` is what stays in one split.
        unit, time = "key", "NULL"
        if self.by_group:
            unit = 'coalesce(md5("group"), key)'
        if self.by_time:
            time = time_in_sql(db, rows, self.by_time)
            unit = f"CASE WHEN coalesce(split, 'train') = 'train' THEN ({time})::VARCHAR ELSE key END"
        db.execute(
            f"""CREATE TABLE rows AS SELECT id, class, split::split AS split, {KEYS[bool(dataset.get("pair"))]} AS key,
                {unit} AS unit, {time} AS time
                FROM read_parquet(?) JOIN classes ON label = name""",
            [str(rows)],
        )
        self.rows = "rows"  # the newest relation of all rows
        self.contradicted = self.contradictions()
        if self.by_group:
            self.note_groups(rows)
        self.drop_leaks("rows")
        if dataset["deduplicate"] == "all":
            self.drop_duplicates()
        self.folds = dataset.get("folds")
        if dataset.get("label", "label") is None:
            if other := sorted(given - {"train"}):
                raise BadInput(
                    f"texts without labels (`label: null`) have no {other[-1]} split; name those of train only"
                )
            self.view("settled", "'train'")
        elif self.folds:
            self.keep_all(given)
        else:
            self.cut(dataset["splits"], given)

    def note_groups(self, rows):
        """Note how many rows have no group, and how many groups are in several of the given splits."""
        without = self.one(f'SELECT count(*) FROM read_parquet({quoted(rows)}) WHERE "group" IS NULL')[0]
        if without:
            self.notes.append(
                f"{without:,} rows have no value of `group: {self.by_group}`; each was taken for a group."
            )
        several = self.one(
            f"""SELECT count(*) FROM (SELECT 1 FROM read_parquet({quoted(rows)}) WHERE "group" IS NOT NULL
                GROUP BY "group" HAVING count(DISTINCT split) > 1)"""
        )[0]
        if several:
            self.notes.append(
                f"{several:,} values of `group: {self.by_group}` occur in several of the splits that the data give."
            )

    def contradictions(self):
        """Return how many texts occur with different labels, and in how many rows."""
        texts, rows = self.one(
            """SELECT count(*), coalesce(sum(copies), 0)::BIGINT FROM
               (SELECT count(*) AS copies FROM rows GROUP BY key HAVING min(class) <> max(class))"""
        )
        return {"texts": texts, "rows": rows}

    def drop_leaks(self, table):
        """Delete rows of a table whose text is also in a later split: from train first, then from validation."""
        for split, others in (("train", "('validation', 'test')"), ("validation", "('test')")):
            leaked = f"split = '{split}' AND key IN (SELECT key FROM {table} WHERE split IN {others})"
            reason = f"{split}, also in another split"
            self.dropped[reason] = self.dropped.get(reason, 0) + self.one(f"DELETE FROM {table} WHERE {leaked}")[0]

    def drop_duplicates(self):
        """Keep the first row of each text."""
        self.db.execute(
            """CREATE TABLE firsts AS
               SELECT min(id) AS id, arg_min(class, id) AS class, any_value(split) AS split, key,
                      arg_min(unit, id) AS unit, arg_min(time, id) AS time,
                      count(*) AS copies, min(class) <> max(class) AS contradicted
               FROM rows GROUP BY key"""
        )
        contradicted, duplicates = self.one(
            "SELECT count(*) FILTER (contradicted), coalesce(sum(copies - 1), 0)::BIGINT FROM firsts"
        )
        self.dropped[FIRST_KEPT] = contradicted
        self.dropped["duplicate text"] = duplicates
        self.rows = "firsts"

    def keep_all(self, given):
        """Keep all rows as training rows, which each cell cuts into folds; raise BadInput if splits are `given`.

        A text in several groups would be in several folds: it stays in the group of its first row only.
        """
        if given - {"train"}:
            other = sorted(given - {"train"})[-1]
            raise BadInput(
                f"folds: the data have a {other} split already; leave out `folds`, or read the training rows only"
            )
        if self.by_group and self.rows == "rows":
            self.dropped["copy of a text in another group"] = self.one(
                """DELETE FROM rows USING (
                       SELECT key, arg_min(unit, id) AS unit FROM rows GROUP BY key HAVING min(unit) <> max(unit)
                   ) AS firsts WHERE rows.key = firsts.key AND rows.unit <> firsts.unit"""
            )[0]
        units = self.one(f"SELECT count(DISTINCT unit) FROM {self.rows}")[0]
        if units < self.folds:
            what = f"values of `group: {self.by_group}`" if self.by_group else "different texts"
            raise BadInput(f"folds: {self.folds} folds need as many {what}, and there are {units}; take fewer folds")
        self.view("settled", "'train'")

    def cut(self, splits, given):
        """Split off test, then validation, from the training rows, where the data come without them.

        Copies of a text stay together, and rows of a group or of the same time, so a cut may exceed its count by those
        of its last one. Each class gives its share, a text of several classes to the first of them. Copies of a text
        in several groups or at several times are dropped from train, then from validation.
        """
        self.view("settled", "coalesce(split, 'train')")
        for split in ("test", "validation"):
            if split not in given:
                self.cut_split(split, splits[split])
        if (self.by_time or self.by_group) and not {"test", "validation"} <= given:
            self.db.execute(f"CREATE TABLE cut AS FROM {self.rows}")
            self.rows = "cut"
            self.drop_leaks("cut")

    def cut_split(self, split, amount):
        """Split off one split. amount: rows or a share of them, or None; see `rows_to_cut`."""
        # A text with several classes counts for the first one.
        stratum = "min(class)" if self.stratified else "0"
        self.db.execute(
            f"""CREATE TABLE units_{split} AS SELECT unit, {stratum} AS stratum, count(*) AS copies, min(time) AS time
                FROM {self.rows} WHERE split = 'train' GROUP BY unit"""
        )
        totals = dict(
            self.db.execute(f"SELECT stratum, sum(copies)::BIGINT FROM units_{split} GROUP BY 1 ORDER BY 1").fetchall()
        )
        total = sum(totals.values())
        n = rows_to_cut(amount, split, total)
        if not 1 <= n < total:
            if total == 0:
                gone = self.dropped["train, also in another split"]
                raise BadInput(f"no training examples are left (their texts are in another split too: {gone:,})")
            raise BadInput(cut_words(amount, split, n, total))
        order = "time DESC" if self.by_time else f"md5('{self.seed}:{split}:' || unit)"
        self.db.execute("CREATE OR REPLACE TABLE quotas (stratum INTEGER, quota BIGINT)")
        self.db.executemany("INSERT INTO quotas VALUES (?, ?)", [list(item) for item in quotas(totals, n).items()])
        # The first units, until the quota is reached.
        self.db.execute(
            f"""CREATE TABLE cut_units_{split} AS SELECT unit FROM (
                    SELECT unit, stratum, copies, sum(copies) OVER (
                        PARTITION BY stratum ORDER BY {order}, unit ROWS UNBOUNDED PRECEDING) AS upto
                    FROM units_{split}) JOIN quotas USING (stratum) WHERE upto - copies < quota"""
        )
        inside = f"unit IN (SELECT unit FROM cut_units_{split})"
        self.view(f"cut_{split}", f"CASE WHEN split = 'train' AND {inside} THEN '{split}' ELSE split END")
        key, value = ("time", self.by_time) if self.by_time else ("group", self.by_group)
        if not self.one(f"SELECT count(*) FROM {self.rows} WHERE split = 'train'")[0]:
            if value is None:
                raise BadInput(f"splits: {split}: no training rows are left: there are too few different texts")
            raise BadInput(f"{key}: all training rows have the same {value!r}, or too few have another one")
        found = self.one(f"SELECT count(*) FROM {self.rows} WHERE split = '{split}'")[0]
        if value and found > MOST_TOO_MANY * n:
            self.notes.append(
                f"The {split} split has {found:,} rows in place of {n:,}, because rows of the same `{key}: {value}` "
                "stay together."
            )

    def one(self, query):
        """Return the one row of a query's result."""
        return self.db.execute(query).fetchall()[0]

    def view(self, name, split):
        """Go on with a view of the rows in which `split` (SQL) is their split; no row is written for it."""
        self.db.execute(
            f"CREATE VIEW {name} AS SELECT id, class, ({split})::split AS split, key, unit, time FROM {self.rows}"
        )
        self.rows = name

    def counts(self):
        """Return the number of rows as {(split, class): rows}."""
        query = f"SELECT split::VARCHAR, class, count(*) FROM {self.rows} GROUP BY ALL"
        return {(split, label): rows for split, label, rows in self.db.execute(query).fetchall()}

    def copies(self):
        """Return the number of rows whose text another row of their split has already, as {split: rows}."""
        query = f"""SELECT split::VARCHAR, sum(rows - 1)::BIGINT FROM
                    (SELECT split, count(*) AS rows FROM {self.rows} GROUP BY split, key) GROUP BY 1"""
        return dict.fromkeys(SPLITS, 0) | dict(self.db.execute(query).fetchall())

    def order(self):
        """Return a reader of Arrow batches of id, label (the class) and split, of all rows in their order.

        With folds, there is a number, `unit`, which the rows share that stay in one fold.
        """
        unit = ", dense_rank() OVER (ORDER BY unit)::BIGINT AS unit" if self.folds else ""
        query = f"""SELECT id, class AS label, split::VARCHAR AS split{unit} FROM {self.rows} AS r
                    ORDER BY r.split, md5('{self.seed}:row:' || id), id"""
        return self.db.sql(query).to_arrow_reader(ROWS_PER_BATCH)
