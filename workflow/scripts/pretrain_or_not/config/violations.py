"""Messages about the places where a config violates the schema."""

import datetime
import math

from pretrain_or_not.config.schema import Validator, resolved, schema, types_of
from pretrain_or_not.config.wording import as_yaml, closest, did_you_mean, kind, number_in, quoted, show, text_of


def check_schema(config, mistakes):
    """Note each violation of the schema in `mistakes`."""
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
                if key in misspelt:  # one line per mistake: where other keys are not allowed, it is noted already
                    text = f"unknown key {show(misspelt[key])}; did you mean '{key}'?"
                    mistakes.add(path, text, key=misspelt[key])
                else:
                    meaning = resolved(allowed[key])["description"].split(". ")[0].removesuffix(".")
                    entry = len(path) == 2 and key in ("source", "family")
                    hint = "; if this changes an entry of another config file, name that file first" if entry else ""
                    mistakes.add(path, f"'{key}' is missing ({meaning[0].lower()}{meaning[1:]}){hint}", key=key)
        elif rule == "uniqueItems":
            for i, item in enumerate(error.instance):
                if item in error.instance[:i]:
                    mistakes.add((*path, i), f"{show(item)} is in the list already")
        elif "propertyNames" in error.absolute_schema_path:
            mistakes.add(path, f"{show(error.instance)} {error.schema['errorMessage']}", key=error.instance)
        else:
            mistakes.add(path, violation(error))


def violation(error):
    """Return a message on a value that violates the schema: what is wrong, and what would be right."""
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
    """Return a message on a value whose type the schema does not allow."""
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
    """Return in words what a schema expects."""
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
