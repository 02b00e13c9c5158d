"""The page docs/files.md: the Parquet and JSON files that the workflow leaves, and their columns or keys."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
DICTIONARY = ROOT / "workflow" / "schemas" / "tables.yaml"
PAGE = ROOT / "docs" / "files.md"
CONDITION = "Only "  # how the description of a column begins that a table need not have
PLACEHOLDER = re.compile(r"\\{\w+\\}")

INTRODUCTION = """\
# Files and columns

For readers who open the files of `results/` with pandas, DuckDB or another reader: every column of every table, and
every key of the JSON files, which come last. Left out are `config.json` of models, files of tokenizers, and the folders
`logs/` and `speed/`.

<!-- Made by `make docs` from workflow/schemas/tables.yaml. Do not edit: edit that file. -->

[Getting started](getting-started.md#look-into-the-files) says which file to open first, and what lies beside them. A
*cell* is a dataset, an arm, a size and a seed; a *gap* is the score of the reference arm minus that of another arm.
`{arm}` and the like stand for names. Columns whose name is in capitals depend on the data: `p_CLASS` is one per class.
A digest is the first 16 hex digits of the SHA-256 of a value, written as JSON with sorted keys.
"""


def read_dictionary():
    """Return the files of the dictionary: path -> {"rows", "content", "columns": {name: description}}.

    Shared columns are filled in, first. Names in capitals stand for names of the data or the config. JSON files have no
    `rows`; their `columns` are their keys.
    """
    found = yaml.safe_load(DICTIONARY.read_text(encoding="utf-8"))
    tables = {}
    for path, table in found["tables"].items():
        columns = {name: found["common"][name] for name in table.get("shared", ())}
        tables[path] = table | {"columns": columns | table.get("columns", {}) | table.get("patterns", {})}
    return tables | {
        path: {"content": file["content"], "columns": file["keys"]} for path, file in found["json"].items()
    }


def what(table):
    """Return what `columns` of a file are called: "column", or "key" in JSON."""
    return "column" if "rows" in table else "key"


def table_of(path, tables):
    """Return the table of the dictionary that describes the file at `path` (below results/), or None."""
    for pattern, table in tables.items():
        if re.fullmatch(PLACEHOLDER.sub("[^/]+", re.escape(pattern)), path):
            return table
    return None


def differences(path, names, tables):
    """Return what is wrong between a file and the dictionary, as sentences. names: of its columns or keys."""
    table = table_of(path, tables)
    if table is None:
        return [f"{path} is not described"]
    patterns = table.get("patterns", {})
    regexes = [re.sub(r"[A-Z]{2,}", ".+", re.escape(name)) for name in patterns]
    wrong = [
        f"{path}: {what(table)} {name} is not described"
        for name in names
        if name not in table["columns"] and not any(re.fullmatch(regex, name) for regex in regexes)
    ]
    return wrong + [
        f"{path}: there is no {what(table)} {name}"
        for name, text in table["columns"].items()
        if name not in names and name not in patterns and not text.startswith(CONDITION)
    ]


def files_page():
    """Return the text of docs/files.md."""
    lines = [INTRODUCTION]
    for path, table in read_dictionary().items():
        rows = f"One row {table['rows'].removeprefix('one ')}. " if "rows" in table else ""
        lines += [f"## `{path}`", "", f"{rows}{table.get('content', '')}".strip()]
        lines += ["", f"| {what(table)} | content |", "|---|---|"]
        lines += [f"| `{name}` | {' '.join(text.split())} |" for name, text in table["columns"].items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
