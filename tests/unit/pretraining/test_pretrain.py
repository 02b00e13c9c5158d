"""A model is made from texts: what it starts from, what it keeps, what it costs, and that it survives kill -9."""

import json
import math
import os
import random
import re
import shutil
import signal
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer

from helpers import fork
from helpers.models import TINY
from helpers.pretraining import recipe
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.transformer import load_encoder, load_for_classification
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.job import log_to
from pretrain_or_not.pretraining.encoder import Start, without_positions
from pretrain_or_not.pretraining.flops import Encoder
from pretrain_or_not.pretraining.recipe import learnt_instead
from pretrain_or_not.pretraining.stage import prepare, pretrain

KINDS = {
    "mlm": {},
    "rtd": {"objective": "rtd"},
    "supervised": {"objective": "supervised", "tasks": ["labelled"], "texts": None},
    "sparse": {"sparsity": 0.5},
    "self-influence": {"weights": {"self_influence": [1.0, -1.0]}},
    "shuffled": {"order": {"ngrams": 1}, "positions": False},
}
KILLED = KINDS | {"new head": {"from": "finder", "head_steps": 6}}


@pytest.fixture(scope="module")
def made(workshop):
    """Return the folder of a model that predicts masked words."""
    return workshop.make("first")


def cost(folder):
    return json.loads((folder / "run.json").read_text())


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def classifier(folder, pretrained=True, seed=0):
    """Return the weights that fine-tuning starts from."""
    torch.manual_seed(seed)
    return load_for_classification(str(folder), ["a", "b"], 0.0, pretrained).state_dict()


def test_the_folder_loads_with_transformers_and_predicts_the_same(made):
    model = AutoModelForMaskedLM.from_pretrained(made)
    tokenizer = AutoTokenizer.from_pretrained(made)
    ids = tokenizer("the goal of the [MASK] was a match", return_tensors="pt")
    assert tokenizer.mask_token_id in ids["input_ids"]
    assert same({k: w for k, w in model.state_dict().items() if k in weights(made)}, weights(made))
    other = AutoModelForMaskedLM.from_pretrained(made)
    assert torch.equal(model.eval()(**ids).logits, other.eval()(**ids).logits)
    history = pd.read_parquet(made / "history.parquet")
    assert history["step"].tolist() == [6, 12] and history["validation_score"].is_monotonic_decreasing
    about = cost(made)
    assert (about["texts"], about["steps"]) == (196, 12) and about["tokens_seen"] == about["examples_seen"] * 24
    assert about["words"] == sum(len(t.split()) for t in pd.read_parquet(made.parent / "texts.parquet")["text"][:196])


def test_the_loss_begins_at_that_of_guessing(workshop):
    folder = workshop.make("one-step", steps=1, validations=1, learning_rate=1e-9)
    guessing = math.log(read_metadata(folder / "rows" / "train.parquet")["vocabulary"])
    more = (
        0.02**2 * 768 / 2
    )  # logits of random weights have this variance in BERT-base, and at most that in narrower ones
    for loss in (cost(folder)["validation_score"], pd.read_parquet(folder / "history.parquet")["loss"][0]):
        assert guessing - 0.1 < loss < guessing + more + 0.1


@pytest.mark.parametrize("keys", [{"steps": 0}, {"amount": 0}], ids=["no step", "no text"])
@pytest.mark.parametrize("kind", ["mlm", "rtd", "supervised"])
def test_without_a_step_a_model_is_as_one_with_random_weights(workshop, kind, keys):
    if kind == "supervised" and "amount" in keys:
        pytest.skip("it reads no texts")
    folder = workshop.make(f"none-{kind}-{next(iter(keys))}", **KINDS[kind] | keys)
    assert cost(folder)["steps"] == cost(folder)["training_flops"] == 0
    for seed in (0, 1):
        assert same(classifier(folder, seed=seed), classifier(folder, pretrained=False, seed=seed))
    assert not same(classifier(folder, seed=0), classifier(folder, seed=1))


@pytest.mark.parametrize("kind", ["mlm", "rtd", "supervised"])
def test_without_a_step_a_model_is_as_the_one_it_starts_from(workshop, made, kind):
    folder = workshop.make(f"as-{kind}", base=made, **{"from": "first"} | KINDS[kind] | {"steps": 0})
    assert same(classifier(folder), classifier(made))
    with_pooler = workshop.make("pooler", **KINDS["supervised"])  # learns a pooler
    folder = workshop.make(f"pooler-{kind}", base=with_pooler, **{"from": "pooler"} | KINDS[kind] | {"steps": 0})
    assert any("pooler" in name for name in weights(folder)) and same(classifier(folder), classifier(with_pooler))


def test_a_pooler_is_known_from_what_was_loaded(workshop, made, tmp_path):
    """Weights may lie in several files, or on the Hub."""
    with_pooler = workshop.make("pooled", **KINDS["supervised"])
    load_encoder(str(with_pooler)).save_pretrained(tmp_path / "shards", max_shard_size="10KB")
    assert not (tmp_path / "shards" / "model.safetensors").exists()
    for folder, has_pooler in ((with_pooler, True), (tmp_path / "shards", True), (made, False)):
        base = {"path": str(folder), "revision": None, "sha256": None, "version": "made"}
        start = Start(base, recipe(**{"from": "other"}), 120, 0)
        assert start.has_pooler() == has_pooler
        assert (start.masked_language_model().base_model.pooler is not None) == has_pooler


def test_a_second_stage_starts_from_the_first(workshop, made):
    """With a learning rate of nearly 0, the encoder of the second stage is that of the first; its heads are new."""
    keys = {"from": "first", "learning_rate": 1e-12, "weight_decay": 0.0} | KINDS["supervised"]
    folder = workshop.make("second", base=made, **keys)
    first, second = load_encoder(str(made)).state_dict(), load_encoder(str(folder)).state_dict()
    for name in (name for name in first if "pooler" not in name):
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=1e-9)
    assert not any("classifier" in name for name in weights(folder))
    assert cost(folder)["base"]["path"] == str(made)


@pytest.mark.parametrize(("head_steps", "moves"), [(12, False), (None, True), (0, True)])
def test_a_new_head_is_trained_before_the_encoder(workshop, head_steps, moves):
    """A model that finds replacements has no head for masked words; by default one of twelve steps trains it alone."""
    start = workshop.folder / "finder"
    start = start if start.exists() else workshop.make("finder", objective="rtd")
    keys = {"from": "finder", "head_steps": head_steps, "weight_decay": 0.1}
    folder = workshop.make(f"head-{head_steps}", base=start, **keys)
    before, after = load_encoder(str(start)).state_dict(), load_encoder(str(folder)).state_dict()
    moved = [name for name in before if "pooler" not in name and not torch.equal(before[name], after[name])]
    assert bool(moved) == moves
    head = weights(folder)["cls.predictions.transform.dense.weight"]
    assert abs(float(head.std()) - 0.02) > 1e-3  # it has left what it began with


def test_a_head_that_the_start_has_is_not_trained_alone(workshop, made):
    one, other = (workshop.make(f"on-{n}", base=made, **{"from": "first", "head_steps": n}) for n in (0, 12))
    assert same(weights(one), weights(other))


@pytest.mark.parametrize("kind", ["mlm", "rtd", "supervised"])
def test_dropout_is_that_of_the_recipe(workshop, made, kind):
    """The first model was made with a dropout of 0.1."""
    run = workshop.run(f"drop-{kind}", base=made, **{"from": "first", "dropout": 0.3} | KINDS[kind])
    tokenizer = load_tokenizer(run.tokenizer["path"], None)
    start = Start(run.base, run.recipe, tokenizer.vocabulary, tokenizer.padding_id)
    encoder = prepare(run, start, tokenizer)[0].encoder
    attention = encoder.encoder.layer[0].attention.self
    found = {module.p for module in encoder.modules() if "Dropout" in type(module).__name__}
    assert found == {0.3} and attention.dropout.p == 0.3


def test_checkpoints_are_written_without_a_word_on_the_terminal(workshop, made, caplog, capfd):
    caplog.set_level("INFO")
    assert same(weights(workshop.make("saved-often", seconds=0.0)), weights(made))
    assert "checkpoint after step" in caplog.text and "shared tensor" not in caplog.text + "".join(capfd.readouterr())


def test_words_in_their_natural_order_are_the_default(workshop, made):
    assert same(weights(workshop.make("natural", order="natural")), weights(made))
    assert not same(weights(workshop.make("shuffled", order={"ngrams": 1})), weights(made))


def test_no_zeros_and_no_weights_are_the_default(workshop, made):
    assert same(weights(workshop.make("dense", sparsity=0.0)), weights(made))
    assert same(weights(workshop.make("uniform", weights={"self_influence": [0.0, 0.0]})), weights(made))
    assert not same(weights(workshop.make("weighted", weights={"self_influence": [1.0, 1.0]})), weights(made))


def test_the_seed_makes_another_model(workshop, made):
    assert not same(weights(workshop.make("seed", seed=1)), weights(made))


def test_more_texts_make_the_held_out_loss_smaller(workshop):
    """All amounts are measured on the same texts; steps are limited by `max_epochs`."""
    for seed in (0, 1):
        losses = []
        for amount in (2, 20, "100%"):
            folder = workshop.make(f"amount-{amount}-{seed}", amount=amount, steps=600, seed=seed, max_epochs=None)
            losses.append(cost(folder)["validation_score"])
            assert cost(folder)["texts"] == {"100%": 196}.get(amount, amount)
        assert losses[0] > losses[1] > losses[2]
    few = workshop.make("few", amount=4, steps=60, max_epochs=2)
    rows = cost(few)["rows"]
    assert cost(few)["steps"] == 2 * -(-rows // 8) < 60


def test_positions_stay_zero(workshop):
    folder = workshop.make("nowhere", positions=False, dropout=0.0)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    assert not model.bert.embeddings.position_embeddings.weight.any()
    ids = torch.tensor([[5, 9, 12, 30, 41]])
    order = torch.tensor([3, 0, 4, 2, 1])
    with torch.no_grad():
        straight, permuted = model(ids).logits, model(ids[:, order]).logits
    torch.testing.assert_close(permuted, straight[:, order], rtol=1e-4, atol=1e-5)


def test_relative_positions_cannot_be_left_out():
    mpnet = AutoModelForMaskedLM.from_config(AutoConfig.for_model("mpnet", **TINY["mpnet"]))
    with pytest.raises(BadInput, match="positions: false: this architecture also knows relative positions; take BERT"):
        without_positions(mpnet)


def test_flops_are_those_of_the_encoder_and_of_the_head_on_masked_tokens(workshop, made):
    about, encoder = cost(made), AutoModelForMaskedLM.from_pretrained(made).bert
    vocabulary, width = encoder.get_input_embeddings().weight.shape
    _, training = counted_flops(Encoder(encoder))
    tokens, rows = about["tokens_seen"], about["examples_seen"]
    expected = training[0] * rows + training[1] * tokens + training[2] * tokens * 24
    expected += 3 * 2 * 0.15 * tokens * (width * width + width * vocabulary)
    assert about["training_flops"] == pytest.approx(expected, rel=1e-6)
    layer = 12 * width * width + 2 * 24 * width  # weights of a layer, and its two products of attention, per token
    by_hand = 3 * 2 * (2 * layer + 0.15 * (width * width + width * vocabulary)) * tokens
    assert about["training_flops"] == pytest.approx(by_hand, rel=0.01)
    matrices = 2 * 12 * width * width  # of both layers: four of attention, two four times as wide
    sparse = cost(workshop.make("half", sparsity=0.5))["training_flops"]
    assert about["training_flops"] - sparse == pytest.approx(3 * 2 * 0.5 * matrices * tokens, rel=1e-6)


def logged(run, log):
    """Make a model, and log to a file."""
    log_to(log, mode="a")
    pretrain(run)


@pytest.mark.parametrize("kind", KILLED)
def test_a_run_that_is_killed_ends_in_the_same_weights(workshop, kind):
    base = None
    if "from" in KILLED[kind]:
        base = workshop.folder / "finder"
        base = base if base.exists() else workshop.make("finder", objective="rtd")
    expected = workshop.make(f"whole-{kind}", base=base, **KILLED[kind])
    run = workshop.run(f"killed-{kind}", base=base, seconds=0.0, **KILLED[kind])
    folder, moments = workshop.folder / f"killed-{kind}", random.Random(kind)
    kills, log = 0, workshop.folder / f"killed-{kind}.log"
    while True:
        child = fork.process(logged, run, log)
        child.start()
        seen = {path.name for path in (folder / "checkpoint").glob("step*")}
        while child.is_alive() and {path.name for path in (folder / "checkpoint").glob("step*")} == seen:
            time.sleep(0.001)
        time.sleep(0.02 * moments.random())
        if not child.is_alive() or kills == 4:
            child.join()
            assert child.exitcode == 0
            break
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        kills += 1
    assert kills >= 2 and not (folder / "checkpoint").exists()
    resumed = [int(step) for step in re.findall(r"going on from the checkpoint after step (\d+)", log.read_text())]
    assert len(resumed) >= kills - 1 and resumed == sorted(resumed) and 0 < resumed[-1] <= 12
    assert same(weights(folder), weights(expected))
    columns = ["step", "loss", "validation_score"]
    left, whole = (pd.read_parquet(place / "history.parquet")[columns] for place in (folder, expected))
    np.testing.assert_array_equal(left, whole)
    told = ("steps", "tokens_seen", "examples_seen", "training_flops", "guessing_loss", "lowest_loss")
    assert {key: cost(folder)[key] for key in told} == {key: cost(expected)[key] for key in told}


def test_what_does_not_fit_is_told(workshop, made, tiny_bert, tmp_path):
    with pytest.raises(BadInput, match="length 600 is more than the 512 tokens"):
        workshop.make("long", length=600)
    run = workshop.run("plain")
    with pytest.raises(BadInput, match=r"no token for a masked word \(\[MASK\] or <mask>\); take another tokenizer"):
        pretrain(replace(run, tokenizer={"path": str(tiny_bert), "revision": None}))
    with pytest.raises(BadInput, match="the loss is not finite; lower `learning_rate`"):
        workshop.make("high", learning_rate=1e30, clip=None)
    shutil.copytree(made, tmp_path / "other")
    with pytest.raises(BadInput, match="its rows are of model 'plain', not 'first'"):
        pretrain(replace(run, name="first"))


def test_a_model_that_learns_hardly_anything_is_told(workshop, caplog):
    folder = workshop.make("hardly", steps=1, validations=1, learning_rate=1e-9)
    about = cost(folder)
    assert about["guessing_loss"] < about["validation_score"]
    assert about["lowest_loss"] <= about["validation_score"]
    assert "is not below that of guessing" in caplog.text
    assert "it has learnt at most how frequent words or labels are" in caplog.text


def test_passes_that_are_less_than_a_step_are_refused(workshop):
    assert 0 < cost(workshop.make("short", max_epochs=0.2))["steps"] < 12
    with pytest.raises(BadInput, match=r"models: none: max_epochs 0\.001: so many passes over .* less than a step"):
        workshop.make("none", max_epochs=0.001)


@pytest.mark.parametrize("objective", ["mlm", "rtd"])
def test_a_mask_that_hides_no_held_out_token_is_refused_before_the_first_step(workshop, objective):
    words = r"models: bare: pretrain: mask 1e-05: of the [\d,]+ tokens of the texts that are held out, none is masked"
    with pytest.raises(BadInput, match=words):
        workshop.make("bare", mask=1e-5, objective=objective)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, None),
        ({"validation_score": 5.8, "lowest_loss": 5.8}, "frequencies"),
        ({"validation_score": 5.8, "lowest_loss": 2.0}, "by heart"),
        ({"validation_score": 5.8, "lowest_loss": 2.0, "rows": 20}, "frequencies"),  # nothing was read twice
        (
            {"validation_score": 5.8, "lowest_loss": 5.8, "recipe": {"order": "corpus"}},
            None,
        ),  # nothing else can be learnt
        ({"guessing_loss": None}, None),  # not a step, or an earlier version
    ],
)
def test_what_a_model_has_learnt_instead(keys, expected):
    about = {"validation_score": 4.0, "lowest_loss": 3.9, "guessing_loss": 6.0, "recipe": {"order": "natural"},
             "examples_seen": 20, "rows": 10}  # fmt: skip
    assert learnt_instead(about | keys) == expected


def test_labels_of_the_smallest_task_are_read_again_first():
    about = {"validation_score": 1.0, "lowest_loss": 0.1, "guessing_loss": 0.7, "recipe": {"order": "natural"},
             "examples_seen": 200, "examples": 1050, "fewest_examples": 50, "tasks": 2}  # fmt: skip
    assert learnt_instead(about) == "by heart"
    assert learnt_instead(about | {"examples_seen": 90}) == "frequencies"
