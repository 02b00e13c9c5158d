"""Write the documentation that is made from the schemas of the config and of the tables.

python tools/make_docs.py            write docs/configuration.md, docs/files.md and workflow/schemas/config.schema.json
python tools/make_docs.py --check    exit with status 1 where one of them is not up to date
"""

import argparse
import copy
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "workflow" / "scripts"))

from pretrain_or_not.config.families import FAMILIES  # noqa: E402
from pretrain_or_not.config.schema import definition_name, resolved, schema, types_of  # noqa: E402
from pretrain_or_not.config.sources import SOURCES  # noqa: E402

sys.path.append(str(ROOT / "tools"))

from files_page import PAGE as FILES_PAGE  # noqa: E402
from files_page import files_page  # noqa: E402

PAGE = ROOT / "docs" / "configuration.md"
EDITOR_SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"

INTRODUCTION = """\
# Configuration

For everyone who writes an experiment file: every key of the config, with its type, its default and its meaning.

<!-- Made by `make docs` from workflow/schemas. Do not edit: edit the schema. -->

Snakemake first reads [`config.yaml`](../config.yaml), which holds the quickstart and the catalogue of datasets, models
and arms. A file after `--configfile` is merged into it key by key: a mapping is merged, a list or a value is replaced.
So an experiment file holds only the keys that differ. [Your own data](own-data.md) shows one.

Misspelt keys, wrong values and missing files are reported before any job runs. Each message names the place, and says
what would be right. Mistakes in the first rows of files are reported too (not of files inside a `.tar`). What only
later rows show is reported by the first job.

For completion and checks in an editor that knows YAML schemas, put this line at the top of a file in `experiments/`:

```yaml
# yaml-language-server: $schema=../workflow/schemas/config.schema.json
```

In the tables, "required" marks a key that has no default. `NAME` stands for a name that you choose.
"""

NOUNS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "array": "list",
    "object": "mapping",
}

SHIFTS = "shifts"  # of a dataset; the same for all sources

BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def code(value):
    """Return a value as YAML writes it on one line, as Markdown code."""
    if isinstance(value, str) and value.strip():
        return f"`{value}`"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def type_words(field):
    """Return the types and the allowed values of a field of the schema, in words."""
    field = resolved(field)
    if "const" in field:
        return code(field["const"])
    if "enum" in field:
        return "one of " + ", ".join(code(value) for value in field["enum"])
    words = []
    for name in types_of(field):
        noun = NOUNS[name]
        if name in ("integer", "number"):
            limits = " and ".join(f"{bound} {field[key]}" for key, bound in BOUNDS.items() if key in field)
            noun = f"{noun}, {limits}" if limits else noun
        if name == "array":
            items = field.get("items", {})
            of = type_words(items) if types_of(resolved(items)) or "enum" in resolved(items) else ""
            noun = f"{noun} of: {of}" if of else noun
        words.append(noun)
    text = " or ".join(words) or "number or text"
    if "pattern" in field and "(?" not in field["pattern"]:  # the description says what a longer pattern allows
        text += f", matching `{field['pattern']}`"
    return text


def rows(node, path, required=()):
    """Yield (path, field, whether it is required) of each key below a node of the schema, depth first.

    path: of the node, as in ``experiment``.
    """
    for key, field in node.get("properties", {}).items():
        field = resolved(field)
        place = f"{path}.{key}" if path else key
        yield place, field, key in required
        if key != SHIFTS or not path:  # they are in a section of their own
            yield from rows(field, place, field.get("required", ()))
    for part, suffix in ((node.get("additionalProperties"), ".NAME"), (node.get("items"), "[]")):
        if isinstance(part, dict) and "object" in types_of(resolved(part)):
            yield from rows(resolved(part), path + suffix, resolved(part).get("required", ()))
        elif isinstance(part, dict) and suffix == ".NAME":
            yield path + suffix, resolved(part), False


def cell(text):
    """Return a text as it stands in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(node, path=""):
    """Return the lines of a Markdown table of all keys below a node of the schema; raise ValueError if it has none."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    found = rows(node, path, node.get("required", ())) if "object" in types_of(node) else [(path, node, False)]
    for place, field, needed in found:
        default = code(field["default"]) if "default" in field else "required" if needed else "none"
        lines.append(f"| `{place}` | {cell(type_words(field))} | {cell(default)} | {cell(field['description'])} |")
    if len(lines) == 2:
        raise ValueError(f"{path} of the schema has no keys: its table in {PAGE.name} would be empty")
    return [*lines, ""]


def section(name, node):
    """Return the lines of a section of the config that has fixed keys, or entries that are all of one kind."""
    lines = [f"## `{name}`", "", node["description"], ""]
    if "propertyNames" in node and "properties" not in node:
        entry = resolved(node["additionalProperties"])
        lines += [names_line(node), "", entry["description"], ""]
    return [*lines, *table(node, name)]


def names_line(node):
    """Return a line that says which names a section allows."""
    rules = node["propertyNames"].get("allOf", [node["propertyNames"]])
    patterns = [f"match `{rule['pattern']}`" for rule in rules if "pattern" in rule]
    taken = [code(name) for rule in rules for name in rule.get("not", {}).get("enum", [])]
    return f"Names {' and '.join(patterns)}." + (f" These are taken: {', '.join(taken)}." if taken else "")


def catalogue(name, node, key, title, variants):
    """Return the lines of a section of the config whose entries are of several kinds, such as families of arms."""
    lines = [f"## `{name}`", "", node["description"], "", names_line(node), ""]
    for variant, row in variants.items():
        fields = schema()["$defs"][definition_name(key, variant)]
        lines += [f"### `{key}: {variant}`, {row.title}", "", fields["description"], ""]
        lines += table(fields, f"{name}.{title}")
    return lines


def configuration_page():
    """Return the text of docs/configuration.md."""
    sections = schema()["properties"]
    lines = [INTRODUCTION]
    for name, node in sections.items():
        if name == "datasets":
            lines += catalogue(name, node, "source", "NAME", SOURCES)
            lines += section(f"{name}.NAME.{SHIFTS}", resolved(schema()["$defs"][SHIFTS]))
        elif name == "arms":
            lines += catalogue(name, node, "family", "NAME", FAMILIES)
        else:
            lines += section(name, node)
    return "\n".join(lines).rstrip() + "\n"


def editor_schema():
    """Return the complete schema for editors, as JSON.

    An experiment file holds only differences from config.yaml, so nothing is required of the top level, of
    `experiment`, of a dataset, a model or an arm. `required` stays inside `if`, where it decides which keys apply.
    """
    complete = copy.deepcopy(schema())
    definitions = complete["$defs"]
    kinds = [definition_name("family", name) for name in FAMILIES] + [
        definition_name("source", name) for name in SOURCES
    ]
    optional = [definitions[name] for name in ("dataset", "model", "arm", *kinds)]
    for node in (complete, complete["properties"]["experiment"], *optional):
        node.pop("required", None)
    comment = "Made by `make docs` from the YAML files in this folder. Do not edit: edit those."
    return json.dumps({"$comment": comment} | complete, indent=2, ensure_ascii=False) + "\n"


def main():
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file is out of date")
    check = parser.parse_args().check
    stale = []
    pages = {PAGE: configuration_page(), FILES_PAGE: files_page(), EDITOR_SCHEMA: editor_schema()}
    for path, text in pages.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(path.relative_to(ROOT))
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    for path in stale:
        print(f"{path} is out of date: run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
