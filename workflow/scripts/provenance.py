"""Where a file comes from: versions of what made it, and a digest of the settings."""

import hashlib
import importlib.metadata
import json
import platform


def versions(*packages):
    """Installed versions, Python's included, as ``{name: version}``."""
    return {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}


def sha256_of(path):
    """SHA-256 of a file, as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value):
    """First 16 hex digits of the SHA-256 of a JSON-able value: which settings made a file."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
