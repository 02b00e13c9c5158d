"""A graph of ONNX gives the probabilities of torch, whatever the number of texts and their lengths."""

import numpy as np
import pytest

from helpers.models import LIMIT, ROWS, TINY, make_tiny
from pretrain_or_not.errors import BadInput

NEEDED = "the optional packages of envs/onnx.txt are not installed (make onnx)"
onnx = pytest.importorskip("onnx", reason=NEEDED)
pytest.importorskip("onnxscript", reason=NEEDED)
pytest.importorskip("onnxruntime", reason=NEEDED)

SHAPES = [(1, 1), (1, 9), (4, 1), (6, 20), (2, LIMIT)]


def tiny_transformer(kind, folder):
    """Return a tiny classifier whose probabilities differ from text to text, whether it has token types, padding id."""
    from pretrain_or_not.compute.token_fit import fit_tokens, takes_of
    from pretrain_or_not.compute.transformer import load_for_classification

    make_tiny(kind, folder)
    model = load_for_classification(str(folder), ["a", "b", "c"], 0.1)
    padding = TINY[kind].get("pad_token_id") or 0
    fit_tokens(model, ROWS, padding, kind)
    for weights in model.parameters():
        weights.data.mul_(10 if weights.ndim > 1 else 1)
    # Of RoBERTa's kind, which has one type only, the tokenizer gives none.
    return model.eval(), takes_of(model).types and kind == "bert", padding


def tiny_lstm(layers=2, **changes):
    from pretrain_or_not.arms.lstm import LSTMClassifier

    sizes = {"vocabulary": ROWS, "padding_id": 0, "embedding_size": 8, "hidden": 6, "dropout": 0.1, "classes": 3}
    model = LSTMClassifier(sizes | {"layers": layers} | changes).eval()
    model.classifier.weight.data.mul_(20)
    return model


def tiny_bag():
    import torch

    from pretrain_or_not.arms.bag import BagClassifier

    sizes = {"vocabulary": ROWS, "padding_id": 0, "embedding_size": 8, "dropout": 0.1, "classes": 3}
    model = BagClassifier(sizes).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights)
    return model


# RoBERTa numbers positions after the id of padding; GPT-2 and BART classify by the last token.
@pytest.mark.parametrize("name", ["lstm", "bag", "bert", "roberta", "gpt2", "bart"])
def test_a_graph_gives_the_probabilities_of_torch(tmp_path, name):
    import torch

    from pretrain_or_not.compute.onnx_graph import OPSET, write_graph
    from pretrain_or_not.compute.onnx_network import onnx_run, random_batch, torch_run

    torch.manual_seed(1)
    own = {"lstm": tiny_lstm, "bag": tiny_bag}
    network, types, padding = (own[name](), False, 0) if name in own else tiny_transformer(name, tmp_path / "model")
    path = tmp_path / "model.onnx"
    names = write_graph(network, path, types)
    assert names == ["input_ids", "attention_mask", *(["token_type_ids"] if types else [])]
    written = onnx.load(path)
    onnx.checker.check_model(written)
    assert [opset.version for opset in written.opset_import if not opset.domain] == [OPSET]
    for given in written.graph.input:
        assert [axis.dim_param for axis in given.type.tensor_type.shape.dim] == ["batch", "length"]
    expected, found = torch_run(network, "fp32"), onnx_run(path)
    random, seen = np.random.default_rng(2), []
    for texts, longest in SHAPES:
        batch = random_batch(random, texts, longest, ROWS, padding, types)
        wanted = expected(batch)
        np.testing.assert_allclose(found(batch), wanted, atol=1e-5)
        seen.append(wanted)
        alone = {key: values[-1:, : batch["attention_mask"][-1].sum()] for key, values in batch.items()}
        np.testing.assert_allclose(found(alone), wanted[-1:], atol=1e-5)  # padding and other texts change nothing
    assert np.ptp(np.concatenate(seen), axis=0).max() > 0.01


def test_an_lstm_is_one_operator_per_direction_and_the_network_stays(tmp_path):
    from torch import nn

    from pretrain_or_not.compute.onnx_graph import write_graph

    network = tiny_lstm(layers=1)
    write_graph(network, tmp_path / "model.onnx", types=False)
    assert [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node].count("LSTM") == 2
    assert sum(isinstance(module, nn.LSTM) for module in network.modules()) == 2


def test_a_network_that_torch_cannot_translate_is_told_in_one_line(tmp_path):
    import torch

    from pretrain_or_not.compute.onnx_graph import write_graph

    class Branches(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            return self if int(input_ids.sum().item()) > 3 else None

    with pytest.raises(BadInput, match=r"^torch cannot write Logits|^torch cannot write Branches as ONNX: ") as caught:
        write_graph(Branches(), tmp_path / "model.onnx", types=False)
    assert "\n" not in str(caught.value)


def uniform(batch):
    return np.full((len(batch["input_ids"]), 4), 0.25, dtype=np.float32)


def wrong_on_longest(batch):
    return uniform(batch) + (2e-4 if batch["input_ids"].shape[1] == 31 else 0)


def failing(batch):
    raise RuntimeError("Reshape\nof a graph for one length")


def not_finite(batch):
    return uniform(batch) * np.nan


@pytest.mark.parametrize(
    ("expected", "found", "message"),
    [
        (
            uniform,
            wrong_on_longest,
            r"does not predict as torch does \(2 x 31 tokens: a probability differs by 0.0002\); nothing",
        ),
        (uniform, failing, r"as torch does \(1 x 1 tokens: Reshape\); nothing is written"),
        (uniform, not_finite, r"a probability differs by nan"),
        (not_finite, uniform, r"not finite: training has failed"),
    ],
)
def test_a_graph_that_differs_is_refused(expected, found, message):
    from pretrain_or_not.compute.onnx_network import check_same

    with pytest.raises(BadInput, match=message):
        check_same(expected, found, ROWS, 0, 31, types=False)
    assert check_same(uniform, uniform, ROWS, 0, 31, types=False) == 0


def test_probabilities_come_in_the_order_of_the_examples(tmp_path):
    from pretrain_or_not.compute.onnx_network import run_all
    from pretrain_or_not.data.examples import Examples

    lengths = np.array([5, 1, 700, 3])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.repeat([7, 8, 9, 10], lengths)
    examples = Examples(np.arange(4), np.zeros(4, int), tokens, offsets, {"padding_id": 0})
    assert run_all(lambda batch: batch["input_ids"][:, :1], examples).tolist() == [[7], [8], [9], [10]]
