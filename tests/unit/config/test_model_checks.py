"""Recipes of models: each mistake is told in one line that says what to do."""

import copy

import pytest
import yaml

from helpers.configs import CONFIG, complaint, put
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.made_models import (
    base_of,
    begins_elsewhere,
    made_in,
    tokenizer_owner,
    with_each_amount,
    with_each_seed,
)
from pretrain_or_not.errors import BadInput

MADE = """
  made:
    pretrain: {from: {layers: 2, hidden: 128, heads: 2}, tokenizer: minilm, texts: unsup}
  second: {pretrain: {from: made, texts: unsup, objective: rtd}}
  third: {pretrain: {from: second, objective: supervised, tasks: [yelp, ready]}}
  own: {pretrain: {from: {layers: 2, hidden: 128, heads: 2}, tokenizer: {train: 8000}, texts: unsup}}
"""


@pytest.fixture
def config():
    config = yaml.safe_load(CONFIG)
    config["models"] |= yaml.safe_load(MADE)
    config["datasets"]["unsup"] = {"source": "files", "files": "unsup.parquet", "label": None}
    return config


MISTAKES = [
    ("models/made/path", "x", "models.made.path: 'x' is the place of a model that exists, and `pretrain` makes one"),
    ("models/made/sha256", "a" * 64, "models.made.sha256: is of a model that exists"),
    ("models/empty", "{}", "models.empty: 'path' is missing (where the model is); or say by `pretrain` how to make it"),
    ("models/made/pretrain/from", "nobody", "models.made.pretrain.from: no model 'nobody' in models"),
    ("models/made/pretrain/from/heads", "3", "models.made.pretrain.from.heads: 3 heads cannot share a width of 128"),
    (
        "models/made/pretrain/tokenizer",
        "{train: 261, kind: bpe}",
        "models.made.pretrain.tokenizer.train: byte pairs begin with 256 bytes and the special tokens; take at",
    ),
    ("models/made/pretrain/from", "third", "models.made.pretrain.from: 'third' makes a circle: 'made' from 'third'"),
    ("models/made/pretrain/tokenizer", "null", "models.made.pretrain: 'tokenizer' is missing"),
    (
        "models/made/pretrain/tokenizer",
        "made",
        "models.made.pretrain.tokenizer: 'made' makes a circle: 'made' of 'made'",
    ),
    (
        "models/made/pretrain/length",
        "513",
        "models.made.pretrain.length: 513 is too long: a new model has 512 positions",
    ),
    ("models/third/pretrain/without", "[ready]", "models.third.pretrain.without: ['ready'] has no meaning with"),
    (
        "models/second/pretrain/tokenizer",
        "roberta-base",
        "models.second.pretrain.tokenizer: 'roberta-base' is not the tok",
    ),
    ("models/made/pretrain/texts", "nothing", "models.made.pretrain.texts: no dataset 'nothing' in datasets"),
    ("models/made/pretrain/texts", "null", "models.made.pretrain: 'texts' is missing: the name of a dataset"),
    ("models/made/pretrain/amount", "'10'", "models.made.pretrain.amount: '10' is no amount: give 0, a count of texts"),
    ("models/made/pretrain/amount", "200%", "models.made.pretrain.amount: '200%' is no amount"),
    (
        "models/made/pretrain/objective",
        "clm",
        "models.made.pretrain.objective: 'clm' is not one of mlm, rtd, supervised",
    ),
    ("models/made/pretrain/order", "reverse", "models.made.pretrain.order: 'reverse' is not an order: give natural"),
    ("models/made/pretrain/order", "{ngrams: 5}", "models.made.pretrain.order.ngrams: 5 is out of range"),
    ("models/made/pretrain/weights", "x", "models.made.pretrain.weights: 'x' are no weights: give uniform"),
    ("models/made/pretrain/sparsity", "1", "models.made.pretrain.sparsity: 1 is out of range"),
    ("models/made/pretrain/without", "[nothing]", "models.made.pretrain.without[0]: no dataset 'nothing'"),
    (
        "models/made/pretrain/tasks",
        "[yelp]",
        "models.made.pretrain.tasks: ['yelp'] are read with `objective: supervised`",
    ),
    ("models/third/pretrain/tasks", "[]", "models.third.pretrain: 'tasks' is missing"),
    ("models/third/pretrain/tasks", "[unsup]", "models.third.pretrain.tasks[0]: 'unsup' has no labels"),
    ("models/third/pretrain/texts", "unsup", "models.third.pretrain.texts: 'unsup' has no meaning with"),
    (
        "models/third/pretrain/mask",
        "0.3",
        "models.third.pretrain.mask: 0.3 has no meaning with `objective: supervised`",
    ),
    ("models/third/pretrain/amount", "10%", "models.third.pretrain.amount: '10%' has no meaning with"),
    ("models/made/pretrain/examples", "9", "models.made.pretrain.examples: 9 has no meaning with `objective: mlm`"),
    ("models/made/pretrain/head_steps", "9", "models.made.pretrain.head_steps: 9 is for a model that goes on from"),
    ("models/third/pretrain/examples", "1", "models.third.pretrain.examples: 1 are fewer than the 2 tasks"),
    (
        "models/own/pretrain",
        "{from: {layers: 2, hidden: 8, heads: 2}, tokenizer: {train: 200}, objective: supervised, tasks: [ready]}",
        "models.own.pretrain.tokenizer: a tokenizer is trained on `texts`, which `objective: supervised` has not",
    ),
    ("arms/lstm/teacher", "{arm: minilm, amount: 5}", "arms.lstm.teacher.amount: 5 is of `texts`, and there are none"),
    ("models/second/pretrain/head_steps", "9", "models.second.pretrain.head_steps: 9 has no meaning with `objective"),
    (
        "models/second/pretrain/processes",
        "2",
        "models.second.pretrain.processes: 2: `objective: rtd` and self-influence",
    ),
    ("models/made/pretrain/steps", "-1", "models.made.pretrain.steps: -1 is out of range"),
    ("models/made/pretrain/epochs", "3", "models.made.pretrain: unknown key 'epochs'; did you mean 'max_epochs'?"),
    ("experiment/datasets/1", "unsup", "experiment.datasets[1]: 'unsup' has no labels (`label: null`)"),
    ("datasets/unsup/folds", "5", "datasets.unsup.folds: 5 has no meaning for texts without labels"),
    (
        "arms/lstm/teacher",
        "{arm: lstm}",
        "arms.lstm.teacher.arm: 'lstm' is the arm itself; name an arm that learns from",
    ),
    ("arms/lstm/teacher", "{arm: nobody}", "arms.lstm.teacher.arm: no arm 'nobody' in arms"),
    ("arms/lstm/teacher", "{arm: minilm, texts: none}", "arms.lstm.teacher.texts: no dataset 'none' in datasets"),
    ("arms/lstm/teacher", "{arm: minilm, weight: 2}", "arms.lstm.teacher.weight: 2 is out of range"),
    ("arms/minilm/adapter", "{kind: prefix}", "arms.minilm.adapter.kind: 'prefix' is not one of lora, ia3, l2m"),
    ("arms/minilm/adapter", "{rank: 8}", "arms.minilm.adapter: 'kind' is missing"),
    (
        "arms/lstm/reselect",
        "{choose: best}",
        "arms.lstm.reselect.choose: 'best' is not one of critic, uniform, highest_l",
    ),
    (
        "arms/lstm/reselect",
        "{batch: 80}",
        "arms.lstm.reselect.batch: 80 is more than the 64 candidates; give `candidates`",
    ),
    (
        "arms/minilm/augment",
        "{generator: minilm, template: '{class}: {text}', words: {a: good, b: good}}",
        "arms.minilm.augment.words.b: 'good' is the word of class 'a' already; give each class another one",
    ),
    (
        "arms/minilm/augment",
        "{generator: minilm, template: '{class}: {text}', shots: 2}",
        "arms.minilm.augment.shots: 2 has no meaning without `tune: none`; leave it out",
    ),
    (
        "arms/minilm/augment",
        "{generator: nobody}",
        "arms.minilm.augment.generator: no model 'nobody' in models",
    ),
    (
        "arms/minilm/augment",
        "{generator: made}",
        "arms.minilm.augment.generator: 'made' is made by `pretrain`, which makes no language model; name one",
    ),
    (
        "arms/minilm/augment",
        "{generator: minilm, template: 'Text: {text}'}",
        "arms.minilm.augment.template: 'Text: {text}' must have {class} once, and {text} once, at its end",
    ),
    (
        "arms/minilm/augment",
        "{generator: minilm, tune: full}",
        "arms.minilm.augment.tune: 'full' is not one of lora, prefix, none",
    ),
    (
        "arms/minilm/sparse_finetune",
        "true",
        "arms.minilm.sparse_finetune: 'minilm' has no zeros to keep; name a `model`",
    ),
    ("arms/lstm/embeddings", "own", "arms.lstm.embeddings: 'own' is not the tokenizer, 'minilm'"),
]


@pytest.mark.parametrize(("place", "value", "line"), MISTAKES, ids=[f"{place}={value}" for place, value, _ in MISTAKES])
def test_each_mistake_is_told_in_one_line(config, place, value, line):
    (found,) = complaint(put(config, place, yaml.safe_load(value)))
    assert found.startswith(f"config: {line}")


def test_a_task_has_held_out_texts(config):
    config["datasets"]["ready"] |= {"folds": 5, "splits": {}}
    line = "config: models.third.pretrain.tasks[1]: 'ready' has `folds`, so no texts are held out to validate on"
    assert any(found.startswith(line) for found in complaint(config))


def test_what_follows_from_a_recipe(config):
    found = check_config(config)["models"]
    assert made_in(found, "third") == ["third", "second", "made"] and made_in(found, "minilm") == []
    assert [tokenizer_owner(found, name) for name in ("third", "own", "roberta-base")] == [
        "minilm",
        "own",
        "roberta-base",
    ]
    assert begins_elsewhere(found, "minilm") and not begins_elsewhere(found, "third")
    arms = copy.deepcopy(config)
    arms["arms"]["lstm"]["embeddings"] = "third"  # token ids are those of minilm
    arms["experiment"]["datasets"] = ["docstrings"]
    check_config(arms)


def test_a_list_of_amounts_makes_a_model_of_each(config):
    config["models"]["own"]["pretrain"]["amount"] = [0, 1000, "10%"]
    found = check_config(config)["models"]
    assert [name for name in found if name.startswith("own")] == ["own-0", "own-1000", "own-10pct"]
    assert [found[f"own-{a}"]["pretrain"]["amount"] for a in ("0", "1000", "10pct")] == [0, 1000, "10%"]
    assert tokenizer_owner(found, "own-10pct") == "own-0"  # the texts are tokenized once
    assert with_each_amount(found) == (found, {})


def test_a_mistake_in_a_model_of_several_amounts_is_told_once_by_the_name_in_the_config(config):
    config["models"]["own"]["pretrain"] |= {"amount": [0, 1000, "10%"], "learning_rate": "fast"}
    (line,) = complaint(config)
    assert line.startswith("config: models.own.pretrain.learning_rate: 'fast' is text; give a number above 0")


def test_a_teacher_passes_on_no_labels_that_are_not_counted(config):
    """`third` has learned the labels of `yelp`; the teacher itself is no arm of the experiment."""
    config["arms"]["minilm"]["model"] = "third"
    config["arms"]["lstm"]["teacher"] = {"arm": "minilm"}
    config["experiment"] |= {"datasets": ["yelp"], "arms": ["lstm"], "reference": "lstm"}
    line = "config: models.third.pretrain.tasks[0]: 'yelp' is a dataset of the experiment: its labels would be learned"
    assert any(found.startswith(line) for found in complaint(config))


@pytest.mark.parametrize(
    ("texts", "changes", "told"),
    [
        ("unsup", {"pair": ["a", "b"]}, "texts: 'unsup' has pairs; name a dataset of single texts"),
        ("yelp", {"folds": 5}, "texts: each row of 'yelp' is tested in some fold, so no text is left to ask about"),
    ],
)
def test_a_teacher_is_asked_about_single_texts_that_are_not_tested(config, texts, changes, told):
    config["arms"]["lstm"]["teacher"] = {"arm": "minilm", "texts": texts}
    check_config(copy.deepcopy(config))
    config["datasets"][texts] |= changes
    assert any(line.startswith(f"config: arms.lstm.teacher.{told}") for line in complaint(config))


def test_a_teacher_must_be_kept(config):
    config["arms"]["lstm"]["teacher"] = {"arm": "minilm"}
    check_config(copy.deepcopy(config))
    config["experiment"]["keep_models"] = "none"
    (line,) = complaint(config)
    assert line.startswith("config: arms.lstm.teacher: a teacher is asked after its training, and `experiment.keep_m")


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (
            "experiment/selection",
            "test",
            "needs validation data, and `experiment.selection: test` uses none; leave out",
        ),
        (
            "arms/lstm/teacher",
            {"arm": "minilm"},
            "an arm with a `teacher` selects nothing again; leave out one of the two",
        ),
        ("arms/lstm/processes", 2, "is computed in one process; leave `processes` out"),
    ],
)
def test_examples_are_selected_again_by_validation_data_in_one_process(config, place, value, line):
    config["arms"]["lstm"]["reselect"] = {"choose": "uniform", "batch": 100}
    check_config(copy.deepcopy(config))
    (found,) = complaint(put(config, place, value))
    assert found.startswith(f"config: arms.lstm.reselect: {line}")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("init", "random", "random weights have no zeros to keep; leave out one of the two keys"),
        ("adapter", {"kind": "lora"}, "merging an `adapter` would fill the zeros; leave out one of the two keys"),
    ],
)
def test_zeros_are_kept_where_nothing_fills_them(config, key, value, line):
    config["models"]["made"]["pretrain"]["sparsity"] = 0.5
    config["arms"]["minilm"] |= {"model": "made", "sparse_finetune": True}
    check_config(copy.deepcopy(config))
    for without in ({"steps": 0}, {"amount": 0}):
        random = copy.deepcopy(config)
        random["models"]["made"]["pretrain"] |= without
        (found,) = complaint(random)
        assert found.startswith(
            "config: arms.minilm.sparse_finetune: 'made' has the random weights that it starts from"
        )
    further = copy.deepcopy(config)  # zeros are made of what another model has learned
    further["models"]["further"] = {"pretrain": {"from": "minilm", "texts": "unsup", "steps": 0, "sparsity": 0.5}}
    further["arms"]["minilm"]["model"] = "further"
    check_config(further)
    config["arms"]["minilm"][key] = value
    assert complaint(config) == [f"config: arms.minilm.sparse_finetune: {line}"]


@pytest.mark.parametrize(
    ("adapter", "keys", "line"),
    [
        ({"kind": "lora", "pool": 4}, {}, ".pool: 4 has no meaning without `kind: l2m`; leave it out"),
        ({"kind": "ia3", "pull": 0.25}, {}, ".pull: 0.25 has no meaning without `kind: l2m`; leave it out"),
        ({"kind": "l2m", "rank": 4}, {}, ".rank: 4 has no meaning without `kind: lora`; leave it out"),
        ({"kind": "l2m"}, {"processes": 2}, ": a pool is trained in one process; leave `processes` out"),
        (
            {"kind": "l2m"},
            {"layer_decay": 0.9},
            ": a set of a pool has one learning rate for all layers; leave `layer_decay` out",
        ),
    ],
)
def test_an_adapter_has_what_its_kind_reads(config, adapter, keys, line):
    config["arms"]["minilm"]["adapter"] = {"kind": adapter["kind"]}
    check_config(copy.deepcopy(config))
    config["arms"]["minilm"] |= {"adapter": adapter} | keys
    assert complaint(config) == [f"config: arms.minilm.adapter{line}"]


def test_forgetting_is_measured_where_there_is_something_to_forget(config):
    config["experiment"]["forgetting"] = True
    (line,) = complaint(copy.deepcopy(config))
    assert line == (
        "config: experiment.forgetting: no arm of the experiment (bert, probe, knn) starts from a model that is made "
        "by `objective: mlm`; leave it out"
    )
    config["arms"]["minilm"]["model"] = "made"
    check_config(copy.deepcopy(config))
    for key, value in (("steps", 0), ("amount", 0), ("objective", "rtd")):
        changed = copy.deepcopy(config)
        changed["models"]["made"]["pretrain"][key] = value
        assert complaint(changed)[-1].startswith("config: experiment.forgetting: no arm")
    config["experiment"]["keep_models"] = "none"
    (line,) = complaint(config)
    assert line.startswith("config: experiment.forgetting: is measured after training, and `keep_models: none` deletes")


def test_a_model_of_an_arm_may_not_have_learned_the_labels_that_are_counted(config):
    (target, *_), arm = config["experiment"]["datasets"], config["experiment"]["arms"][0]
    config["models"]["third"]["pretrain"]["tasks"] = [target]
    check_config(config)  # no arm uses it
    config["arms"][arm] = {"family": "probe", "model": "third"}
    (found,) = complaint(config)
    assert found.startswith(f"config: models.third.pretrain.tasks[0]: '{target}' is a dataset of the experiment")


@pytest.mark.parametrize("amount", [[50, 50], [50]])
def test_no_model_takes_the_name_of_another_one(config, amount):
    config["models"]["own-50"] = {"path": "elsewhere"}
    config["models"]["own"]["pretrain"]["amount"] = amount
    with pytest.raises(BadInput, match=r"models.own.pretrain.amount: 50 makes a model 'own-50', and there is one"):
        check_config(config)


def test_arms_that_are_not_used_are_no_obstacle(config):
    config["arms"]["again"] = config["arms"]["lstm"] | {"reselect": {}}
    config["arms"]["taught"] = config["arms"]["lstm"] | {"teacher": {"arm": "minilm"}}
    config["experiment"] |= {"selection": "test", "keep_models": "none"}
    check_config(config)


def test_tokenizers_in_a_circle_are_told_once(config):
    for name, other in (("made", "own"), ("own", "made")):
        config["models"][name]["pretrain"]["tokenizer"] = other
    assert complaint(config) == [
        "config: models.made.pretrain.tokenizer: 'own' makes a circle: 'made' of 'own' of 'made'; let one train its "
        "own: {train: 8000}"
    ]


def test_a_list_of_seeds_makes_a_model_of_each(config):
    config["models"]["own"]["pretrain"] |= {"amount": [0, 10], "seed": [3, 5]}
    config["models"] |= yaml.safe_load("next: {pretrain: {from: own-10, texts: unsup, seed: [0, 7]}}")
    models, of_seeds = with_each_seed(check_config(config)["models"])
    assert of_seeds == {"own-0": ["own-0", "own-0-seed5"], "own-10": ["own-10", "own-10-seed5"],
                        "next": ["next", "next-seed7"]}  # fmt: skip
    assert [models[name]["pretrain"]["seed"] for names in of_seeds.values() for name in names] == [3, 5, 3, 5, 0, 7]
    assert base_of(models, "next") == "own-10" and base_of(models, "next-seed7") == "own-10-seed5"
    owners = {tokenizer_owner(models, name) for names in of_seeds.values() for name in names}
    assert owners == {"own-0"}  # texts are tokenized once
    assert with_each_seed(models) == (models, {})


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("models/own/pretrain/seed", "[]", "models.own.pretrain.seed: [] has too few entries; give at least 1"),
        ("models/own/pretrain/seed", "[1, 1]", "models.own.pretrain.seed[1]: 1 is in the list already"),
        (
            "models/own/pretrain/seed",
            "[1, -1]",
            "models.own.pretrain.seed[1]: -1 is out of range; give a whole number of at least 0",
        ),
        ("models/own/pretrain/seed", "[1, x]", "models.own.pretrain.seed[1]: 'x' is text; give a whole number"),
        ("models/own-seed2", "{path: elsewhere}", "models.own.pretrain.seed: 2 makes a model 'own-seed2', and there"),
        (
            "models/next/pretrain/seed",
            "[1, 2, 3]",
            "models.next.pretrain.seed: [1, 2, 3]: 'own', which it starts from, has 2 seeds; give as many, as each",
        ),
        ("models/next/pretrain/seed", "4", "models.next.pretrain.seed: 4: 'own', which it starts from, has 2 seeds"),
        ("models/next/pretrain", "{from: own, texts: unsup}", "models.next.pretrain.seed: 'own', which it starts from"),
    ],
)
def test_mistakes_in_seeds_are_told_in_one_line(config, place, value, line):
    config["models"]["own"]["pretrain"]["seed"] = [1, 2]
    config["models"] |= yaml.safe_load("next: {pretrain: {from: own, texts: unsup, seed: [0, 7]}}")
    (found,) = complaint(put(config, place, yaml.safe_load(value)))
    assert found.startswith(f"config: {line}")
