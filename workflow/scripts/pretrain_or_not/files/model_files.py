"""Check the files of a pretrained model in a folder, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import find_architecture
from pretrain_or_not.files.vocabulary_files import inner_folder, read_settings

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

SAVE_AGAIN = "load it with its own program and save it as model.safetensors with save_pretrained"

ORIGINAL = "get the model that they were made of"

PICKLE = "a pickle ({}), which could run code and is not read; save them as model.safetensors with save_pretrained"

# Weights of other programs: pattern of the file's name -> what is said of it.
OTHER_WEIGHTS = {
    "pytorch_model*": PICKLE,
    "*.h5": f"of TensorFlow ({{}}), which is not read; {SAVE_AGAIN}",
    "*.ckpt.index": f"of TensorFlow ({{}}), which is not read; {SAVE_AGAIN}",
    "*.msgpack": f"of Flax ({{}}), which is not read; {SAVE_AGAIN}",
    "*.gguf": f"quantized ({{}}), and cannot be trained; {ORIGINAL}",
    "*.onnx": f"of ONNX ({{}}), and cannot be trained; {ORIGINAL}",
    "*.safetensors": "under another name ({}); call the file model.safetensors, or add model.safetensors.index.json",
} | dict.fromkeys(("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl"), PICKLE)


def check_weight_files(path: str) -> None:
    """Raise BadInput unless a model's folder has weights that can be read; nothing is checked of a Hub id."""
    folder = Path(path)
    if not folder.is_dir():
        return
    if (folder / "adapter_config.json").is_file():
        raise BadInput(
            f"models: path {path!r}: it holds an adapter (adapter_config.json), which is not loaded; add it to its "
            "base model with merge_and_unload of peft, and save that with save_pretrained"
        )
    if (folder / WEIGHTS).is_file():
        return
    if (folder / INDEX).is_file():
        index = read_settings(folder / INDEX).get("weight_map", {})
        absent = sorted({name for name in index.values() if not (folder / name).is_file()})
        if absent:
            raise BadInput(f"models: path {path!r}: {INDEX} names {absent[0]}, which is not there; get it again")
        return
    for pattern, what in OTHER_WEIGHTS.items():
        if found := sorted(file.name for file in folder.glob(pattern)):
            raise BadInput(f"models: path {path!r}: its weights are {what.format(found[0])}")
    raise BadInput(f"models: path {path!r}: it has no weights; put model.safetensors there")


def check_architecture(path: str) -> None:
    """Raise BadInput unless config.json in a model's folder says a supported architecture; Hub ids are not checked."""
    folder = Path(path)
    if not folder.is_dir():
        return
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            check_weight_files(path)
        raise BadInput(
            f"models: path {path!r}: it has no config.json, which says the architecture; "
            f"{inner_folder(folder) or 'get it again'}"
        )
    settings = read_settings(folder / "config.json")
    if "auto_map" not in settings:  # others may need code that comes with them: what loads them says so
        find_architecture(settings.get("model_type"), path)
    check_settings(settings, path)


def check_settings(settings: dict, path: str) -> None:
    """Raise BadInput if the weights of a model are quantized. settings: the content of its config.json."""
    if settings.get("quantization_config"):
        raise BadInput(
            f"models: path {path!r}: its weights are quantized (quantization_config in config.json), and cannot be "
            f"trained; {ORIGINAL}"
        )
