"""Check the files of a language model, before it is loaded."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.files.model_files import check_architecture, check_weight_files
from pretrain_or_not.files.packages import find_package
from pretrain_or_not.files.vocabulary_files import check_vocabulary_files, read_settings


def check_language_model(path: str, gguf: str | None) -> None:
    """Raise BadInput unless a folder has a language model that can be read; nothing is checked of a Hub id.

    gguf: name of its GGUF file, None if it has model.safetensors.
    """
    folder = Path(path)
    if gguf:
        if find_package("gguf") is None:
            raise BadInput(
                f"models: {gguf}: gguf not installed; run `make llm`, or `pip install --no-deps -r envs/llm.txt`"
            )
        if folder.is_dir() and not (folder / gguf).is_file():
            there = ", ".join(sorted(file.name for file in folder.glob("*.gguf"))) or "none"
            raise BadInput(
                f"models: path {path!r}: it has no file {gguf!r} (GGUF files there: {there}); correct `gguf`"
            )
        return
    if not folder.is_dir():
        return
    if not (folder / "config.json").is_file() and (found := sorted(file.name for file in folder.glob("*.gguf"))):
        raise BadInput(f"models: path {path!r}: its weights are in a GGUF file; name it: `gguf: {found[0]}`")
    check_architecture(path)
    check_decoder(read_settings(folder / "config.json").get("model_type"), path)
    check_weight_files(path)
    check_vocabulary_files(path)


def check_decoder(model_type: str | None, path: str) -> None:
    """Raise BadInput unless a `model_type` is that of a supported language model. path: for the message."""
    known = {name: row.title for name, row in ARCHITECTURES.items() if row.kind == "decoder"}
    if model_type not in known:
        raise BadInput(
            f"models: path {path!r}: its architecture, {model_type!r}, is no language model that is supported; choose "
            f"one of these: {', '.join(known.values())}"
        )
