"""Check that a pretrained model's folder has a tokenizer.

The architecture is no matter here: a new one in the table must not make texts be tokenized again.
"""

from __future__ import annotations

import json
from pathlib import Path

from pretrain_or_not.errors import BadInput

# Files that a vocabulary is read from, and the classes of tokenizers that need none: their tokens are bytes.
VOCABULARIES = ("tokenizer.json", "vocab*", "*vocab.json", "*.model", "*.tiktoken", "tekken.json")

WITHOUT_VOCABULARY = ("ByT5Tokenizer",)


def check_vocabulary_files(path: str) -> None:
    """Raise BadInput unless a model's folder has a vocabulary for its tokenizer; nothing is checked of a Hub id."""
    folder = Path(path)
    if not folder.is_dir() or any(file for pattern in VOCABULARIES for file in folder.glob(pattern)):
        return
    settings = folder / "tokenizer_config.json"
    if settings.is_file() and read_settings(settings).get("tokenizer_class") in WITHOUT_VOCABULARY:
        return
    raise BadInput(
        f"models: path {path!r}: it has no tokenizer (tokenizer.json, vocab.txt, …); "
        f"{inner_folder(folder) or 'copy the tokenizer files of the model there'}"
    )


def inner_folder(folder: Path) -> str | None:
    """Return the advice to name a folder inside a model's folder, if one of them holds a model; otherwise None."""
    inside = sorted(path.parent for path in folder.glob("*/config.json"))
    return f"a model is in {inside[-1]}: name that folder" if inside else None


def read_settings(path: Path) -> dict:
    """Return the content of a JSON file of a model; raise BadInput that names it if it is not a mapping."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path}: not complete JSON ({error}); get the model again") from error
    if not isinstance(settings, dict):
        raise BadInput(f"{path}: not a JSON object; get the model again")
    return settings
