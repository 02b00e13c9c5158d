"""Paths that several rooms use."""

import os
import re
from pathlib import Path

# What functions take for a path.
PathLike = str | os.PathLike

# The files of a trained model, in the folder of its run.
MODEL_FILES = ("model.safetensors", "config.json")

# What a selected model's folder also holds: what is known of the model, and its card.
ABOUT, CARD = "classifier.json", "README.md"


def is_watched(path: PathLike) -> bool:
    """Return whether Snakemake can watch a file: it takes {…} in a name for a wildcard, and <…> for a folder."""
    return not re.search(r"[{}<>]", str(path))


def unwatched_times(paths: list) -> dict[str, int]:
    """Return when the files that Snakemake cannot watch were changed: {path: nanoseconds}."""
    return {str(path): Path(path).stat().st_mtime_ns for path in paths if not is_watched(path) and Path(path).is_file()}


def subset_name(path: PathLike) -> str:
    """Return the name of a training subset, n{size}/seed{seed}. path: of its file."""
    return "/".join(Path(path).with_suffix("").parts[-2:])
