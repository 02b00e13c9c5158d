"""The modules of the folder `tools`."""

import importlib
import sys

from helpers.paths import ROOT


def tool(name):
    """Return a module of the folder `tools`."""
    sys.path.append(str(ROOT / "tools"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop()
