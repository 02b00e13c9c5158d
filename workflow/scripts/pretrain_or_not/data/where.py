"""The key `where` of a dataset: a DuckDB expression of the columns, checked before it is evaluated.

It is parsed by DuckDB, and may hold constants, columns, operators and functions whose result depends on nothing but
their arguments. The connection that evaluates it can open no file, and its settings are locked.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from pretrain_or_not.data.raw_batches import as_text
from pretrain_or_not.errors import BadInput

QUERY = "SELECT * FROM rows WHERE (\n{}\n)"  # lines of their own, so that a comment ends

ROW = "row"  # the column with the number of each row; those of the data are called as `alias` says

# Types of a condition. A text may say true or false, and all values of some rows may be null.
CONDITIONS = (duckdb.sqltypes.BOOLEAN, duckdb.sqltypes.VARCHAR, duckdb.sqltypes.SQLNULL)

# Kinds of expressions in DuckDB's syntax tree.
ALLOWED = {"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR",
           "TYPE"}  # fmt: skip

# Functions that read the clock, although DuckDB lists them as if they did not.
CLOCK = {"age", "ago", "current_localtime", "current_localtimestamp", "pg_conf_load_time", "pg_postmaster_start_time"}


@cache
def connection():
    """Return a connection to an empty database in memory that can open no file; its settings are locked."""
    db = duckdb.connect(config={"enable_external_access": "false", "threads": "1"})
    db.execute("SET GLOBAL TimeZone = 'UTC'")  # so that the result does not depend on the machine's
    db.execute("SET python_enable_replacements = false; SET memory_limit = '256MB'; SET lock_configuration = true")
    return db


@cache
def stable_functions():
    """Return the names of the scalar functions whose result depends on their arguments only."""
    rows = connection().execute(
        """SELECT function_name FROM duckdb_functions() WHERE function_type = 'scalar' OR function_type = 'macro'
           GROUP BY function_name HAVING bool_and(coalesce(stability, 'CONSISTENT') = 'CONSISTENT')"""
    )
    return {name for (name,) in rows.fetchall()} - CLOCK


class Condition(NamedTuple):
    """A checked expression. text: as the config has it; sql: as it is evaluated; columns: those that it names."""

    text: str
    sql: str
    columns: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return the condition that an expression states; raise BadInput, one line, if it is none."""
        tree, plain = parsed(text), parsed("true")
        where = tree.pop("where_clause", None)
        plain.pop("where_clause")
        if without_places(tree) != without_places(plain) or where is None:
            raise BadInput(f"where: {text!r} is not one expression; write a condition such as \"answer = 'accept'\"")
        columns: dict[str, None] = {}
        check(where, columns)
        if not columns:
            raise BadInput(f"where: {text!r} names no column; write a condition such as \"answer = 'accept'\"")
        syntax = json.dumps({"error": False, "statements": [{"node": tree | {"where_clause": where}}]})
        sql = connection().execute("SELECT json_deserialize_sql(?::JSON)", [syntax]).fetchall()[0][0]
        return cls(text, sql, tuple(columns))

    def holds(self, columns: dict, place: str) -> pa.Array:
        """Return whether the condition holds in each row, a boolean Arrow array; null counts as no.

        columns: name -> values, an Arrow column or a list. Raises BadInput that begins with `place`.
        """
        rows = pa.table({alias(i): typed(columns[name]) for i, name in enumerate(self.columns)})
        rows = rows.append_column(ROW, pa.array(np.arange(rows.num_rows)))
        with connection().cursor() as db:
            db.register("rows", rows)
            try:
                kind = db.sql(f"SELECT {self.sql.partition(' WHERE ')[2]} FROM rows").types[0]
                if kind not in CONDITIONS:
                    raise BadInput(
                        f"{place}: where: {self.text!r} is a value of type {kind}, not a condition; compare it with one"
                    )
                found = db.sql(self.sql).to_arrow_table()[ROW]
            except duckdb.Error as error:
                raise BadInput(f"{place}: where: {self.text!r}: {reason(error, self.columns)}") from error
        mask = np.zeros(rows.num_rows, dtype=bool)
        mask[found.to_numpy()] = True
        return pa.array(mask)


def parsed(text):
    """Return the syntax tree of the query with a condition, a dict; raise BadInput unless it is one statement."""
    result = connection().execute("SELECT json_serialize_sql(?)", [QUERY.format(text)]).fetchall()[0][0]
    tree = json.loads(result)
    if tree["error"]:
        raise BadInput(f"where: {text!r} is not an expression of DuckDB: {' '.join(tree['error_message'].split())}")
    if len(tree["statements"]) != 1:
        raise BadInput(f"where: {text!r} is more than one expression; leave out the semicolon")
    return tree["statements"][0]["node"]


def without_places(node):
    """Return a copy of a syntax tree without positions in the text."""
    if isinstance(node, dict):
        return {key: without_places(value) for key, value in node.items() if not key.startswith("query_location")}
    return [without_places(value) for value in node] if isinstance(node, list) else node


def check(node, columns):
    """Note in `columns` the columns of an expression, dotted if nested; raise BadInput for what is not allowed in it.

    Dotted names become one name: a nested key is read as a column of its own. In the tree, columns get their `alias`.
    """
    if isinstance(node, list):
        for item in node:
            check(item, columns)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and kind not in ALLOWED:
        what = {"SUBQUERY": "a subquery", "STAR": "a star (*)", "WINDOW": "a window function"}.get(kind, kind.lower())
        raise BadInput(f"where: {what} is not allowed in it; compare columns with values")
    if kind == "COLUMN_REF":
        name = ".".join(node["column_names"])
        columns[name] = None
        node["column_names"] = [alias(list(columns).index(name))]
        return
    if kind == "FUNCTION" and node["function_name"].lower() not in stable_functions():
        raise BadInput(
            f"where: {node['function_name']}() is not allowed in it: only functions of one row's values whose result "
            "is always the same"
        )
    for value in node.values():
        check(value, columns)


def alias(i):
    """Return the name of the i-th column in a query: DuckDB takes names that differ only in case for one."""
    return f"column_{i}"


def typed(values):
    """Return a column for DuckDB: values of a file of JSON get one type, text where they have several."""
    if isinstance(values, list):
        try:
            values = pa.array(values)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):
            values = as_text([v if v is None or isinstance(v, str) else json.dumps(v) for v in values])
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    return values.cast(kind)  # nulls alone have a type of their own, which goes with any other


def reason(error, columns):
    """Return what DuckDB says is wrong, on one line, with advice where a text is compared with a number.

    columns: names of the columns, which the line has in place of each `alias`.
    """
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    names = {alias(i): name for i, name in enumerate(columns)}
    line = re.sub(r"\bcolumn_\d+\b", lambda found: names.get(found[0], found[0]), line)
    advice = "; cells of CSV files are text: compare them with a text ('3'), or convert them (stars::DOUBLE > 3)"
    return line + (advice if "VARCHAR" in line or "string" in line else "")
