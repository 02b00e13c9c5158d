"""A folder that is no complete model is refused with one line that says what to do."""

import json

import pytest

from helpers.models import make_tiny_bert
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.files.model_files import check_architecture, check_weight_files
from pretrain_or_not.files.vocabulary_files import check_vocabulary_files

PICKLE = "which could run code and is not read; save them as model.safetensors with save_pretrained"
SAVE_AGAIN = "which is not read; load it with its own program and save it as model.safetensors with save_pretrained"
ORIGINAL = "cannot be trained; get the model that they were made of"


@pytest.fixture
def bert(tmp_path):
    """Return the folder of a tiny BERT, to damage."""
    return make_tiny_bert(tmp_path / "bert")


def check(folder):
    """Check everything, as the Snakefile does."""
    check_vocabulary_files(str(folder))
    check_architecture(str(folder))
    check_weight_files(str(folder))


def refusal(folder):
    """Return the line after "models: path …: " with which a folder is refused."""
    with pytest.raises(BadInput) as caught:
        check(folder)
    start = f"models: path '{folder}': "
    assert str(caught.value).startswith(start) and len(str(caught.value).splitlines()) == 1
    return str(caught.value).removeprefix(start)


def configure(folder, **settings):
    """Change keys of config.json."""
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | settings))


def test_a_complete_model_passes(bert):
    check(bert)
    check("org/model")  # of the Hub: checked when it is loaded


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["pytorch_model.bin"], f"its weights are a pickle (pytorch_model.bin), {PICKLE}"),
        (
            ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json"],
            f"its weights are a pickle (pytorch_model-00001-of-00002.bin), {PICKLE}",
        ),
        (["pytorch_model.bin", "tf_model.h5"], f"its weights are a pickle (pytorch_model.bin), {PICKLE}"),
        (["model.pt"], f"its weights are a pickle (model.pt), {PICKLE}"),
        (["tf_model.h5", "training_args.bin"], f"its weights are of TensorFlow (tf_model.h5), {SAVE_AGAIN}"),
        (["bert_model.ckpt.index"], f"its weights are of TensorFlow (bert_model.ckpt.index), {SAVE_AGAIN}"),
        (["flax_model.msgpack"], f"its weights are of Flax (flax_model.msgpack), {SAVE_AGAIN}"),
        (["model-q4.gguf"], f"its weights are quantized (model-q4.gguf), and {ORIGINAL}"),
        (["model.onnx"], f"its weights are of ONNX (model.onnx), and {ORIGINAL}"),
        (
            ["weights.safetensors"],
            "its weights are under another name (weights.safetensors); call the file model.safetensors, or add "
            "model.safetensors.index.json",
        ),
        ([], "it has no weights; put model.safetensors there"),
    ],
)
def test_weights_that_are_not_read(bert, names, message):
    (bert / "model.safetensors").unlink()
    for name in names:
        (bert / name).touch()
    assert refusal(bert) == message


def test_a_missing_shard(bert):
    (bert / "model.safetensors").rename(bert / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (bert / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    assert refusal(bert) == (
        "model.safetensors.index.json names model-00002-of-00002.safetensors, which is not there; get it again"
    )
    (bert / "model-00002-of-00002.safetensors").touch()
    check(bert)


@pytest.mark.parametrize("complete", [True, False])
def test_an_adapter(bert, complete):
    (bert / "adapter_config.json").write_text("{}")
    if not complete:
        (bert / "config.json").unlink()
        (bert / "model.safetensors").rename(bert / "adapter_model.safetensors")
    assert refusal(bert) == (
        "it holds an adapter (adapter_config.json), which is not loaded; add it to its base model with "
        "merge_and_unload of peft, and save that with save_pretrained"
    )


def test_quantized_weights(bert):
    configure(bert, quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    assert refusal(bert) == f"its weights are quantized (quantization_config in config.json), and {ORIGINAL}"


@pytest.mark.parametrize("kind", ["xlnet", "vit", "whisper", "no-such-model", None])
def test_an_architecture_that_is_not_supported(bert, kind):
    configure(bert, model_type=kind)
    titles = ", ".join(row.title for row in ARCHITECTURES.values())
    assert refusal(bert) == (f"its architecture, {kind!r}, is not supported; choose a model of one of these: {titles}")


def test_no_config(bert):
    (bert / "config.json").unlink()
    assert refusal(bert) == "it has no config.json, which says the architecture; get it again"


@pytest.mark.parametrize("content", ["", "{", "[]", '"bert"'])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json"])
def test_a_broken_file_is_named(bert, name, content):
    (bert / "model.safetensors").unlink()
    (bert / name).write_text(content)
    with pytest.raises(BadInput, match=rf"bert/{name}: not .*; get the model again$"):
        check(bert)


def test_no_tokenizer(bert):
    (bert / "tokenizer.json").unlink()
    assert refusal(bert) == (
        "it has no tokenizer (tokenizer.json, vocab.txt, …); copy the tokenizer files of the model there"
    )
    (bert / "tokenizer_config.json").write_text('{"tokenizer_class": "ByT5Tokenizer"}')  # needs no file
    check(bert)


def test_a_model_one_folder_below_is_named(bert):
    (bert.parent / "all").mkdir()
    inside = bert.rename(bert.parent / "all" / "checkpoint-500")
    message = refusal(inside.parent)
    assert message.endswith(f"a model is in {inside}: name that folder")
