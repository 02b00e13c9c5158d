"""List the cells of an experiment."""

from __future__ import annotations

import itertools

from pretrain_or_not.config.sizes import size_name


def grid(experiment: dict) -> list[dict]:
    """Return the cells of an experiment of the config: dicts of dataset, arm, size (as in paths) and seed."""
    lists = {
        "dataset": experiment["datasets"],
        "arm": experiment["arms"],
        "size": [size_name(size) for size in experiment["sizes"]],
        "seed": experiment["seeds"],
    }
    cells = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    return [cell for cell in cells if not any(matches(cell, entry) for entry in experiment.get("exclude", []))]


def matches(cell, entry):
    """Return whether a cell is in all lists of an entry of `exclude`."""
    return all(
        cell[key.removesuffix("s")] in ([size_name(size) for size in values] if key == "sizes" else values)
        for key, values in entry.items()
    )
