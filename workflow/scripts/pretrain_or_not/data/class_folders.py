"""List the folders of a dataset that has one folder per class."""

import os
from pathlib import Path

SUFFIX = ".txt"


def class_folders(path):
    """Return the folders in a folder, a sorted list of paths; hidden ones are left aside."""
    with os.scandir(path) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def texts_in(folder):
    """Return the paths of the texts of a class, sorted."""
    with os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if entry.name.endswith(SUFFIX) and not entry.name.startswith("."))
