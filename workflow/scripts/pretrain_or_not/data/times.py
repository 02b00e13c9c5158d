"""Read the times of rows, dates or numbers, in DuckDB."""

from __future__ import annotations

from pretrain_or_not.config.labels import shown
from pretrain_or_not.errors import BadInput


def time_in_sql(db, rows, column):
    """Return the time of a row of the source as SQL, a number; raise BadInput for a row whose time is none.

    db: a connection of DuckDB, which gets a view `times`. rows: Parquet file of id, split and time. column: its name
    in the source, for messages.
    """
    db.execute("SET TimeZone = 'UTC'")  # that of dates without a zone
    date = "epoch(TRY_CAST(time AS TIMESTAMPTZ))"
    number = "CASE WHEN isfinite(TRY_CAST(time AS DOUBLE)) THEN TRY_CAST(time AS DOUBLE) END"
    db.execute(
        f"""CREATE VIEW times AS SELECT id, time FROM read_parquet({quoted(rows)})
            WHERE coalesce(split, 'train') = 'train'"""
    )
    numbers, dates, all_rows = db.execute(f"SELECT count({number}), count({date}), count(*) FROM times").fetchone()
    if numbers == all_rows:
        return number
    wrong = number if numbers > dates else date
    if max(numbers, dates) < all_rows:
        row, value = db.execute(f"SELECT id, time FROM times WHERE {wrong} IS NULL ORDER BY id LIMIT 1").fetchone()
        where = f"column {column!r}, for `time:`"
        if value is None:
            advice = f"leave such rows out by `where: \"{column}::TEXT <> ''\"`"
            raise BadInput(f"row {row} has no value in {where}; {advice}")
        raise BadInput(
            f"row {row}: {shown(value)}, in {where}, is no date; write dates as 2021-03-31 or 2021-03-31 17:05:00, "
            "or take a column of numbers"
        )
    return date


def quoted(path):
    """Return a path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"
