"""Say which pretrained model a trained one was made from: its version, its licence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.pretrained import locate, weights_name
from pretrain_or_not.files.provenance import sha256_of

UNKNOWN = "unknown"  # as the Hugging Face Hub calls a licence that is not known


def is_on_hub(model: dict) -> bool:
    """Return whether a model of the config is one of the Hugging Face Hub."""
    return not Path(locate(model["path"])).is_dir()


def pinned(model: dict) -> dict:
    """Return where to find exactly this version of a model of the config again: path, revision, sha256, gguf.

    The last one is left out where it has none. A local folder has an absolute path and the SHA-256 of its weights; a
    model of the Hub has the commit that is on this machine, where that is known.
    """
    gguf = {"gguf": model["gguf"]} if model.get("gguf") else {}
    if is_on_hub(model):
        config = hub_file(model, MODEL_FILES[1])
        commit = config.parent.name if config else model.get("revision")
        return gguf | {"path": model["path"], "revision": commit, "sha256": None}
    weights = Path(locate(model["path"])) / weights_name(model)
    path = model["path"] if model["path"].startswith("package:") else str(Path(model["path"]).resolve())
    return gguf | {"path": path, "revision": None, "sha256": sha256_of(weights) if weights.is_file() else None}


def about_base(model: dict) -> dict:
    """Return what a card says of a model of the config: path, whether it is on the `hub`, licence."""
    return {"path": model["path"], "hub": is_on_hub(model), "licence": licence_of(model)}


def licence_of(model: dict) -> str:
    """Return the licence that the card or the config of a model names; UNKNOWN if none does."""
    card, config = model_file(model, "README.md"), model_file(model, MODEL_FILES[1])
    settings = json.loads(config.read_text(encoding="utf-8")) if config else {}
    named = (front_matter(card) if card else {}).get("license") or settings.get("license")
    return named if isinstance(named, str) else UNKNOWN


def front_matter(card: Path) -> dict:
    """Return the YAML at the top of a model card, an empty dict if there is none."""
    found = re.match(r"\ufeff?---\s*\n(.*?)\n---\s*(\n|$)", card.read_text(encoding="utf-8"), re.DOTALL)
    try:
        values = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError:
        return {}
    return values if isinstance(values, dict) else {}


def model_file(model, name):
    """Return the path of a file of a model on this machine, None if it is not there."""
    if is_on_hub(model):
        return hub_file(model, name)
    path = Path(locate(model["path"])) / name
    return path if path.is_file() else None


def hub_file(model, name):
    """Return the path of a file of a model of the Hub that was downloaded before, None if it was not."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(model["path"], name, revision=model.get("revision"))
    return Path(path) if isinstance(path, str) else None
