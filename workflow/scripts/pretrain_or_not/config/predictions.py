"""Say what an entry of `predict` means: how new texts are read, which models may classify them."""

from __future__ import annotations

from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.sizes import size_name

# Keys of a dataset that say how its files are read; new texts inherit them where they say nothing else.
INHERITED = ("text", "pair", "separator", "header", "columns", "delimiter", "quoting", "encoding")

OWN = ("files", "format", "member", "keep")

# Keys that a given one replaces.
REPLACED = {"text": ("pair",), "pair": ("text",), "header": ("columns",)}


def dataset_of(experiment: dict, entry: dict) -> str | None:
    """Return the dataset whose model an entry of `predict` uses: the one it names, or the only one; None if unclear."""
    names = experiment["datasets"]
    return entry.get("dataset") or (names[0] if len(names) == 1 else None)


def as_dataset(entry: dict, dataset: dict) -> dict:
    """Return an entry of `predict` as a dataset of source `files` without labels.

    dataset: the one whose model is used; what the entry leaves out is inherited from it.
    """
    return read_like(entry, dataset, OWN, INHERITED) | {"label": None}


def read_like(entry: dict, dataset: dict, own: tuple, inherited: tuple) -> dict:
    """Return an entry as a dataset of source `files`, with its `own` keys, and others that a dataset may lend it."""
    given = {key: entry[key] for key in (*own, *inherited) if entry.get(key) is not None}
    replaced = {other for key in given for other in REPLACED.get(key, ())}
    lent = {key: dataset[key] for key in inherited if dataset.get(key) is not None and key not in replaced}
    return {"source": "files", **lent, **given}


def cells_for(entry: dict, config: dict) -> list[dict]:
    """Return the cells of the experiment of a config whose models an entry of `predict` allows.

    Without a `size`, they are those of the largest one of each arm, as far as that can be told: counts cannot be
    compared with shares before the data are read.
    """
    wanted = {"dataset": dataset_of(config["experiment"], entry)} | {
        key: entry[key] for key in ("arm", "seed") if entry.get(key) is not None
    }
    cells = [cell for cell in grid(config) if all(cell[key] == value for key, value in wanted.items())]
    if entry.get("size") is not None:
        return [cell for cell in cells if cell["size"] == size_name(entry["size"])]
    shares = {cell["size"].endswith("pct") for cell in cells}
    if len(shares) != 1:
        return cells
    largest: dict[str, str] = {}
    for cell in sorted(cells, key=lambda cell: float(cell["size"].removesuffix("pct"))):
        largest[cell["arm"]] = cell["size"]
    return [cell for cell in cells if cell["size"] == largest[cell["arm"]]]
