"""Find a pretrained model on disk, and check that its weights are the expected ones before use."""

from pathlib import Path

from data_files import find_package, names_folder
from provenance import sha256_of
from stage import BadInput


def locate(path):
    """Folder of a model of the config: ``package:NAME/FOLDER``, a local folder, or a Hub id (returned as it is)."""
    if path.startswith("package:"):
        name, _, inside = path.removeprefix("package:").partition("/")
        spec = find_package(name)
        if spec is None:
            raise BadInput(f"models: path {path!r}: package {name!r} is not installed")
        folder = Path(spec.submodule_search_locations[0]) / inside
        if not folder.is_dir():
            raise BadInput(f"models: path {path!r}: package {name!r} has no folder {inside!r}")
        return str(folder)
    if Path(path).is_dir():
        return str(Path(path))
    if names_folder(path):
        raise BadInput(f"models: path {path!r}: no such folder")
    return path


def check_weights(folder, sha256):
    """Raise BadInput unless ``model.safetensors`` in `folder` has the SHA-256 `sha256` (hex digits)."""
    weights = Path(folder) / "model.safetensors"
    if not weights.is_file():
        raise BadInput(f"{weights}: not there, so its SHA-256 cannot be checked; only local models can have `sha256:`")
    found = sha256_of(weights)
    if found != sha256:
        raise BadInput(f"{weights}: SHA-256 is {found}, not {sha256} as the config says: not the expected weights")


def verified(model):
    """Folder or Hub id of a model of the config, its weights checked where the config gives their SHA-256."""
    folder = locate(model["path"])
    if model.get("sha256"):
        check_weights(folder, model["sha256"])
    return folder
