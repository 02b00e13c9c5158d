"""Write a network as an ONNX graph."""

from __future__ import annotations

import copy
import logging
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import PathLike

# The set of operators that torch's translations are written in, and the one that most runtimes read. A newer one would
# make attention one operator, whose weights onnxruntime does not quantize.
OPSET = 18

OUTPUT = "logits"  # float32 (batch, classes); its softmax are the probabilities

MOST_IN_ONE_FILE = 1_800_000_000  # bytes of weights; a file of ONNX holds at most 2 GiB

# torch builds the graph from one batch. No axis may have length 1, which it would take for a constant.
EXAMPLE = (3, 7)


def write_graph(network: nn.Module, path: PathLike, types: bool) -> list[str]:
    """Write a network that classifies tokens as an ONNX file; return the names of its inputs.

    The inputs are int64 (batch, length), both of any size, with padding on the right. Weights of more than 2 GB go to a
    further file, with `.data` after the name. network: on the CPU, in evaluation mode. types: whether it reads
    token_type_ids. Raises BadInput if torch cannot translate it.
    """
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if types else [])]
    example = {name: torch.full(EXAMPLE, int(name == "attention_mask")) for name in names}
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    try:
        with quiet(), torch.no_grad():
            program = torch.onnx.export(
                Logits(with_onnx_lstms(network)).eval(),
                kwargs=example,
                dynamic_shapes={name: {0: "batch", 1: "length"} for name in names},
                input_names=names,
                output_names=[OUTPUT],
                opset_version=OPSET,
                verbose=False,
            )
            assert program is not None  # as no file is given
            program.save(str(path), external_data=size > MOST_IN_ONE_FILE)
    except Exception as error:  # of many kinds, as models are of many kinds
        reason = str(error).strip().partition("\n")[0]
        name = type(network).__name__
        raise BadInput(f"torch cannot write {name} as ONNX: {type(error).__name__}: {reason}") from error
    return names


def files_of(path: PathLike) -> list[Path]:
    """Return the files of a graph that `write_graph` wrote."""
    return [file for file in (Path(path), Path(f"{path}.data")) if file.exists()]


class Logits(nn.Module):
    """A network whose output is the tensor of logits alone."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        """Return logits (batch, classes). The arguments: int64 (batch, length)."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.network(input_ids=input_ids, attention_mask=attention_mask, **types).logits


class OnnxLSTM(nn.Module):
    """An `nn.LSTM` of one layer and direction as one operator of ONNX: torch would write a copy of it per time step."""

    def __init__(self, lstm):
        super().__init__()
        self.hidden = lstm.hidden_size
        self.register_buffer("inputs", by_gate(lstm.weight_ih_l0))
        self.register_buffer("states", by_gate(lstm.weight_hh_l0))
        self.register_buffer("biases", torch.cat([by_gate(lstm.bias_ih_l0), by_gate(lstm.bias_hh_l0)], dim=1))

    def forward(self, x):
        """Return (states, None). x: (batch, time, inputs). states: (batch, time, hidden)."""
        batch, time, _ = x.shape
        states = torch.onnx.ops.symbolic(
            "LSTM",
            (x.transpose(0, 1), self.inputs, self.states, self.biases),
            {"hidden_size": self.hidden},
            dtype=x.dtype,
            shape=(time, 1, batch, self.hidden),
            version=OPSET,
        )
        return states.squeeze(1).transpose(0, 1), None


def by_gate(weights):
    """Return weights of an `nn.LSTM`, (4 hidden, …), in ONNX's order of gates, for one direction: (1, 4 hidden, …)."""
    entry, forget, cell, exit_ = weights.detach().chunk(4)
    return torch.cat([entry, exit_, forget, cell]).unsqueeze(0)


def with_onnx_lstms(network):
    """Return a network in which an `OnnxLSTM` replaces each LSTM that it can; the network itself where there is none.

    A network with another LSTM gets a graph for one length only, which `onnx_network.check_same` notices.
    """
    found = [name for name, module in network.named_modules() if isinstance(module, nn.LSTM) and is_plain(module)]
    if found:
        network = copy.deepcopy(network)
        for name in found:
            network.set_submodule(name, OnnxLSTM(network.get_submodule(name)))
    return network


def is_plain(lstm):
    """Return whether an `OnnxLSTM` can replace an LSTM."""
    settings = (lstm.num_layers, lstm.bidirectional, lstm.proj_size, lstm.bias, lstm.batch_first)
    return settings == (1, False, 0, True, True)


@contextmanager
def quiet():
    """Leave out what exporters tell their own developers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
