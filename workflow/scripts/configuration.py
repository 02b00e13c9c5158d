"""Check a config before anything is planned, fill in its defaults, and say in one line what is wrong with each mistake.

What may be written, with descriptions and defaults, is in ``workflow/schemas/config.schema.yaml``. All this runs in
every parse of the Snakefile, so it imports little.
"""

import copy
import math

import yaml

from config_checks import check_catalogue
from config_schema import check_schema, resolved, schema
from config_words import LARGEST, kind, quoted, show, spot, text_of
from stage import BadInput

MOST_SHOWN = 10
DEEPEST = 10  # keys and positions from the top; the schema needs 5


def check_config(config):
    """Return a copy of `config` with defaults filled in; raise BadInput with a line for each mistake."""
    config, mistakes = mistakes_in(config)
    if mistakes:
        lines = list(mistakes.values())
        more = [f"config: … and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
        raise BadInput("\n".join(lines[:MOST_SHOWN] + more))
    return with_defaults(config)


def mistakes_in(config):
    """(a plain copy of `config`, its Mistakes)."""
    mistakes = Mistakes()
    config = plain(config, (), mistakes)
    check_schema(config, mistakes)
    if isinstance(config, dict):
        check_catalogue(config, mistakes)
    return config, mistakes


class Mistakes(dict):
    """A line for each place (a tuple of keys and positions) that is wrong: the first thing found wrong there."""

    def add(self, path, text, key=None):
        """Note what is wrong at `path` or, with `key`, about that key of the mapping at `path`."""
        place = (*path, key) if key is not None else path
        where = f"{spot(path)}: " if path else ""
        self.setdefault(place, f"config: {where}{text}")


# Before the schema: what Snakemake leaves as text, and what YAML can say and JSON cannot


def with_numbers(config, given):
    """`config`, with what the schema refuses as text replaced by what YAML reads there, if it was `given` so.

    given: the mapping after ``--config``, which is merged into `config`; Snakemake leaves all in {} and [] as text.
    """
    if not given:
        return config
    config, changed = copy.deepcopy(config), True
    while changed:  # some mistakes are seen only when others are gone
        changed = False
        for path in mistakes_in(config)[1]:
            text = value_at(given, path)
            if isinstance(text, str) and value_at(config, path) == text and (value := scalar(text)) != text:
                value_at(config, path[:-1])[path[-1]], changed = value, True
    return config


def value_at(value, path):
    """What is at a path of keys and positions; None where nothing is."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def scalar(text):
    """The number, yes/no value or null that YAML reads unquoted `text` as, or the text."""
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    return yaml.safe_load(text) if tag.rpartition(":")[2] in ("int", "float", "bool", "null") else text


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
