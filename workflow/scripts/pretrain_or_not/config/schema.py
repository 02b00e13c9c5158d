"""The schema of the config, put together from the fragments in ``workflow/schemas``."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.sources import SOURCES

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the parser in C is ten times faster


@functools.cache
def schema() -> dict:
    """Return the complete schema. Its `$defs` hold the keys of each family and source under `definition_name`."""
    complete = load(SCHEMAS / "config.schema.yaml")
    add_variants(complete, "arm", "family", "arms", FAMILIES)
    add_variants(complete, "dataset", "source", "sources", SOURCES)
    return complete


def load(path):
    """Read a YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)


def add_variants(complete, kind, key, folder, rows):
    """Add to the definition `kind` ("arm" or "dataset") its variants, the `rows` of a table; `key` selects one.

    complete: the schema, which is changed. key: "family" or "source". folder: of the variants' schemas.
    """
    definition = complete["$defs"][kind]
    titles = ", ".join(f"{row.title} ({name})" for name, row in rows.items())
    field = definition["properties"][key]
    field |= {"enum": list(rows), "description": f"{field['description'].removesuffix('.')}, {titles}."}
    definition["allOf"] = []
    for name in rows:
        complete["$defs"][definition_name(key, name)] = load(SCHEMAS / folder / f"{name}.yaml")
        condition = {"properties": {key: {"const": name}}, "required": [key]}
        keys = {"$ref": f"#/$defs/{definition_name(key, name)}"}
        definition["allOf"].append({"if": condition, "then": keys})


def definition_name(key, name):
    """Return the name in `$defs` under which the keys of a family or source are. key: "family" or "source"."""
    return f"{key}.{name}"


def match_completely(validator, pattern, instance, schema):
    """Yield an error unless all of a text matches `pattern`; Python's `$` would accept a final line break."""
    if validator.is_type(instance, "string") and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


# To JSON Schema 3.0 is an integer; here it is none, because integers go into paths and loops.
Validator = validators.extend(
    Draft202012Validator,
    validators={"pattern": match_completely},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def types_of(schema):
    """Return the types that a schema allows, a list."""
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


def resolved(field):
    """Return a field's schema with its reference (`$ref`) replaced by the definition."""
    if "$ref" not in field:
        return field
    definition = schema()
    for part in field["$ref"].removeprefix("#/").split("/"):
        definition = definition[part]
    return {**definition, **field}
