"""Read the values of `--config`, which Snakemake leaves as text."""

from __future__ import annotations

import copy

import yaml

from pretrain_or_not.config.check import mistakes_in


def with_numbers(config: dict, given: dict) -> dict:
    """Return `config` with text of the command line, where the schema refuses text, replaced by what YAML reads there.

    given: the mapping after ``--config``, which is merged into `config`; Snakemake leaves values in {} and [] as text.
    Only values that come from it are replaced.
    """
    if not given:
        return config
    config, changed = copy.deepcopy(config), True
    while changed:  # some mistakes are found only when others are gone
        changed = False
        for path in mistakes_in(config)[1]:
            text = value_at(given, path)
            if value_at(config, path) == text and (value := read(text)) != text:
                value_at(config, path[:-1])[path[-1]], changed = value, True
    return config


def read(value):
    """Return what YAML makes of text, or of the texts of a list; another value as it is."""
    if isinstance(value, list):
        return [read(item) for item in value]
    return scalar(value) if isinstance(value, str) else value


def value_at(value, path):
    """Return the value at a path of keys and positions, or None if there is none."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def scalar(text):
    """Return the number, yes/no value or null that YAML makes of unquoted `text`, or the text itself."""
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    return yaml.safe_load(text) if tag.rpartition(":")[2] in ("int", "float", "bool", "null") else text
