"""List the cells of an experiment."""

from __future__ import annotations

import itertools

from pretrain_or_not.config.sizes import size_name

NO_LABELS = "0"  # the size, as in paths


def grid(config: dict) -> list[dict]:
    """Return the cells of the experiment of a config: dicts of dataset, arm, size (as in paths) and seed."""
    experiment = config["experiment"]
    lists = {
        "dataset": experiment["datasets"],
        "arm": experiment["arms"],
        "size": [size_name(size) for size in experiment["sizes"]],
        "seed": experiment["seeds"],
    }
    cells = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    excluded = experiment.get("exclude", [])
    return [
        cell for cell in cells if says_something(cell, config) and not any(matches(cell, entry) for entry in excluded)
    ]


def says_something(cell, config):
    """Return whether a cell is not the same as another one, and has what its arm needs.

    An arm that reads no labels is the same with any number of them, and with any seed. So it has one cell, of size 0
    and the first seed; with folds, it has one per seed, as these test on other rows. Other arms have none of size 0.
    """
    if not reads_no_labels(config["arms"][cell["arm"]]):
        return cell["size"] != NO_LABELS
    tested_apart = config["datasets"][cell["dataset"]].get("folds")
    return cell["size"] == NO_LABELS and (tested_apart or cell["seed"] == config["experiment"]["seeds"][0])


def reads_no_labels(arm: dict) -> bool:
    """Return whether an arm needs no label. arm: its keys in the config."""
    return arm.get("family") == "prompt" and not arm.get("shots")


def repetition(seed: int, folds: int | None) -> int:
    """Return which repetition of the experiment the cells of a seed belong to: its own or, with folds, their round."""
    return seed // folds if folds else seed


def sizes_by_arm(config: dict, dataset: str) -> list[list[str]]:
    """Return the sizes, as in paths, of each arm on a dataset; no arm has any on one that is not of the experiment."""
    found: dict[str, dict] = {}
    for cell in grid(config):
        if cell["dataset"] == dataset:
            found.setdefault(cell["arm"], {})[cell["size"]] = None
    return [list(sizes) for sizes in found.values()]


def matches(cell, entry):
    """Return whether a cell is in all lists of an entry of `exclude`."""
    return all(
        cell[key.removesuffix("s")] in ([size_name(size) for size in values] if key == "sizes" else values)
        for key, values in entry.items()
    )
