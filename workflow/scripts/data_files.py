"""What datasets and models are read from: files, of which split and format each is, and installed packages."""

import importlib.metadata
import importlib.util
import platform
import re
import sys
from pathlib import Path

from stage import BadInput

FORMATS = {"parquet": "parquet", "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json"}
COMPRESSIONS = ("gz", "zst", "bz2", "xz")


def files_by_split(files):
    """The `files` of a dataset's config as {split: [paths]}; the split is None where it is not given by file."""
    by_split = files if isinstance(files, dict) else {None: files}
    return {split: [paths] if isinstance(paths, str) else list(paths) for split, paths in by_split.items()}


def format_of(path, given=None):
    """The file format of `path`: the one `given`, or by the file's name, looking through ``.gz`` and the like."""
    if given:
        return given
    suffixes = [suffix.lstrip(".").lower() for suffix in Path(path).suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in FORMATS:
        raise BadInput(f"{path}: cannot tell its format from its name; set `format:` to one of parquet, csv, tsv, json")
    return suffixes[-1]


def as_label(value):
    """A raw label as text, so that 4, 4.0 and "4.0" name the class "4" ("04" another one); None where there is none."""
    if value is None or value != value:  # NaN
        return None
    text = str(value).strip()
    return re.sub(r"(?<=\d)\.0+$", "", text) or None


def find_package(name):
    """The import spec of an installed package (``torch``, ``xml.etree``), or None. Imports none but its parents."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return spec if spec and spec.submodule_search_locations else None


def installed_version(package):
    """Version of the distribution that an importable package came with; Python's for its standard library."""
    top = package.partition(".")[0]
    if top in sys.stdlib_module_names:
        return platform.python_version()
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:  # sklearn comes with scikit-learn
        names = importlib.metadata.packages_distributions().get(top)
        return importlib.metadata.version(names[0]) if names else None


def model_version(path):
    """What changes when a pretrained model changes in place: its package's version, or sizes and times of its files.

    None for a Hub id.
    """
    if path.startswith("package:"):
        return installed_version(path.removeprefix("package:").partition("/")[0])
    files = [Path(path) / name for name in ("model.safetensors", "tokenizer.json")]
    return [[file.stat().st_size, int(file.stat().st_mtime)] for file in files if file.is_file()] or None


def check_source(name, dataset):
    """Paths of all source files of a dataset of the config; none for `docstrings`, which reads installed packages.

    Raises BadInput where a file or package is not there, or a file's format cannot be told.
    """
    if dataset["source"] == "docstrings":
        for label, package in dataset["packages"].items():
            if find_package(package) is None:
                raise BadInput(
                    f"config: datasets.{name}.packages.{label}: {package!r} is not an installed package; "
                    "install it, or leave the class out"
                )
        return []
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    for path in paths:
        if not Path(path).is_file():
            raise BadInput(
                f"config: datasets.{name}.files: there is no file {path!r} (looked for from {Path.cwd()}); "
                "correct the path in the config"
            )
        format_of(path, dataset["format"])
    return paths
