"""Labels of several tasks: each has its head and its share of the batches, and what is learnt is learnt from labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression

from helpers.pretraining import Workshop, write_examples
from helpers.texts import WORDS, make_rows
from pretrain_or_not.compute.transformer import load_encoder
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.pretraining.encoder import Start
from pretrain_or_not.pretraining.stage import prepare, pretrain

SUPERVISED = {"objective": "supervised", "tasks": ["labelled"], "texts": None}


def prepared(run):
    """Return the model, the task and what is read of a run."""
    tokenizer = load_tokenizer(run.tokenizer["path"], run.tokenizer["revision"])
    torch.manual_seed(run.recipe["seed"])
    return prepare(run, Start(run.base, run.recipe, tokenizer.vocabulary, tokenizer.padding_id), tokenizer)


@pytest.fixture(scope="module")
def two_tasks(workshop):
    """Return a function of keys that describes a run on two tasks: of three classes and 100 rows, of two and 20."""
    rows = [(text, label) for text, label in make_rows(60, 3) if label != "travel"][:40]
    examples = write_examples(workshop.folder / "two.parquet", rows, 20)
    outputs = {split: workshop.folder / "two" / f"{split}.parquet" for split in ("train", "validation", "test")}
    tokenize(examples, workshop.tokenizer["path"], "own", 24, outputs)

    def described(name, **keys):
        run = workshop.run(name, **SUPERVISED | {"tasks": ["labelled", "two"]} | keys)
        files = {"train": outputs["train"], "held_out": outputs["validation"]}
        return replace(run, inputs={key: [*paths, str(files[key])] for key, paths in run.inputs.items()})

    return described


def test_each_task_has_a_head_and_only_a_batch_of_it_trains_that(two_tasks):
    model, task, read = prepared(two_tasks("heads"))
    assert model.bounds == [0, 3, 6] and (read["tasks"], read["examples"]) == (2, 120)
    task.step(model, (0, np.arange(8)), Accelerator(mixed_precision="no"))
    gradient = model.model.classifier.weight.grad
    assert gradient[:3].any() and not gradient[3:].any()
    assert model.encoder.encoder.layer[0].attention.self.query.weight.grad.any()


def test_batches_are_drawn_from_all_tasks_alike_and_go_on_where_they_were(two_tasks):
    """Also from the smaller one, whose rows come again sooner."""
    _, task, _ = prepared(two_tasks("drawn", steps=1000, max_epochs=None))
    drawn = [(number, rows.tolist()) for number, rows in task.batches(0)]
    share = np.mean([number == 0 for number, _ in drawn])
    assert len(drawn) == 1000 and abs(share - 0.5) < 3 * np.sqrt(0.25 / 1000)
    for done in (1, 333):
        assert [(number, rows.tolist()) for number, rows in task.batches(done)] == drawn[done:]


def test_tasks_share_the_examples_and_leave_no_head_behind(workshop, two_tasks):
    run = two_tasks("shared", examples=30)
    _, task, read = prepared(run)
    assert [len(examples) for examples in task.tasks] == [15, 15] and read["examples"] == 30
    pretrain(run)
    assert not any("classifier" in name for name in load_file(workshop.folder / "shared" / "model.safetensors"))


def accuracy(folder, tokenizer):
    """Return the accuracy of a logistic regression on the mean states of a frozen model, on 300 further texts."""
    model, rows = load_encoder(str(folder)).eval(), make_rows(600, 7)
    tokens = tokenizer([text for text, _ in rows], padding=True, truncation=True, max_length=24, return_tensors="pt")
    ids, mask = tokens["input_ids"], tokens["attention_mask"]
    with torch.no_grad():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    means = ((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
    labels = [label for _, label in rows]
    return LogisticRegression(max_iter=1000).fit(means[:300], labels[:300]).score(means[300:], labels[300:])


def test_permuted_labels_of_the_tasks_teach_nothing(tmp_path):
    """Without true labels, the states tell topics apart no better than those of random weights."""
    from transformers import AutoTokenizer

    workshop, rows = Workshop(tmp_path), make_rows(600, 2)
    permuted = np.random.default_rng(0).permutation([label for _, label in rows])
    keys = SUPERVISED | {"steps": 150, "max_epochs": None, "dropout": 0.0, "learning_rate": 3e-3}
    found = {}
    for name, labels in {"true": [label for _, label in rows], "permuted": permuted, "none": permuted}.items():
        texts = [(text, label) for (text, _), label in zip(rows, labels, strict=True)]
        workshop.labelled = write_examples(tmp_path / f"{name}.parquet", texts, 500)
        folder = workshop.make(name, **keys | ({"steps": 0} if name == "none" else {}))
        found[name] = accuracy(folder, AutoTokenizer.from_pretrained(folder))
    chance = 1 / len(WORDS)
    assert chance < found["none"] and found["true"] > found["none"] + 0.1
    assert found["permuted"] < found["none"] + 2 * np.sqrt(found["none"] * (1 - found["none"]) * 2 / 300)


def test_the_new_heads_of_a_second_stage_differ_by_seed_only(workshop):
    first = workshop.make("first")
    states = []
    for seed in (0, 0, 1):
        model, _, _ = prepared(workshop.run("next", base=first, **{"from": "first", "seed": seed} | SUPERVISED))
        states.append({name: tensor.clone() for name, tensor in model.model.state_dict().items()})
    one, again, other = states
    heads = {name for name in one if name.startswith("classifier")}
    assert len(heads) == 2 and all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])
    learnt = load_encoder(str(first)).state_dict()
    same = [name for name, tensor in learnt.items() if "pooler" not in name]
    assert all(torch.equal(state[f"bert.{name}"], learnt[name]) for state in states for name in same)
