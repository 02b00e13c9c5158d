"""The bag of words: its mean, its gradients, its operations, its saved form."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers.modeling_outputs import SequenceClassifierOutput

from helpers.training import RECIPE, no_checkpoints
from pretrain_or_not.arms.bag import BagClassifier, build_bag
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.training.classification import fit


def random_bag(examples):
    """Return a bag whose linear layer is not zero."""
    torch.manual_seed(0)
    model = build_bag(RECIPE, examples.about).eval()
    torch.nn.init.normal_(model.classifier.weight)
    return model


def test_logits_are_those_of_the_mean_embedding_of_an_examples_own_tokens(make_examples):
    examples = make_examples(9)
    model = random_bag(examples)
    batch = examples.padded(np.arange(9))
    with torch.no_grad():
        logits = model(torch.from_numpy(batch["input_ids"]), torch.from_numpy(batch["attention_mask"])).logits
        for i in range(9):
            tokens = examples.tokens[examples.offsets[i] : examples.offsets[i + 1]].astype(np.int64)
            mean = model.embedding.weight[torch.from_numpy(tokens)].mean(dim=0)
            torch.testing.assert_close(logits[i], model.classifier(mean))


def test_it_learns_what_words_mean_and_is_saved_as_it_is(make_examples, tmp_path):
    examples = make_examples(200)
    examples.labels[:] = [7 in examples.tokens[a:b] for a, b in pairwise(examples.offsets)]
    model = build_bag(RECIPE, examples.about)
    recipe = RECIPE | {"epochs": 20, "clip": 0}
    _, cost, _ = fit(model, examples, examples, recipe, 0.05, 0, no_checkpoints())
    assert cost["validation_score"] == 1.0
    model.save_pretrained(tmp_path)
    again, accelerator = BagClassifier.from_folder(tmp_path), build_accelerator("fp32")
    first, second = (infer(m, examples, accelerator, probabilities)[0] for m in (model, again))
    assert np.array_equal(first, second)
    assert (first.argmax(axis=1) == examples.labels).all()


def test_operations_are_those_that_torch_counts(make_examples):
    model = random_bag(make_examples(2))
    forward = model.forward
    model.forward = lambda **batch: SequenceClassifierOutput(logits=forward(**batch).logits)  # as in transformers
    ours, counted = model.flops(), counted_flops(model)
    for name in ("forward", "training"):
        assert getattr(ours, name) == pytest.approx(getattr(counted, name)[:3]), name
