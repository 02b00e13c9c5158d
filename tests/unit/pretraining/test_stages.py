"""One stage after another, and from models of other architectures: what is kept, what is recorded, what it learns."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.models import TINY, make_tiny
from pretrain_or_not.compute.transformer import load_for_classification
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.pretraining.stage import ancestors, pretrain

OTHERS = sorted(name for name, row in ARCHITECTURES.items() if row.masked_head and name != "bert")


def about(folder):
    return json.loads((folder / "run.json").read_text())


def classifier(folder, pretrained=True):
    """Return the weights that fine-tuning starts from, and what its next random number will be."""
    torch.manual_seed(3)
    model = load_for_classification(str(folder), ["a", "b"], 0.1, pretrained)
    return model.state_dict(), torch.rand(1)


def assert_same(one, other):
    """Assert that two results of `classifier` are equal to the bit."""
    assert one[0].keys() == other[0].keys() and torch.equal(one[1], other[1])
    assert all(torch.equal(weights, other[0][name]) for name, weights in one[0].items())


def test_the_recipes_of_all_stages_are_recorded(workshop):
    """So a reader of run.json can tell whether a model rests on another recipe of an earlier stage."""
    keys = {"from": "made"}
    first = workshop.make("first")
    second = workshop.make("second", base=first, **keys)
    third = workshop.make("third", base=second, **keys)
    assert about(first)["ancestors"] == [] and ancestors(None) == []
    of_first = {"model": "first", "config_digest": digest(about(first)["recipe"])}
    of_second = {"model": "second", "config_digest": digest(about(second)["recipe"])}
    assert about(third)["ancestors"] == [of_second, of_first]
    other = workshop.make("first", seed=1)
    again = workshop.make("again", base=other, **keys)
    assert about(again)["ancestors"][0]["config_digest"] != of_first["config_digest"]
    assert ancestors({"path": str(first), "version": "a revision of the Hub"}) == []


@pytest.fixture(scope="module")
def numbered(workshop):
    """Return a tokenizer whose padding has id 1, as in RoBERTa and its relatives: they number positions from it."""
    folder = workshop.folder / "numbered" / "tokenizer"
    shutil.copytree(workshop.folder / "tokenizer", folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    swapped = {"[PAD]": 1, "[UNK]": 0}
    content["model"]["vocab"] |= swapped
    for token in content["added_tokens"]:
        token["id"] = swapped.get(token["content"], token["id"])
    content["added_tokens"].sort(key=lambda token: token["id"])
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return workshop.tokenizer | {"path": str(folder)}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_stage_on_another_architecture(workshop, numbered, kind, monkeypatch):
    """Without a step it is the model it starts from; in two steps it moves, and its loss is finite."""
    start = make_tiny(kind, workshop.folder / kind, "AutoModelForMaskedLM", vocab_size=120)
    if TINY[kind]["pad_token_id"]:
        monkeypatch.setattr(workshop, "tokenizer", numbered)

    def stage(steps):
        run = workshop.run(f"{kind}-{steps}", base=start, **{"from": kind, "steps": steps, "validations": 1})
        pretrain(replace(run, base=run.base | {"version": "given"}))
        return workshop.folder / run.name

    folder, moved = stage(0), stage(2)
    assert_same(classifier(folder), classifier(start))
    assert np.isfinite(about(moved)["validation_score"])
    before, after = classifier(start)[0], classifier(moved)[0]
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert any("attention" in name or "attn" in name for name in changed)
    assert not any("classifier" in name for name in changed)


def test_without_a_step_an_arm_draws_the_same_random_numbers(workshop):
    """Dropout and the order of batches follow from the state that loading leaves behind."""
    start = workshop.make("start")
    kept = workshop.make("kept", base=start, **{"from": "start", "steps": 0})
    assert_same(classifier(kept), classifier(start))
    random = workshop.make("random", steps=0)
    assert_same(classifier(random), classifier(random, pretrained=False))
