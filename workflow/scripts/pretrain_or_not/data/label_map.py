"""Group raw labels into the classes of a dataset of the config."""

from __future__ import annotations

from pretrain_or_not.config.labels import as_label, shown
from pretrain_or_not.errors import BadInput


def label_map_of(dataset: dict) -> dict | None:
    """Return the map of a dataset from raw label to class name, or None if its raw labels are its classes."""
    return {as_label(raw): key for key, raws in (dataset.get("labels") or {}).items() for raw in raws} or None


def ignored_labels(dataset: dict) -> list:
    """Return the raw labels of a dataset whose rows are left out."""
    return [as_label(raw) for raw in dataset.get("ignore_labels", [])]


def mapped(labels: list, label_map: dict, rows: list) -> list:
    """Return the class names of raw labels; raise BadInput for a label that is not in the map. rows: their numbers."""
    classes = [label_map.get(label) for label in labels]
    if None in classes:
        bad = classes.index(None)
        raise BadInput(
            f"row {rows[bad]}: label {shown(labels[bad])} is not in `labels:`, which maps {', '.join(label_map)}; "
            "add it there, or to `ignore_labels:`"
        )
    return classes
