"""The LSTM against torch's own, and its saved form."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers.training import RECIPE, no_checkpoints
from pretrain_or_not.arms.lstm import LSTMClassifier, build_lstm
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.training.classification import fit


def as_tensors(batch):
    return torch.from_numpy(batch["input_ids"]), torch.from_numpy(batch["attention_mask"])


def test_an_example_scores_the_same_alone_and_in_a_padded_batch(make_examples):
    torch.manual_seed(0)
    examples = make_examples(9)
    model = build_lstm(RECIPE, examples.about).eval()
    with torch.no_grad():
        together = model(*as_tensors(examples.padded(np.arange(9)))).logits
        alone = torch.cat([model(*as_tensors(examples.padded(np.array([i])))).logits for i in range(9)])
    torch.testing.assert_close(together, alone)


def test_layers_equal_torch_packed_bidirectional_lstm(make_examples):
    torch.manual_seed(0)
    examples = make_examples(6)
    model = build_lstm(RECIPE | {"layers": 1}, examples.about).eval()
    peer = nn.LSTM(12, 8, batch_first=True, bidirectional=True)
    layer = model.layers[0]
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        getattr(peer, name).data.copy_(getattr(layer.forwards, name))
        getattr(peer, f"{name}_reverse").data.copy_(getattr(layer.backwards, name))
    input_ids, mask = as_tensors(examples.padded(np.arange(6)))
    packed = nn.utils.rnn.pack_padded_sequence(
        model.embedding(input_ids), mask.sum(dim=1), batch_first=True, enforce_sorted=False
    )
    states, _ = nn.utils.rnn.pad_packed_sequence(peer(packed)[0], batch_first=True, padding_value=-1e9)
    torch.testing.assert_close(model(input_ids, mask).logits, model.classifier(states.amax(dim=1)))


@pytest.mark.parametrize("frozen", [True, False])
def test_gradients_reach_all_weights_but_frozen_ones(make_examples, frozen):
    examples = make_examples(20)
    embeddings = torch.randn(50, 12)
    model = build_lstm(RECIPE | {"embeddings": "tiny", "freeze_embeddings": frozen}, examples.about, embeddings)
    model(*as_tensors(examples.padded(np.arange(20)))).logits.logsumexp(dim=1).sum().backward()
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached != (frozen and name == "embedding.weight"), name
    if not frozen:
        assert model.embedding.weight.grad[0].abs().sum() == 0  # padding gets none


def test_frozen_embeddings_stay_bit_identical_and_others_move(make_examples):
    examples, embeddings = make_examples(40), torch.randn(50, 12)
    trained = {}
    for frozen in (True, False):
        recipe = RECIPE | {"embeddings": "tiny", "freeze_embeddings": frozen, "weight_decay": 0.1}
        torch.manual_seed(0)
        model = build_lstm(recipe, examples.about, embeddings)
        fit(model, examples, examples, recipe, 1e-2, 0, no_checkpoints())
        trained[frozen] = model.embedding.weight.detach()
    assert torch.equal(trained[True], embeddings)
    assert not torch.equal(trained[False], embeddings)


def test_a_saved_lstm_loads_as_it_was(make_examples, tmp_path):
    examples = make_examples(20)
    model = build_lstm(RECIPE, examples.about)
    model.save_pretrained(tmp_path)
    again = LSTMClassifier.from_folder(tmp_path)
    accelerator = build_accelerator("fp32")
    first, second = (infer(m, examples, accelerator, probabilities)[0] for m in (model, again))
    assert np.array_equal(first, second)
