"""Check a config before anything is planned, with one line for each mistake.

The allowed keys and values, with descriptions and defaults, are in ``workflow/schemas/config.schema.yaml``. This code
runs whenever the Snakefile is parsed, so it imports little.
"""

from __future__ import annotations

import math

from pretrain_or_not.config.cross_checks import check_catalogue
from pretrain_or_not.config.defaults import with_defaults
from pretrain_or_not.config.label_checks import check_labels
from pretrain_or_not.config.made_models import with_each_amount
from pretrain_or_not.config.model_checks import check_models
from pretrain_or_not.config.prediction_checks import check_predictions
from pretrain_or_not.config.prompt_checks import check_prompts
from pretrain_or_not.config.schema import schema
from pretrain_or_not.config.shift_checks import check_shifts
from pretrain_or_not.config.training_checks import check_training
from pretrain_or_not.config.violations import check_schema
from pretrain_or_not.config.wording import LARGEST, kind, quoted, show, spot, text_of
from pretrain_or_not.errors import BadInput

MOST_SHOWN = 10

DEEPEST = 10  # keys and positions from the top; the schema needs 5


def check_config(config: dict) -> dict:
    """Return a copy of `config` with defaults filled in; raise BadInput with one line per mistake."""
    config, mistakes = mistakes_in(config)
    if mistakes:
        lines = list(mistakes.values())
        more = [f"config: … and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
        raise BadInput("\n".join(lines[:MOST_SHOWN] + more))
    return with_defaults(config)


def missing_sections(config, files):
    """Return a line that names the files of a config if required sections are missing; otherwise an empty string."""
    if all(section in config for section in schema()["required"]):
        return ""
    read = ", ".join(map(str, files)) or "no file"
    return (
        f"\n(It was read from {read}. Is config.yaml, the catalogue of datasets, models and arms, among these files?)"
    )


def mistakes_in(config):
    """Return a plain copy of `config` and its Mistakes."""
    mistakes = Mistakes()
    config = plain(config, (), mistakes)
    if isinstance(config, dict) and isinstance(config.get("models"), dict):
        config["models"], mistakes.written = with_each_amount(config["models"])
    check_schema(config, mistakes)
    if isinstance(config, dict):
        check_prompts(config, mistakes)
        check_catalogue(config, mistakes)
        check_labels(config, mistakes)
        check_models(config, mistakes)
        check_training(config, mistakes)
        check_predictions(config, mistakes)
        check_shifts(config, mistakes)
    return config, mistakes


class Mistakes(dict):
    """The mistakes of a config: place (a tuple of keys and positions) -> one line on the first mistake found there.

    A model that a list of amounts makes is called as it is written: see `with_each_amount`.
    """

    def __init__(self):
        super().__init__()
        self.written: dict[str, str] = {}

    def at(self, path):
        """Return a path as it is written in the config."""
        if path[:1] == ("models",) and len(path) > 1:
            return ("models", self.written.get(path[1], path[1]), *path[2:])
        return path

    def add(self, path, text, key=None):
        """Note a mistake at `path` or, if `key` is given, at that key of the mapping at `path`."""
        path = self.at(path)
        place = (*path, key) if key is not None else path
        where = f"{spot(path)}: " if path else ""
        self.setdefault(place, f"config: {where}{text}")


def plain(value, path, mistakes):
    """Return a copy of `value` in plain dicts, lists and scalars, for jsonschema; note unsuitable keys and numbers.

    Raises BadInput if `value` is nested too deep.
    """
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
