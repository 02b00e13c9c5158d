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
        return sorted(entry.path for entry in entries if is_text(entry))


def is_text(entry):
    """Return whether an entry of a folder is a text; a link counts as one even if what it points to is missing."""
    return entry.name.lower().endswith(SUFFIX) and not entry.name.startswith(".") and not entry.is_dir()


def files_read(paths):
    """Return the files that are read of the paths that a source names: of the folder of a class, its texts."""
    return [str(file) for path in paths for file in (texts_in(path) if Path(path).is_dir() else [path])]
