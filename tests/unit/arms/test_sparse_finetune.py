"""Zeros of a sparse model stay zero while it is fine-tuned, in the same places, and are not counted."""

import pytest
import torch
from safetensors.torch import load_file

from helpers.pretraining import Workshop
from helpers.training import no_checkpoints
from pretrain_or_not.arms.bert import build, load
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.sparsity import layer_matrices
from pretrain_or_not.errors import BadInput
from pretrain_or_not.training.classification import fit
from pretrain_or_not.training.run import Run

RECIPE = {"family": "bert", "model": "made", "init": "pretrained", "dropout": 0.1, "adapter": None, "batch_size": 8,
          "epochs": 1, "min_steps": 12, "validations": 1, "patience": None, "warmup": 0.0, "schedule": "constant",
          "weight_decay": 0.1, "clip": 1.0, "precision": "fp32", "class_weights": None}  # fmt: skip


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def sparse(workshop):
    return workshop.make("sparse", sparsity=0.5)


def network(folder, about, **keys):
    """Return the network of an arm that starts from a folder. keys: of its recipe."""
    torch.manual_seed(0)
    pretrained = {"path": str(folder), "revision": None, "sha256": None}
    return build(Run({"arm": "arm"}, RECIPE | keys, 1e-2, {}, {}, pretrained), about)


def test_zeros_stay_where_they_are_and_everything_else_is_trained(sparse, make_examples, tmp_path):
    train, validation = (make_examples(60, vocabulary=100, seed=seed) for seed in (1, 2))
    about = train.about | {"max_length": 20, "dataset": "toy"}
    masks, zeros = {}, {}
    for keep in (True, False):
        made = network(sparse, about, sparse_finetune=keep)
        before = {name: w.detach().clone() for name, w in layer_matrices(made.model.base_model).items()}
        fit(made.model, train, validation, RECIPE, 1e-2, 0, no_checkpoints())
        masks[keep] = {name: w != 0 for name, w in layer_matrices(made.model.base_model).items()}
        places = {name: w != 0 for name, w in before.items()}
        share = sum(int((~m).sum()) for m in places.values()) / sum(m.numel() for m in places.values())
        assert share == pytest.approx(0.5, abs=0.03)
        after = layer_matrices(made.model.base_model)
        assert all((after[name] != before[name])[places[name]].all() for name in after)
        zeros[keep] = sum(int((~mask).sum()) for mask in masks[keep].values())
        if keep:
            assert all(torch.equal(masks[True][name], places[name]) for name in places)
            made.model.save_pretrained(tmp_path)
            expected = made.flops
    assert zeros[False] < 0.05 * zeros[True]

    # The folder that is saved has the zeros, and what it takes to classify with it is counted without them.
    saved = load(tmp_path, "fp32")
    assert saved.flops == expected
    names = {name for name in load_file(tmp_path / "model.safetensors") if ".layer." in name}
    assert names and sum(int((w == 0).sum()) for w in layer_matrices(saved.model.base_model).values()) == zeros[True]
    dense = counted_flops(saved.model)
    assert dense.forward[1] - expected.forward[1] == 2 * zeros[True]
    assert dense.training[1] - expected.training[1] == 6 * zeros[True]


def test_without_the_key_nothing_has_changed(sparse, make_examples):
    about = make_examples(5).about | {"max_length": 20, "dataset": "toy"}
    made = network(sparse, about)
    assert made.flops == counted_flops(made.model) and not hasattr(made.model.config, "zeros_kept")


def test_a_dense_model_is_refused(workshop, make_examples):
    about = make_examples(5).about | {"max_length": 20, "dataset": "toy"}
    with pytest.raises(BadInput, match=r"^arms: arm: sparse_finetune: the layers of '.*dense' have no zeros; take"):
        network(workshop.make("dense"), about, sparse_finetune=True)
