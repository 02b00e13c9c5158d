"""Say what an entry of `shifts` means: labelled files, or a change of the test texts."""

from __future__ import annotations

from pretrain_or_not.config.predictions import INHERITED, read_like

CHANGES = ("typos", "case", "words")  # what may be done to the test texts

OWN = ("files", "format", "member", "where")

LENT = (*INHERITED, "label", "labels", "ignore_labels")

READING = (*OWN[1:], *LENT)  # keys that say how files are read


def as_labelled(entry: dict, dataset: dict) -> dict:
    """Return an entry with `files` as a dataset of source `files`; what it leaves out is as in the `dataset`."""
    return read_like(entry, dataset, OWN, LENT)


def change_of(entry: dict, seed: int) -> dict:
    """Return the one change of an entry, as {key: value}, with the seed of its chance. seed: of the dataset."""
    change = {key: entry[key] for key in CHANGES if entry.get(key) is not None}
    return change | ({"seed": seed} if "typos" in change else {})
