"""Examples that a language model writes: what it sees and learns, what is left out, what is trained on, what stays."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import load_file

from helpers.models import make_tiny_bert, make_tiny_language_model
from helpers.plan import cell, make_catalogue
from helpers.training import RECIPE, no_checkpoints, run_outputs, train, write_tokens
from pretrain_or_not.arms.bag import build_bag
from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.flops import Work, counted_flops
from pretrain_or_not.compute.language_model import load_language_model
from pretrain_or_not.compute.metrics import ACCURACY
from pretrain_or_not.compute.text_writer import TextWriter, Written
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.plan.code import training_code
from pretrain_or_not.plan.file_checks import check_data
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.training.augmentation import Augmentation, Ensemble, kept_rows
from pretrain_or_not.training.classification import fit
from pretrain_or_not.training.generate import generate, kept, keys_of_texts
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run

KEYS = {
    "generator": "writer", "template": "Text ( {class} ) : {text}", "words": {}, "per_class": 6, "tune": "lora",
    "tuning_epochs": 2, "tuning_rate": 1e-2, "shots": 2, "top_k": 10, "temperature": 1.0, "max_tokens": 12, "steps": 60,
    "batch_size": 16, "learning_rate": 1e-2, "label_smoothing": 0.15, "consistency": 20, "momentum": 0.9,
    "threshold": 0.8, "refresh": 20, "precision": "fp32",
}  # fmt: skip


# What is trained on


def test_the_moving_average_of_a_constant_is_this_constant():
    constant, ensemble = np.array([[0.25, 0.75], [0.6, 0.4]]), Ensemble(0.9)
    for _ in range(7):
        ensemble.add(constant)
        np.testing.assert_allclose(ensemble.mean, constant)
    ensemble.add(np.array([[1.0, 0.0], [0.0, 1.0]]))
    weights = 0.9 ** np.arange(7, -1, -1)
    np.testing.assert_allclose(ensemble.mean[0, 0], (weights[:7].sum() * 0.25 + weights[7]) / weights.sum())


def test_rows_are_kept_by_their_probability_or_as_the_surer_half():
    sure = np.concatenate([np.linspace(0.5, 0.99, 50), np.linspace(0.1, 0.7, 20)])
    labels = np.repeat([0, 1], [50, 20])
    mean = np.where(labels[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])
    found = kept_rows(mean, labels, 0.8)
    assert found.tolist() == [*(i for i in range(50) if sure[i] > 0.8), *range(60, 70)]
    wrong = kept_rows(1 - mean[:50], labels[:50], 0.4)  # those above 0.4 have another class as the most likely one
    assert wrong.tolist() == list(range(25))


def texts(n, seed, shuffled=False):
    """Return examples whose words hint at one of two classes; their labels may be shuffled."""
    random = np.random.default_rng(seed)
    labels, lengths = random.integers(0, 2, n), random.integers(5, 15, n)
    of_class = np.repeat(labels, lengths)
    hints, others = 1 + 20 * of_class + random.integers(0, 20, len(of_class)), random.integers(41, 100, len(of_class))
    tokens = np.where(random.random(len(of_class)) < 0.5, hints, others).astype(np.uint16)
    about = {"padding_id": 0, "vocabulary": 100, "label_names": ["a", "b"], "unknown_tokens": 0.0, "max_length": 20}
    labels = random.permutation(labels) if shuffled else labels
    return Examples(np.arange(n), labels, tokens, np.concatenate([[0], np.cumsum(lengths)]), about)


@pytest.fixture(scope="module")
def trained():
    """Return the recipe and the weights of a bag that was trained on 400 examples."""
    torch.manual_seed(0)
    recipe = RECIPE | {"augment": KEYS, "epochs": 8, "schedule": "constant", "warmup": 0.0}
    model = build_bag({"embedding_size": 16, "dropout": 0.0}, texts(8, 0).about)
    fit(model, texts(400, 0), texts(200, 1), recipe, 1e-2, 0, no_checkpoints())
    return recipe, model.state_dict()


def second_phase(trained, generated, **keys):
    """Return the task of a second phase after its steps."""
    recipe, weights = trained
    model = build_bag({"embedding_size": 16, "dropout": 0.0}, generated.about)
    model.load_state_dict(weights)
    recipe = recipe | {"augment": KEYS | keys}
    task = Augmentation(generated, texts(200, 1), recipe, 0, ACCURACY)
    run_task(model, task, recipe, 1e-3, 0, no_checkpoints())
    return task


def test_texts_with_a_wrong_label_are_not_trained_on(trained):
    right, wrong = (second_phase(trained, texts(500, 3, shuffled), refresh=60) for shuffled in (False, True))
    assert right.kept_counts[0] > 350
    assert wrong.kept_counts[0] < 0.6 * right.kept_counts[0]


def test_all_texts_are_looked_at_again_in_time(trained):
    task = second_phase(trained, texts(100, 3))
    assert len(task.kept_counts) == task.ensemble.times == 3 and task.asked.examples == 300
    assert [task.facts(*steps)["kept"] for steps in ((0, 20), (20, 21), (40, 60))] == task.kept_counts
    other = Augmentation(texts(100, 3), texts(200, 1), trained[0], 0, ACCURACY)
    other.restore(json.loads(json.dumps(task.state())))
    assert np.array_equal(other.ensemble.mean, task.ensemble.mean) and np.array_equal(other.kept, task.kept)


# What is written


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    return str(make_tiny_language_model(tmp_path_factory.mktemp("models") / "writer"))


def text_writer(folder, **keys):
    return TextWriter(*load_language_model({"path": folder, "sha256": None}), KEYS | keys, InferenceDevice("fp32"))


def test_each_token_of_a_text_counts_the_same_and_what_it_follows_does_not_count(writer):
    made = text_writer(writer)
    begin, rows = [10, 11, 12], [[20, 21, 1], [22, 23, 24, 25, 1]]
    made.model.zero_grad()
    losses = []
    for row in rows:
        logits = made.model(torch.tensor([[*begin, *row]])).logits[0].log_softmax(dim=-1)
        losses += [-logits[2 + i, token].item() for i, token in enumerate(row)]
    optimizer = torch.optim.SGD(made.model.parameters(), lr=0.0)
    assert made.step(begin, rows, optimizer, Work()) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("tune", ["lora", "prefix"])
def test_tuning_lowers_the_loss_and_leaves_the_model_as_it_was(writer, tune):
    made = text_writer(writer, tune=tune, tuning_epochs=30)
    before = {name: tensor.clone() for name, tensor in made.model.state_dict().items()}
    made.tune("Text :", ["goal match team"] * 8, 0)
    assert made.losses[-1] < made.losses[0] - 0.1
    made.reset()
    after = made.model.state_dict()
    assert set(after) == set(before) and all(torch.equal(after[name], before[name]) for name in before)


def test_the_probability_of_a_text_is_the_product_of_those_of_its_tokens(writer):
    made = text_writer(writer, max_tokens=5)
    found = made.continued(["Text :"] * 8, counted_flops(made.model))
    assert made.flops > 0 and len({one.text for one in found}) > 1
    vocabulary = made.tokenizer.get_vocab()
    for one in found:
        words = [vocabulary[word] for word in one.text.split()]
        if len(words) < 5 or {0, 1, 2} & set(words):  # an end, or a mark that the text does not show
            continue
        ids = made.ids("Text :") + words
        logits = made.model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
        expected = sum(logits[len(ids) - 6 + i, token].item() for i, token in enumerate(words))
        assert one.log_probability == pytest.approx(expected, rel=1e-4)


def test_copies_and_blank_texts_are_left_out_and_counted():
    stream = iter([Written(text, -1.0) for text in ("", "Own  text", "tested", "new", "NEW", "new", "other", "more")])
    known = dict.fromkeys(keys_of_texts(["own text"]), "copied") | dict.fromkeys(keys_of_texts(["Tested"]), "tested")
    counts = Counter()
    assert [one.text for one in kept(stream, 2, known, counts)] == ["new", "other"]
    assert counts == {"blank": 1, "copied": 1, "tested": 1, "repeated": 2}
    endless = iter(lambda: Written("", 0.0), None)
    assert kept(endless, 3, {}, counts) == [] and counts["blank"] == 16  # not for ever


@pytest.fixture
def stage(tmp_path, writer):
    """Return a function of keys that writes examples for a subset of 8 rows, and the rows of the dataset."""
    words = {"sports": ["goal", "match", "team"], "cooking": ["oven", "sauce", "bake"]}
    random = np.random.default_rng(0)
    rows = [(label, " ".join(random.choice(words[name], 3))) for label, name in enumerate(words) for _ in range(20)]
    rows = [rows[i] for i in random.permutation(len(rows))]
    splits = ["train"] * 24 + ["validation"] * 6 + ["test"] * 10
    table = {"id": np.arange(40), "label": np.array([label for label, _ in rows], np.int32), "split": splits,
             "text": pa.array([text for _, text in rows], pa.large_string())}  # fmt: skip
    about = {"dataset": "toy", "label_names": list(words), "folds": None}
    split_rows = {"train": 24, "validation": 6, "test": 10}

    def write(further=None):
        """Write the examples, with another text in all training rows outside the subset."""
        texts = [further if further and i < 24 and i not in chosen else text for i, (_, text) in enumerate(rows)]
        columns = table | {"text": pa.array(texts, pa.large_string())}
        write_table(tmp_path / "examples.parquet", pa.table(columns), rows=split_rows, **about)

    chosen = np.arange(3, 11)
    write()
    write_table(tmp_path / "subset.parquet", pa.table({"id": chosen, "row": chosen}), dataset="toy")
    tokenizer = {"name": "tiny", "path": str(make_tiny_bert(tmp_path / "tiny")), "revision": None}

    def do(size="8", **keys):
        inputs = {"examples": str(tmp_path / "examples.parquet"), "subset": str(tmp_path / "subset.parquet")}
        inputs["tested"] = [inputs["examples"]]
        output = tmp_path / "generated.parquet"
        place = {"arm": "written", "size": size, "seed": 0}
        generate(inputs, {"path": writer, "sha256": None}, KEYS | keys, tokenizer, place, 1, output)
        return pd.read_parquet(output), read_metadata(output)

    do.write = write
    return do, rows, chosen


@pytest.mark.parametrize("tune", ["lora", "prefix", "none"])
def test_the_stage_writes_new_texts_from_those_of_the_subset_alone(stage, tune):
    do, rows, chosen = stage
    table, about = do(tune=tune)
    assert about["seen"] == chosen.tolist() and about["tokenizer"] == "tiny"
    assert table.groupby("label").size().to_dict() == {0: 6, 1: 6}
    told = [" ".join(text.lower().split()) for text in table["text"]]
    assert len(set(told)) == 12 and not set(told) & {text for _, text in [rows[i] for i in [*chosen, *range(24, 40)]]}
    assert (table["log_probability"] < 0).all() and (table["input_ids"].map(len) > 2).all()
    assert about["generator_flops"] > 0 and len(about["tuning_losses"]) == (0 if tune == "none" else 4)
    do.write(further="team match goal season")  # a row that was not drawn has no influence at all
    again, _ = do(tune=tune)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


def test_no_text_is_written_where_none_is_asked_for(stage):
    """The file has the columns of one with texts, so that a run reads it: see the plain arm below."""
    do, *_ = stage
    (empty, about), (written, _) = do(per_class=0), do()
    assert len(empty) == about["generator_flops"] == 0 and empty.dtypes.to_dict() == written.dtypes.to_dict()
    assert about["tuning_losses"] == []


def test_classes_are_written_with_other_random_numbers(stage):
    """With the same ones and the same line before a text, the second class would only repeat the first."""
    do, *_ = stage
    table, about = do(tune="none", shots=0, words={"sports": "x", "cooking": "x"})
    assert table.groupby("label").size().to_dict() == {0: 6, 1: 6} and about["left_out"]["repeated"] < 6


def test_what_cannot_be_written_is_refused_or_told(stage, caplog):
    do, *_ = stage
    with pytest.raises(BadInput, match="augment: words: there is no class 'sport'; the classes are sports, cooking"):
        do(words={"sport": "x"})
    with pytest.raises(BadInput, match="the examples before a text have 8 tokens, and with 300 of a new text they are"):
        do(tune="none", max_tokens=300, shots=0, template="Text Text ( {class} ) Text Text : {text}")
    do(per_class=60, max_tokens=1, tune="none")
    assert "of 60 texts of class 'sports': the others were left out" in caplog.text


# Runs


@pytest.fixture
def run(tmp_path):
    """Return a function of a recipe's keys that does a run."""
    for name, examples in {"train": texts(40, 0), "validation": texts(61, 1)}.items():
        write_tokens(tmp_path / f"{name}.parquet", examples)
    write_table(tmp_path / "subset.parquet", pa.table({"id": np.arange(40), "row": np.arange(40)}), dataset="toy")
    counts = {"left_out": {"blank": 1, "copied": 2, "tested": 0, "repeated": 3}, "generator_flops": 1000}

    def do(name, written, **recipe):
        write_tokens(tmp_path / "generated.parquet", written, **counts)
        paths = ("train", "validation", "subset", "generated")
        inputs = {split: str(tmp_path / f"{split}.parquet") for split in paths}
        place = {"dataset": "toy", "arm": "arm", "size": "40", "seed": 0, "setting": "lr0.01"}
        (tmp_path / name).mkdir()
        train(Run(place | {"selection": "validation"}, RECIPE | {"family": "bag", "dropout": 0.1, "epochs": 1} | recipe,
                  1e-2, inputs, run_outputs(tmp_path / name)))  # fmt: skip
        cost = json.loads((tmp_path / name / "run.json").read_text())
        return load_file(tmp_path / name / "model.safetensors"), cost

    return do


def same(one, other):
    return set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_without_written_texts_or_steps_it_is_the_plain_arm(run):
    plain, cost = run("plain", texts(30, 5))
    empty, none = run("empty", texts(0, 5), augment=KEYS | {"per_class": 0})
    still, _ = run("still", texts(30, 5), augment=KEYS | {"steps": 0})
    assert same(plain, empty) and same(plain, still)
    assert none["augmentation"]["steps"] == 0 and none["training_flops"] == cost["training_flops"]


def test_a_run_tells_both_phases_and_keeps_the_better_weights(run):
    plain, first = run("plain", texts(200, 5))
    again, cost = run("again", texts(200, 5), augment=KEYS)
    told = cost["augmentation"]
    assert told["score_before"] == first["validation_score"] < told["score_after"] == cost["validation_score"]
    assert told["better"] and not same(plain, again) and cost["steps"] == first["steps"] + 60
    assert told["generated"] == 200 and told["left_out"]["copied"] == 2 and len(told["kept"]) == 3
    assert cost["generator_flops"] == 1000
    assert cost["training_flops"] > first["training_flops"] + told["forward_flops"]
    written = texts(200, 5)
    turned = replace(written, labels=1 - written.labels)
    worse, cost = run("worse", turned, augment=KEYS | {"consistency": 0})
    assert same(plain, worse) and not cost["augmentation"]["better"]


# Plans


def test_the_code_and_recipe_of_it_make_no_other_arm_run_again():
    family, metric = FAMILIES["bert"], make_catalogue().metric
    assert training_code(family, metric, {}) == training_code(family, metric, {"augment": None})
    assert training_code(family, metric, {}) != training_code(family, metric, {"augment": KEYS})
    plain = JobParams(make_catalogue()).recipe(cell("bert"))
    arms = [{"bert": {"augment": {"generator": "tiny", "steps": steps}}} for steps in (300, 100)]
    params = [JobParams(make_catalogue(arms=one)) for one in arms]
    assert set(params[0].recipe(cell("bert"))) - set(plain) == {"augment"}
    assert params[0].recipe(cell("bert")) != params[1].recipe(cell("bert"))
    assert params[0].generation(cell("bert")) == params[1].generation(cell("bert"))  # no text is written again


def test_a_cell_of_many_labels_is_refused_before_any_job():
    catalogue = make_catalogue(arms={"bert": {"augment": {"generator": "tiny"}}}, experiment={"sizes": [40, 600]})
    with pytest.raises(BadInput, match=r"arms.bert.augment: is for at most 500 labels, and a cell has 600; leave such "
                                       r"cells out: `exclude: \[{arms: \[bert\], sizes: \[600\]}\]`"):  # fmt: skip
        check_data(catalogue)
