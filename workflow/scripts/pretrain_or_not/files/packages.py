"""Find installed Python packages without importing them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys
from pathlib import Path


def find_package(name: str) -> Path | None:
    """Return the folder of an installed package (``torch``, ``xml.etree``), or None. Imports only its parents."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def installed_version(package: str) -> str | None:
    """Return the version of the distribution that contains an importable package, or None.

    For a package of the standard library, it is Python's version.
    """
    top = package.partition(".")[0]
    if top in sys.stdlib_module_names:
        return platform.python_version()
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:  # sklearn is in scikit-learn
        names = importlib.metadata.packages_distributions().get(top)
        return importlib.metadata.version(names[0]) if names else None
