"""The provenance of a file: versions of the packages that made it, with a digest of the settings."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from typing import Any

from pretrain_or_not.files.paths import PathLike


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages and of Python, as ``{name: version}``."""
    return {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}


def sha256_of(path: PathLike) -> str:
    """Return the SHA-256 of a file, as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Return the first 16 hex digits of the SHA-256 of a JSON-able value, such as the settings that made a file."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
