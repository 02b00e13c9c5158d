"""Every supported architecture is fine-tuned, probed, timed, counted, saved, loaded."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers.models import LIMIT, ROWS, TINY, make_tiny
from helpers.training import no_checkpoints
from pretrain_or_not.arms import bert
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.token_fit import check_length, fit_tokens, position_limit
from pretrain_or_not.compute.transformer import (
    embedding_tables,
    encoder_of_settings,
    input_embeddings,
    load_encoder,
    load_fine_tuned,
    load_for_classification,
)
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.training.classification import fit

LABELS = ["a", "b", "c"]
RECIPE = {"batch_size": 8, "epochs": 1, "min_steps": 0, "validations": 1, "patience": None, "warmup": 0.1,
          "schedule": "linear", "weight_decay": 0.01, "clip": 1.0, "precision": "fp32",
          "class_weights": None}  # fmt: skip
NO_LIMIT = {"t5"}
# Models that compute positions from a formula: above the limit they were not trained, but they do not fail.
NO_TABLE = {"deberta", "deberta-v2", "modernbert", "llama", "qwen2"}
LAST = {"bart": 2, "t5": 1}  # the id that ends each text


@pytest.fixture(scope="module", params=TINY)
def tiny(request, tmp_path_factory):
    """Return the architecture and the folder of a tiny model."""
    kind = request.param
    return SimpleNamespace(kind=kind, folder=make_tiny(kind, tmp_path_factory.mktemp("tiny") / kind))


def padding_of(kind):
    """Return the padding id of a tiny model; those without one get 3, the end of a text."""
    padding = TINY[kind].get("pad_token_id")
    return 3 if padding is None else padding


@pytest.fixture
def examples(tiny):
    """Return 24 texts of 1 to 20 random tokens: special tokens are among them, the id of padding too."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 21, 24)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = rng.integers(2 if padding_of(tiny.kind) == 1 else 1, ROWS, lengths.sum()).astype(np.uint16)
    tokens[offsets[1:6] - 1] = LAST.get(tiny.kind, 3)
    about = {"padding_id": padding_of(tiny.kind), "vocabulary": ROWS, "label_names": LABELS, "max_length": 20,
             "dataset": "toy"}  # fmt: skip
    return Examples(np.arange(24), rng.integers(0, 3, 24), tokens, offsets, about)


def classifier(tiny, **options):
    """Return the tiny model with a new head."""
    torch.manual_seed(0)
    model = load_for_classification(str(tiny.folder), LABELS, 0.1, **options)
    fit_tokens(model, ROWS, padding_of(tiny.kind), tiny.kind)
    return model


def alone(model, examples, result):
    """Return the results for examples in batches of one."""
    accelerator = build_accelerator("fp32")
    return np.concatenate(
        [infer(model, examples, accelerator, result, rows=np.array([i]))[0] for i in range(len(examples))]
    )


def test_the_table_is_tested():
    assert list(ARCHITECTURES) == list(TINY)


def test_training_from_what_is_in_the_folder(tiny, examples, tmp_path):
    model, encoder = classifier(tiny), load_encoder(str(tiny.folder))
    for name, weights in encoder.state_dict().items():
        match = [w for n, w in model.state_dict().items() if n.endswith(name) and w.shape == weights.shape]
        assert any(torch.equal(weights, w) for w in match) or "pooler" in name, name
    counts = parameter_counts(model, embedding_tables(model))
    assert counts["parameters"] == counts["parameters_trained"] > counts["parameters_embedding"] >= ROWS * 8
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    _, cost, work = fit(model, examples, examples, RECIPE, 1e-3, 0, no_checkpoints())
    moved = [name for name, weights in model.state_dict().items() if not torch.equal(weights, before[name])]
    assert len(moved) > len(before) / 2 and cost["steps"] == 3 and work.examples == 24

    model.save_pretrained(tmp_path / "trained")
    predicted, _ = infer(model, examples, build_accelerator("fp32"), probabilities)
    again = load_fine_tuned(tmp_path / "trained")
    assert np.array_equal(infer(again, examples, build_accelerator("fp32"), probabilities)[0], predicted)
    np.testing.assert_allclose(alone(again, examples, probabilities), predicted, atol=1e-5)


def test_features_and_embeddings(tiny, examples):
    encoder = load_encoder(str(tiny.folder))
    fit_tokens(encoder, ROWS, padding_of(tiny.kind), tiny.kind)
    features, _ = infer(encoder, examples, build_accelerator("fp32"), mean_pooled)
    assert features.shape == (24, 16) == (24, encoder.config.hidden_size)
    np.testing.assert_allclose(alone(encoder, examples, mean_pooled), features, atol=1e-5)
    again = encoder_of_settings(encoder.config.to_dict())  # as contrastive arms save it
    again.load_state_dict(encoder.state_dict())
    assert np.array_equal(infer(again, examples, build_accelerator("fp32"), mean_pooled)[0], features)
    embeddings = input_embeddings(str(tiny.folder))
    assert len(embeddings) == ROWS and torch.equal(embeddings, encoder.get_input_embeddings().weight)


def test_operations(tiny, examples):
    forward, training = counted_flops(classifier(tiny))
    assert all(f >= 0 for f in forward[:3]) and forward[1] > 0 and forward[2] > 0  # attention grows with the square
    assert np.allclose(training[1:3], 3 * np.array(forward[1:3]), rtol=0.1)
    # 0 in decoders, as all tokens go through the head. BigBird computes a pooler that no head reads.
    assert forward[0] <= training[0] <= 3 * forward[0]
    frozen = counted_flops(load_encoder(str(tiny.folder))).forward
    assert frozen[1] > 0 and sum(frozen[:3]) <= sum(forward[:3])


def test_the_limit_of_positions_is_the_true_one(tiny):
    model = classifier(tiny).eval()

    def read(length):
        ids = torch.full((1, length), 4)
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    if tiny.kind in NO_LIMIT:
        assert position_limit(model) is None
        return
    assert position_limit(model) == LIMIT
    assert torch.isfinite(read(LIMIT)).all()
    if tiny.kind not in NO_TABLE:
        with pytest.raises((IndexError, RuntimeError)):
            read(LIMIT + 1)
    check_length(model, LIMIT, "max_length", "it")
    with pytest.raises(BadInput, match="max_length 41 is more than the 40 tokens that it can process; lower it"):
        check_length(model, LIMIT + 1, "max_length", "it")


def test_random_weights_have_the_architecture_but_not_the_weights(tiny):
    pretrained = classifier(tiny)
    first, second = (load_for_classification(str(tiny.folder), LABELS, 0.1, pretrained=False) for _ in range(2))
    shapes = {name: weights.shape for name, weights in pretrained.state_dict().items()}
    assert {name: weights.shape for name, weights in first.state_dict().items()} == shapes
    for name, weights in pretrained.state_dict().items():
        if weights.ndim == 2 and weights.any() and "relative_attention_bias" not in name:
            assert not torch.equal(weights, first.state_dict()[name]), name
            assert not torch.equal(first.state_dict()[name], second.state_dict()[name]), name


def test_an_arm_is_built_from_a_run(tiny, examples):
    recipe = {"init": "pretrained", "model": "tiny", "dropout": 0.0, "adapter": None}
    run = SimpleNamespace(cell={"arm": "bert"}, pretrained={"path": str(tiny.folder)}, recipe=recipe)
    network = bert.build(run, examples.about)
    assert network.model.config.pad_token_id == padding_of(tiny.kind)
    assert network.model.config.id2label == dict(enumerate(LABELS))
