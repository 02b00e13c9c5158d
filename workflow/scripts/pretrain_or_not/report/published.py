"""The published numbers that names of a config stand for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parents[3] / "published" / "wang2020.yaml"


@cache
def study() -> dict:
    """Return the published study: its name, its reference arm, and one row per accuracy that could be confirmed."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def matched(names: dict) -> list[dict]:
    """Return the study's rows that correspond to datasets and arms of the config, under the config's names.

    names: the config's `published`. Returns dicts of dataset, arm, share, accuracy (%), and gap: how far it is
    behind the study's reference arm (points, or None where it was not published).
    """
    about = study()
    return [
        {"dataset": dataset, "arm": arm, "share": about["share"], "accuracy": row["accuracy"],
         "gap": row.get("gap")}
        for row in about["rows"]
        for dataset, its_dataset in names["datasets"].items()
        for arm, its_arm in names["arms"].items()
        if (row["dataset"], row["arm"]) == (its_dataset, its_arm)
    ]  # fmt: skip
