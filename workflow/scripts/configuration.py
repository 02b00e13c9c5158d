"""Check a config before anything is planned, fill in its defaults, and say in one line what is wrong with each mistake.

What may be written, with descriptions and defaults, is in ``workflow/schemas/config.schema.yaml``. This module turns a
violation into advice and adds what a schema cannot say. It runs in every parse of the Snakefile, so it imports little.
"""

import copy
import datetime
import functools
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from config_words import LARGEST, as_yaml, closest, did_you_mean, kind, listing, number_in, quoted, show, spot, text_of
from data_files import as_label, names_folder
from families import NEURAL
from sizes import grid, size_name
from stage import BadInput

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "config.schema.yaml"
MOST_SHOWN = 10
DEEPEST = 10  # keys and positions from the top; the schema needs 5


def check_config(config):
    """Return a copy of `config` with defaults filled in; raise BadInput with a line for each mistake."""
    mistakes = Mistakes()
    config = plain(config, (), mistakes)
    check_schema(config, mistakes)
    if isinstance(config, dict):
        check_experiment(config, mistakes)
        check_datasets(config, mistakes)
        check_models(config, mistakes)
        check_arms(config, mistakes)
        check_names(config, mistakes)
    if mistakes:
        lines = list(mistakes.values())
        more = [f"config: … and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
        raise BadInput("\n".join(lines[:MOST_SHOWN] + more))
    return with_defaults(config)


class Mistakes(dict):
    """A line for each place (a tuple of keys and positions) that is wrong: the first thing found wrong there."""

    def add(self, path, text, key=None):
        """Note what is wrong at `path` or, with `key`, about that key of the mapping at `path`."""
        place = (*path, key) if key is not None else path
        where = f"{spot(path)}: " if path else ""
        self.setdefault(place, f"config: {where}{text}")


# Before the schema: what YAML can say and JSON cannot


def plain(value, path, mistakes):
    """Copy `value` as plain dicts, lists and scalars that jsonschema can take; note keys and numbers that it cannot."""
    if len(path) > DEEPEST:
        raise BadInput(f"config: {spot(path[:4])}: is nested too deep, or contains itself through an alias (*)")
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            if not isinstance(key, str):
                text = f"the key {show(key)} is {kind(key)} to YAML, not text; {quoted(key)}"
                key = text_of(key)
                mistakes.add(path, text, key=key)
            result[key] = plain(item, (*path, key), mistakes)
        return result
    if isinstance(value, list | tuple):
        return [plain(item, (*path, i), mistakes) for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        mistakes.add(path, f"{value} is not a finite number")
    if isinstance(value, int) and abs(value) >= LARGEST:
        mistakes.add(path, "a number this large is surely a mistake; if it is text, put it in quotes")
        return 0
    return value


# The schema, and its violations in words


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


# What a schema cannot say. Each check looks only at what has the right type: the rest is noted already.


def check_experiment(config, mistakes):
    """Names in the experiment are in the catalogue, the reference is one of its arms, and sizes are sizes."""
    experiment = mapping(config, "experiment")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for i, name in enumerate(sequence(experiment, section)):
            check_name(config, section, noun, name, ("experiment", section, i), mistakes)

    arms = sequence(experiment, "arms")
    reference = experiment.get("reference")
    known = all(("experiment", "arms", i) not in mistakes for i in range(len(arms)))
    if isinstance(reference, str) and arms and known and reference not in arms:
        path = ("experiment", "reference")
        hint = did_you_mean(reference, arms)
        mistakes.add(path, f"{show(reference)} is not one of experiment.arms{hint} (there are: {listing(arms)})")

    seen = {}
    for i, size in enumerate(sequence(experiment, "sizes")):
        try:
            first = seen.setdefault(size_name(size), i)
            if first != i:
                mistakes.add(("experiment", "sizes", i), f"{show(size)} is in the list already, as sizes[{first}]")
        except BadInput as error:
            mistakes.add(("experiment", "sizes", i), str(error))

    check_exclude(experiment, mistakes)


def check_exclude(experiment, mistakes):
    """What is to be left out is in the experiment, and something is left."""
    for i, pattern in enumerate(sequence(experiment, "exclude")):
        for key in pattern if isinstance(pattern, dict) else ():
            there = sequence(experiment, key)
            if any(place[:2] == ("experiment", key) for place in mistakes):
                continue  # it may name what a mistake there spoils
            for j, value in enumerate(sequence(pattern, key)):
                path = ("experiment", "exclude", i, key, j)
                if value not in there:
                    hint = did_you_mean(value, there) if isinstance(value, str) else ""
                    text = f"is not in experiment.{key}{hint} (there are: {', '.join(map(text_of, there))})"
                    mistakes.add(path, f"{show(value)} {text}")
    if not mistakes and not grid(experiment):
        mistakes.add(("experiment", "exclude"), "leaves no cell at all; drop one of its entries")


def check_datasets(config, mistakes):
    """Classes share no raw label and no package, splits are given once, and cuts leave something to train on."""
    datasets = mapping(config, "datasets")
    for name in datasets:
        dataset, path = mapping(datasets, name), ("datasets", name)
        owner = {}
        for label, values in mapping(dataset, "labels").items():
            for i, value in enumerate(values if isinstance(values, list) else []):
                if type(value) in (str, int, float) and (first := owner.setdefault(as_label(value), label)) != label:
                    text = f"{show(value)} belongs to class {show(first)} already; a value can have one class only"
                    mistakes.add((*path, "labels", label, i), text)
        owner = {}
        for label, package in mapping(dataset, "packages").items():
            if isinstance(package, str) and (first := owner.setdefault(package, label)) != label:
                text = f"{show(package)} belongs to class {show(first)} already; a package can have one class only"
                mistakes.add((*path, "packages", label), text)

        if isinstance(dataset.get("split"), str) and mapping(dataset, "files"):
            text = "files names the splits already; leave split out, or give files as one list"
            mistakes.add((*path, "split"), f"{show(dataset['split'])} is one too many: {text}")

        cuts = mapping(dataset, "splits")
        amount = resolved(schema()["$defs"]["cut"])["errorMessage"]
        for key, cut in cuts.items():
            if isinstance(cut, float) and cut >= 1:
                mistakes.add((*path, "splits", key), f"{show(cut)} {amount}")
        default = resolved(schema()["$defs"]["splits"])["default"]
        shares = [cut for key in default if isinstance(cut := cuts.get(key, default[key]), float) and 0 < cut < 1]
        if sum(shares) >= 1:
            text = f"the shares of validation and test add up to {sum(shares):g}; leave some below 1 for training"
            mistakes.add((*path, "splits"), text)


def check_models(config, mistakes):
    """Only models of the Hub have revisions."""
    models = mapping(config, "models")
    for name in models:
        path, revision = (mapping(models, name).get(key) for key in ("path", "revision"))
        if isinstance(path, str) and isinstance(revision, str):
            if path.startswith("package:") or names_folder(path) or Path(path).is_dir():
                text = f"{show(path)} is on this machine, and only models of the Hub have them; leave it out"
                mistakes.add(("models", name, "revision"), f"{show(revision)} is a revision: {text}")


def check_arms(config, mistakes):
    """Models that arms name are there, and embeddings belong to the tokenizer."""
    arms = mapping(config, "arms")
    keys = {"bert": ["model"], "lstm": ["tokenizer", "embeddings"], "tfidf": ["tokenizer"], "probe": ["model"]}
    for name in arms:
        arm, path = mapping(arms, name), ("arms", name)
        family = arm.get("family")
        for key in keys.get(family, []) if isinstance(family, str) else []:
            check_name(config, "models", "model", arm.get(key), (*path, key), mistakes)
        tokenizer, embeddings = arm.get("tokenizer"), arm.get("embeddings")
        if isinstance(embeddings, str) and isinstance(tokenizer, str) and embeddings != tokenizer:
            text = f"is not the tokenizer, {show(tokenizer)}: token ids would not match; name the same model in both"
            mistakes.add((*path, "embeddings"), f"{show(embeddings)} {text}")


def check_names(config, mistakes):
    """Arms to time, and what stands for a published dataset or arm, are in the catalogue."""
    for i, name in enumerate(sequence(mapping(config, "timing"), "arms")):
        path = ("timing", "arms", i)
        check_name(config, "arms", "arm", name, path, mistakes)
        if isinstance(name, str) and mapping(mapping(config, "arms"), name).get("family") not in (*NEURAL, None):
            mistakes.add(path, f"{show(name)} is no neural network, and only those are timed; leave it out")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for name in mapping(mapping(config, "published"), section):
            check_name(config, section, noun, name, ("published", section, name), mistakes)


def check_name(config, section, noun, name, path, mistakes):
    """Note that there is no `name` in a section of the catalogue, if both are what they should be otherwise."""
    there = config.get(section)
    if isinstance(name, str) and isinstance(there, dict) and name not in there:
        hint = did_you_mean(name, there)
        mistakes.add(path, f"no {noun} {show(name)} in {section}{hint} (there are: {listing(there) or 'none'})")


# Defaults


def with_defaults(config):
    """Fill in the defaults of a valid config, in place, and return it."""
    families = schema()["$defs"]
    fill(config, schema())
    for arm in config["arms"].values():
        fill(arm, families[arm["family"]])
    for dataset in config["datasets"].values():
        fill(dataset, families[dataset["source"]])
    for model in config["models"].values():
        fill(model, families["model"])
    return config


def fill(value, schema):
    """Fill in the defaults of a mapping and of the mappings in its fields."""
    for key, field in schema.get("properties", {}).items():
        field = resolved(field)
        if key not in value and "default" in field:
            value[key] = copy.deepcopy(field["default"])
        if isinstance(value.get(key), dict):
            fill(value[key], field)


def resolved(field):
    """A field's schema with what it refers to put in."""
    if "$ref" not in field:
        return field
    return {**schema()["$defs"][field["$ref"].removeprefix("#/$defs/")], **field}


# Parts of a config that may be wrong in themselves


def mapping(parent, key):
    """``parent[key]`` if it is a mapping, else an empty one."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def sequence(parent, key):
    """``parent[key]`` if it is a list, else an empty one."""
    value = parent.get(key)
    return value if isinstance(value, list) else []
