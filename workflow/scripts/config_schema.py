"""The schema of the config, and each violation of it in words: what is wrong, and what would be right."""

import datetime
import functools
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from config_words import as_yaml, closest, did_you_mean, kind, number_in, quoted, show, text_of

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "config.schema.yaml"


@functools.cache
def schema():
    """The schema of the config."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the parser in C is ten times as fast
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), loader)


def match_whole(validator, pattern, instance, schema):
    """The keyword `pattern`, without Python's `$` that lets a final line break pass."""
    if validator.is_type(instance, "string") and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


# JSON Schema takes 3.0 for an integer and would let it into paths and loops.
Validator = validators.extend(
    Draft202012Validator,
    validators={"pattern": match_whole},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def check_schema(config, mistakes):
    """Note each violation of the schema."""
    for error in Validator(schema()).iter_errors(config):
        path, rule = tuple(error.absolute_path), error.validator
        if rule == "additionalProperties":
            allowed = error.schema["properties"]
            for key in (k for k in error.instance if k not in allowed):
                hint = did_you_mean(key, allowed)
                mistakes.add(path, f"unknown key {show(key)}{hint} (allowed: {', '.join(allowed)})", key=key)
        elif rule == "required":
            allowed = error.schema["properties"]
            misspelt = {closest(key, allowed): key for key in error.instance if key not in allowed}
            for key in (k for k in error.validator_value if k not in error.instance):
                if key in misspelt:  # one mistake, one line: where the keys are closed, it is noted already
                    text = f"unknown key {show(misspelt[key])}; did you mean '{key}'?"
                    mistakes.add(path, text, key=misspelt[key])
                else:
                    about = resolved(allowed[key])["description"].split(". ")[0].removesuffix(".")
                    mistakes.add(path, f"'{key}' is missing ({about[0].lower()}{about[1:]})", key=key)
        elif rule == "uniqueItems":
            for i, item in enumerate(error.instance):
                if item in error.instance[:i]:
                    mistakes.add((*path, i), f"{show(item)} is in the list already")
        elif "propertyNames" in error.absolute_schema_path:
            mistakes.add(path, f"{show(error.instance)} {error.schema['errorMessage']}", key=error.instance)
        else:
            mistakes.add(path, violation(error))


def violation(error):
    """What is wrong with a value, and what would be right."""
    value, rule, schema = error.instance, error.validator, error.schema
    if rule == "type":
        return wrong_type(value, schema)
    if "errorMessage" in schema:
        return f"{show(value)} {schema['errorMessage']}"
    if rule == "enum":
        options = [text_of(option) for option in schema["enum"]]
        return f"{show(value)} is not one of {', '.join(options)}{did_you_mean(value, options)}"
    if rule in ("minItems", "minProperties"):
        return f"{show(value)} has too few entries; give at least {error.validator_value}"
    if rule == "minLength":
        return f"{show(value)} is empty; give {expected(schema)}"
    if rule in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return f"{show(value)} is out of range; give {expected(schema)}"
    return " ".join(error.message.split())


def wrong_type(value, schema):
    """What is wrong with a value of another type than the schema's."""
    types = types_of(schema)
    numeric = "number" in types or "integer" in types
    if value is None:
        return f"is empty (null); give {expected(schema)}"
    if numeric and isinstance(value, str) and (number := number_in(value)) is not None:
        return f"{show(value)} is text to YAML, not a number; write {as_yaml(number)}"
    if numeric and isinstance(value, float):
        fix = f"write {int(value)}" if math.isfinite(value) and value == int(value) else f"give {expected(schema)}"
        return f"{show(value)} is not a whole number; {fix}"
    if "string" in types and isinstance(value, bool | int | float | datetime.date):
        return f"{show(value)} is {kind(value)} to YAML, not text; {quoted(value)}"
    if types == ["array"] and isinstance(value, str | bool | int | float):
        number = number_in(value) if types_of(resolved(schema["items"])) == ["number"] else None
        item = show(value) if number is None else as_yaml(number)
        return f"{show(value)} is {kind(value)}, not a list; write [{item}]"
    return f"{show(value)} is {kind(value)}; give {expected(schema)}"


def expected(schema):
    """What a schema asks for, in words."""
    nouns = {
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
        "boolean": "true or false",
        "array": "a list ([…])",
        "object": "a mapping (key: value)",
        "null": "null",
    }
    bounds = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    limits = " and ".join(f"{words} {schema[key]}" for key, words in bounds.items() if key in schema)
    return " or ".join(
        f"{nouns[name]} {limits}".strip() if name in ("integer", "number") else nouns[name] for name in types_of(schema)
    )


def types_of(schema):
    """The types a schema allows, as a list."""
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


def resolved(field):
    """A field's schema with what it refers to put in."""
    if "$ref" not in field:
        return field
    return {**schema()["$defs"][field["$ref"].removeprefix("#/$defs/")], **field}
