"""Write a selected model as a folder that works without torch: its ONNX graph, its tokenizer, what else is known."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch.nn import Module

from pretrain_or_not.compute.inference import NetworkClassifier
from pretrain_or_not.compute.onnx_graph import OPSET, OUTPUT, files_of, quiet, write_graph
from pretrain_or_not.compute.onnx_network import Run, check_same, onnx_run, torch_run
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.text_classifier import TextClassifier, load
from pretrain_or_not.files.atomic import temporary_folder
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.packages import installed_version
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, PathLike
from pretrain_or_not.files.provenance import sha256_of, versions

GRAPH, INT8 = "model.onnx", "model_int8.onnx"

PACKAGES = ("onnx", "onnxscript", "onnxruntime")  # of envs/onnx.txt

CHECKED_LENGTH = 256  # tokens, of a network that reads texts of any length


class Variant(NamedTuple):
    """One form of a model. name: in words. precision: of its computations. files: of its weights. run: see `Run`."""

    name: str
    precision: str
    files: list[Path]
    run: Run


def check_packages():
    """Raise BadInput unless the optional packages are installed."""
    if missing := [name for name in PACKAGES if installed_version(name) is None]:
        raise BadInput(f"{' and '.join(missing)} not installed; run `make onnx`, or `pip install -r envs/onnx.txt`")


def load_network(folder: PathLike) -> tuple[TextClassifier, Module]:
    """Return the model in a folder `selected`, and its network on the CPU; raise BadInput if it has none."""
    model = load(folder)
    if not isinstance(model.classifier, NetworkClassifier):
        family = model.about["family"]
        raise BadInput(
            f"{folder}: family {family!r} is not exported, as it is no neural network that is trained here; use `load`"
        )
    return model, model.classifier.model.cpu().eval()


def export(
    model: TextClassifier,
    network: Module,
    folder: PathLike,
    out: PathLike,
    int8: bool = False,
    threads: int = 1,
    compare: Callable | None = None,
) -> tuple[float, dict | None]:
    """Write the folder `out`, which must not exist yet.

    Return the largest difference between probabilities of onnxruntime and torch, and the result of `compare` or None.

    model, network: see `load_network`. folder: that they were loaded from. int8: whether to write the graph with 8-bit
    weights too. threads: on which models are compared. compare: function of a list of Variants and of the folder before
    it has its name, or None. Raises BadInput if probabilities of onnxruntime differ from torch's; then nothing is
    written.
    """
    folder, out = Path(folder), Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: exists already; give the name of a new folder, or delete it")
    with temporary_folder(out) as scratch:
        try:
            about = write_checked(model, network, scratch)
        except BadInput as error:
            raise BadInput(f"{folder}: {error}") from error
        graphs = {"ONNX": (GRAPH, "fp32")}
        if int8:
            write_int8(scratch / GRAPH, scratch / INT8)
            graphs["ONNX int8"] = (INT8, "int8")
        copy_facts(model, folder, scratch, about)
        result = None
        if compare:
            precision = model.about["precision"]
            weights = [path for path in folder.iterdir() if path.suffix == ".safetensors"]
            variants = [Variant("original", precision, weights, torch_run(network, precision))]
            variants += [
                Variant(name, precision, files_of(scratch / file), onnx_run(scratch / file, threads))
                for name, (file, precision) in graphs.items()
            ]
            result = compare(variants, scratch)
        os.replace(scratch, out)
    return about["largest_difference"], result


def write_checked(model, network, folder):
    """Write the graph of a model into a folder; return what is known of it.

    Raises BadInput if its probabilities are not those of torch, in single precision.
    """
    sample = model.examples(model.table([("a", "b")] if model.pair else ["a"]))
    types, tokens = sample.type_1 is not None, model.encode.about
    names = write_graph(network, folder / GRAPH, types)
    lengths = (model.about["max_length"], model.classifier.takes.limit)
    difference = check_same(
        torch_run(network, "fp32"),
        onnx_run(folder / GRAPH),
        tokens["vocabulary"],
        tokens["padding_id"],
        min((length for length in lengths if length), default=CHECKED_LENGTH),
        types,
    )
    return {"opset": OPSET, "inputs": names, "output": OUTPUT, "largest_difference": difference}


def write_int8(graph, output):
    """Write a graph whose weights have 8 bits; inputs of its products are rounded to 8 bits as they come.

    Weights have one scale per column, as one scale for a whole matrix changes more predictions.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    large = len(files_of(graph)) > 1
    with quiet():
        quantize_dynamic(graph, output, weight_type=QuantType.QInt8, per_channel=True, use_external_data_format=large)


def copy_facts(model, folder, out, about):
    """Put next to a graph what its users need: tokenizer, classifier.json and, of a transformer, its config.json."""
    for name in model.about["tokenizer"]["files"]:
        shutil.copyfile(folder / name, out / name)
    config = folder / MODEL_FILES[1]
    if "model_type" in read_json(config):  # other tools that serve transformers read it
        shutil.copyfile(config, out / config.name)
    graphs = [file for name in (GRAPH, INT8) for file in files_of(out / name)]
    about |= {"files": {file.name: sha256_of(file) for file in graphs}, "versions": versions("torch", *PACKAGES)}
    write_json(out / ABOUT, model.about | {"onnx": about})
