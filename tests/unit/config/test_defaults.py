"""A valid config comes back as it was, with defaults for what it leaves out."""

import copy

import yaml
from snakemake.utils import update_config

from helpers.configs import MINIMAL, valid
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.command_line import with_numbers


def test_a_valid_config_passes_unchanged_but_for_defaults():
    config = valid()
    before = copy.deepcopy(config)
    checked = check_config(config)
    assert config == before
    checked["datasets"]["yelp"]["labels"]["negative"].append(0)
    checked["arms"]["tfidf"]["C"].append(3)
    assert config == before

    def contains(whole, part):
        if isinstance(part, dict):
            return all(key in whole and contains(whole[key], item) for key, item in part.items())
        return whole == part

    assert contains(check_config(config), before)
    assert check_config(check_config(config)) == check_config(config)


def test_defaults_are_filled():
    checked = check_config(yaml.safe_load(MINIMAL))
    cut = {"validation": None, "test": None}
    common = {"title": "", "splits": cut, "seed": 0, "deduplicate": "splits", "max_length": 512}
    common |= {"stratify": True, "near_duplicates": None, "folds": None, "shifts": {}}
    columns = {"text": "text", "label": "label", "labels": None, "ignore_labels": [], "pair": None, "separator": "\n"}
    columns |= {"where": None, "groups": [], "group": None, "time": None}
    training = {
        "title": "",
        "validations": 10,
        "patience": None,
        "clip": 1.0,
        "processes": 1,
        "class_weights": None,
        "reselect": None,
    }
    assert checked == {
        "pathvars": {"results": "results"},
        "predict": {},
        "figures": {"width": 3.5, "one_point": None},
        "plan": {"flops_per_second": None},
        "target": None,
        "costs": {"label": None, "hour": None, "predictions_per_month": None},
        "timing": {
            "arms": None,
            "devices": {"cpu": [1, 32], "cuda": []},
            "length": None,
            "seconds": 5,
            "threads": 1,
        },
        "published": {"datasets": {}, "arms": {}},
        "experiment": {
            "datasets": ["d"],
            "arms": ["a"],
            "reference": "a",
            "sizes": [10],
            "seeds": [0],
            "stratify": False,
            "exclude": [],
            "metric": "accuracy",
            "selection": "validation",
            "budget": "training",
            "partial": False,
            "checkpoint_minutes": 10,
            "validation_max": 10000,
            "keep_models": "selected",
            "forgetting": False,
            "threads": 1,
        },
        "datasets": {
            "d": {
                "source": "docstrings",
                "packages": {"x": "x", "y": "y"},
                "mentions": [],
                "max_characters": 300,
                **common,
            },
            "f": {
                "source": "files",
                "files": "f.csv",
                "format": None,
                "member": None,
                "header": True,
                "columns": None,
                "delimiter": None,
                "quoting": "standard",
                "encoding": None,
                "split": None,
                **columns,
                **common,
            },
            "h": {
                "source": "hub",
                "id": "a/b",
                "config": None,
                "revision": None,
                "split": {"train": "all"},
                **columns,
                **common,
            },
        },
        "models": {"m": {"path": "somewhere", "revision": None, "gguf": None, "sha256": None, "pretrain": None}},
        "arms": {
            "a": {
                "augment": None,
                "family": "bert",
                "min_steps": 200,
                "model": "m",
                "max_length": "dataset",
                "init": "pretrained",
                "adapter": None,
                "sparse_finetune": False,
                "learning_rates": [1.0e-4],
                "batch_size": 32,
                "epochs": 3,
                "warmup": 0.05,
                "schedule": "linear",
                "layer_decay": 1.0,
                "weight_decay": 0.01,
                "dropout": 0.1,
                "precision": "auto",
                **training,
            },
            "b": {
                "family": "lstm",
                "min_steps": 800,
                "tokenizer": "m",
                "max_length": "dataset",
                "embeddings": None,
                "freeze_embeddings": True,
                "embedding_size": 128,
                "layers": 1,
                "hidden": 128,
                "dropout": 0.0,
                "teacher": None,
                "learning_rates": [1.0e-3],
                "batch_size": 64,
                "epochs": 10,
                "warmup": 0.0,
                "schedule": "constant",
                "weight_decay": 0.0,
                "precision": "fp32",
                **training,
            },
            "c": {
                "family": "tfidf",
                "title": "",
                "words": [1, 2],
                "characters": None,
                "tokenizer": None,
                "max_length": "dataset",
                "lowercase": True,
                "sublinear": True,
                "min_count": 1,
                "hash_bits": None,
                "class_weights": None,
                "C": [10, 100, 1000],
            },
        },
    }


def test_defaults_fill_what_a_mapping_leaves_open_and_are_not_shared():
    config = yaml.safe_load(MINIMAL)
    config["pathvars"] = {"data": "elsewhere"}
    config["datasets"]["d"]["splits"] = {"validation": 5}
    checked = check_config(config)
    assert checked["pathvars"] == {"data": "elsewhere", "results": "results"}
    assert checked["datasets"]["d"]["splits"] == {"validation": 5, "test": None}
    checked["datasets"]["f"]["splits"]["test"] = 7
    checked["datasets"]["d"]["mentions"].append("x")
    again = check_config(config)
    assert again["datasets"]["f"]["splits"]["test"] is None
    assert again["datasets"]["d"]["mentions"] == []


def test_numbers_on_the_command_line_are_numbers_where_text_is_wrong():
    # As Snakemake hands on --config 'experiment={sizes: [100, "10%"], threads: 2}', and merges it.
    given = yaml.load(
        """
        experiment: {sizes: [100, "10%"], threads: 2}
        datasets: {yelp: {text: "1", labels: {negative: [1, 2], positive: [4]}, title: "LSTM #2"}}
        arms: {minilm: {patience: null, learning_rates: [0.001], clip: 1.5}}
        """,
        Loader=yaml.BaseLoader,
    )
    config = valid()
    update_config(config, given)
    assert config["experiment"]["sizes"] == ["100", "10%"]
    read = with_numbers(config, given)
    assert read["experiment"]["sizes"] == [100, "10%"] and read["experiment"]["threads"] == 2
    assert read["datasets"]["yelp"]["text"] == "1" and read["datasets"]["yelp"]["title"] == "LSTM #2"
    assert read["arms"]["minilm"]["patience"] is None and read["arms"]["minilm"]["learning_rates"] == [0.001]
    assert read["arms"]["minilm"]["clip"] == 1.5
    check_config(read)


def test_numbers_of_a_model_of_several_amounts_are_read_from_the_command_line():
    config = valid()
    recipe = {"from": {"layers": 1, "hidden": 8, "heads": 1}, "tokenizer": "minilm", "texts": "letters"}
    config["datasets"]["letters"] = {"source": "files", "files": "letters.csv", "label": None}
    given = {"models": {"own": {"pretrain": {"amount": ["0", "50", "100%"], "learning_rate": "0.002"}}}}
    config["models"]["own"] = {"pretrain": recipe | given["models"]["own"]["pretrain"]}
    read = with_numbers(config, given)["models"]["own"]["pretrain"]
    assert read["amount"] == [0, 50, "100%"] and read["learning_rate"] == 0.002


def test_text_of_a_file_stays_text():
    config = valid()
    config["experiment"]["threads"] = "2"
    assert with_numbers(config, {}) == config and with_numbers(config, {"experiment": {"seeds": ["0"]}}) == config
    assert with_numbers(config, {"experiment": {"threads": "two"}})["experiment"]["threads"] == "2"
