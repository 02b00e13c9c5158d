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


def is_archive(path):
    """Whether a file is a tar archive, compressed or not, by its name."""
    return re.search(r"[.](tar|tar[.](gz|bz2|xz)|tgz)$", str(path).lower()) is not None


def names_folder(path):
    """Whether a name can only be a folder's, as no id on the Hugging Face Hub has its form."""
    return path.startswith((".", "/", "~")) or path.count("/") > 1


def is_folder(path):
    """Whether the `id` of a Hub data set is a folder on this machine instead; BadInput where it should be one."""
    if Path(path).is_dir():
        return True
    if names_folder(path):
        raise BadInput(f"id: there is no folder {path!r} (looked for from {Path.cwd()})")
    return False


def format_of(path, given=None, member=None):
    """The file format of `path`, or of its `member` where it is an archive: the one `given`, else as its name tells.

    Names are looked through ``.gz`` and the like.
    """
    if given:
        return given
    suffixes = [suffix.lstrip(".").lower() for suffix in Path(member if is_archive(path) else path).suffixes]
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


def check_source(name, dataset):
    """Paths of all source files of a dataset of the config; none where it is packages or on the Hugging Face Hub.

    Raises BadInput where a file or package is not there, or a file's format cannot be told. Whether a data set of the
    Hub is there is seen when it is read: what is ingested already needs neither network nor cache.
    """
    place = f"config: datasets.{name}"
    if dataset["source"] == "docstrings":
        for label, package in dataset["packages"].items():
            if find_package(package) is None:
                raise BadInput(
                    f"{place}.packages.{label}: {package!r} is not an installed package; "
                    "install it, or leave the class out"
                )
        return []
    if dataset["source"] == "hub":
        try:
            local = is_folder(dataset["id"])
        except BadInput as error:
            raise BadInput(f"{place}.{error}") from error
        return sorted(str(path) for path in Path(dataset["id"]).rglob("*") if path.is_file()) if local else []
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    for path in paths:
        if not Path(path).is_file():
            raise BadInput(
                f"{place}.files: there is no file {path!r} (looked for from {Path.cwd()}); "
                "correct the path in the config"
            )
        check_format(path, dataset, place)
    return paths


def check_format(path, dataset, place):
    """Raise BadInput unless a file's format is known and, where it is an archive, `member` can be read out of it."""
    archive = is_archive(path)
    if archive and not dataset["member"]:
        raise BadInput(f"{place}: {path!r} is a tar archive; name the file in it by `member:` (tar -tf lists them)")
    kind = format_of(path, dataset["format"], dataset["member"])
    if archive and FORMATS[kind] != "json":
        raise BadInput(f"{place}.member: only JSON lines are read inside an archive, not {kind}; unpack {path!r}")
