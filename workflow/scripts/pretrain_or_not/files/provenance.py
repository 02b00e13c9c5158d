"""The provenance of a file: versions of the packages that made it, with a digest of the settings."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from typing import Any

from pretrain_or_not.files.paths import PathLike


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages and of Python, as ``{name: version}``."""
    return {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}


def sha256_of(path: PathLike) -> str:
    """Return the SHA-256 of a file, as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity_of(paths: Sequence[PathLike]) -> dict | None:
    """Return what identifies the content of files: {"files": number, "bytes": size, "sha256": …}; None for no file.

    The SHA-256 is that of the file; of several, that of their SHA-256 in the order of `paths`, one hex number per line.
    """
    if not paths:
        return None
    found = [sha256_of(path) for path in paths]
    whole = found[0] if len(found) == 1 else hashlib.sha256("".join(f"{one}\n" for one in found).encode()).hexdigest()
    return {"files": len(paths), "bytes": sum(os.path.getsize(path) for path in paths), "sha256": whole}


def digest(value: Any) -> str:
    """Return the first 16 hex digits of the SHA-256 of a JSON-able value, such as the settings that made a file."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
