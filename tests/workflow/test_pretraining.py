"""Models that are made, adapters and taught arms, from start to end; and what an edit of a recipe makes again."""

import copy
import csv
import json

import pandas as pd
import pytest

from helpers.described import undescribed
from helpers.project import CONFIG, Project
from helpers.texts import make_rows
from pretrain_or_not.files.json_files import read_json

START = {"layers": 1, "hidden": 16, "heads": 2}
SHORT = {"steps": 4, "batch_size": 8, "length": 16, "validations": 1, "precision": "fp32"}
TUNED = {"family": "bert", "learning_rates": [1e-3], "epochs": 1, "min_steps": 4, "validations": 1}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    with open(project.folder / "letters.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text",), *((text,) for text, _ in make_rows(120, 5))])
    with open(project.folder / "other.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *make_rows(150, 6)])
    return project


def config_of(**changes):
    """Return the config of an experiment; changes: of the recipe of model `first`."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["nothing", "tuned", "pool", "chained", "apart", "probe", "lora",
                                      "lstm", "taught"],
                             "reference": "nothing", "forgetting": True,
                             "sizes": [40]}  # fmt: skip
    config["timing"]["devices"] = {"cpu": []}
    config["datasets"] |= {
        "letters": {"source": "files", "files": "letters.csv", "label": None},
        "other": {"source": "files", "files": "other.csv", "splits": {"validation": 20, "test": 20}, "max_length": 16},
    }
    made = {
        "from": START,
        "tokenizer": {"train": 150},
        "texts": "letters",
        "without": ["toy"],
        "amount": [0, 60],
        **SHORT,
    }
    chained = {"from": "first-60", "objective": "supervised", "tasks": ["other"], **SHORT}
    config["models"] |= {
        "first": {"pretrain": made | changes},
        "second": {"pretrain": chained},
        "other-way": {"pretrain": chained | {"from": START, "tokenizer": "tiny"}},
    }
    config["arms"] |= {
        "nothing": TUNED | {"model": "first-0"}, "tuned": TUNED | {"model": "first-60"},
        "pool": TUNED | {"model": "first-60", "adapter": {"kind": "l2m"}},
        "chained": TUNED | {"model": "second"},
        "apart": TUNED | {"model": "other-way"},
        "probe": {"family": "probe", "model": "first-60", "C": [1]},
        "lora": TUNED | {"model": "tiny", "adapter": {"kind": "lora", "rank": 2}},
        "lstm": CONFIG["arms"]["lstm"] | {"learning_rates": [2e-2]},
        "taught": CONFIG["arms"]["lstm"] | {"learning_rates": [2e-2],
                                            "teacher": {"arm": "pool", "texts": "letters"}},
    }  # fmt: skip
    return config


def test_an_experiment_with_models_that_are_made(project):
    config = config_of()
    wanted = [f"results/{name}" for name in ("scores.parquet", "forgetting.parquet", "figures/pretraining.png")]
    done = project.snakemake(*wanted, config=config)
    assert done.returncode == 0, done.stdout
    assert undescribed(project.folder / "results") == []
    scores = pd.read_parquet(project.folder / "results" / "scores.parquet").set_index("arm")
    assert scores["accuracy"].notna().all()
    tokens = scores["pretraining_tokens"]
    assert tokens["nothing"] == tokens["lstm"] == tokens["lora"] == 0 < tokens["probe"] < tokens["chained"]
    assert scores["pretrained_elsewhere"].to_dict() == {arm: arm == "lora" for arm in scores.index}
    (card,) = (project.folder / "results").glob("toy/runs/taught/*/*/selected/classifier.json")
    assert read_json(card)["base_models"]["teacher"]["path"].endswith("pretrained/first-60")
    assert (
        "| Model of its teacher | `results/pretrained/first-60` (licence: " in card.with_name("README.md").read_text()
    )
    assert scores.loc["probe", "pretraining"] == "first (probe)" and scores.loc["chained", "pretraining"] == "second"
    assert scores.loc["chained", "pretraining_flops"] > scores.loc["probe", "pretraining_flops"] > 0
    assert scores["teacher_flops"].notna().to_dict() == {arm: arm == "taught" for arm in scores.index}
    assert scores.loc["lora", "parameters_trained"] < scores.loc["lora", "parameters"]
    forgotten = pd.read_parquet(project.folder / "results" / "forgetting.parquet").set_index("arm")
    assert forgotten["trained"].to_dict() == {"tuned": "full", "pool": "l2m", "probe": "head"}
    assert forgotten["forgetting"]["probe"] == 0 != forgotten["forgetting"]["tuned"]
    folder = project.folder / "results" / "pretrained"
    assert {path.name for path in folder.iterdir()} == {"first-0", "first-60", "second", "other-way"}
    assert (folder / "first-60" / "tokenizer.json").is_file() and not (folder / "first-60" / "checkpoint").exists()
    assert (project.folder / "results" / "toy" / "leaks" / "first-60.json").is_file()
    assert "Nothing to be done" in project.snakemake("-n", "results/scores.parquet", config=config).stdout

    # A further test set from files: made models are compared with it before they are tested on it. Those that leave out
    # texts that are tested on leave out its texts, too, so they are made again.
    of_shift = config_of()
    of_shift["experiment"] |= {"arms": ["nothing", "chained"], "forgetting": False}
    of_shift["datasets"]["toy"]["shifts"] = {"shop": {"files": "other.csv"}}
    jobs = project.jobs(of_shift, ["results/scores.parquet"])
    assert jobs["check_shift_leaks"] == 3 and jobs["pack_texts"] == jobs["evaluate_shift"] == 2

    # Another learning rate of the first stage: it, the second stage and their arms run again, and no other arm.
    jobs = project.jobs(config_of(learning_rate=1e-3), ["results/scores.parquet"])
    assert {rule: n for rule, n in jobs.items() if rule not in ("extract_training_features",)} == {
        "pretrain": 3, "finetune_bert": 4, "extract_features": 1, "train_probe": 1, "teach": 1, "train_lstm": 1,
        "select": 6, "evaluate": 6, "score": 1,
    }  # fmt: skip
    # Another way to train one arm: its cell, and what reads all cells.
    cell = {"select": 1, "evaluate": 1, "score": 1}
    changed = copy.deepcopy(config)
    changed["arms"]["tuned"] |= {"reselect": {"steps": 5}}
    jobs = project.jobs(changed, ["results/scores.parquet", "results/forgetting.parquet"])
    assert jobs == cell | {"finetune_bert": 1, "measure_forgetting": 1}
    for arm, key, changes, rule in (("lora", "adapter", {"rank": 4}, "finetune_bert"),
                                    ("taught", "teacher", {"weight": 0.9}, "train_lstm")):  # fmt: skip
        changed = copy.deepcopy(config)
        changed["arms"][arm][key] |= changes
        assert project.jobs(changed, ["results/scores.parquet"]) == cell | {rule: 1}
    # More of another task's examples: the model that learns nothing else, the second stage, and their arms.
    changed = copy.deepcopy(config)
    for name in ("second", "other-way"):
        changed["models"][name]["pretrain"]["examples"] = 50
    jobs = project.jobs(changed, ["results/scores.parquet"])
    assert jobs == {"check_leaks": 2, "pretrain": 2, "finetune_bert": 2, "select": 2, "evaluate": 2, "score": 1}
    # Another order of words: the texts are packed again, too, but the tokenizer stays.
    jobs = project.jobs(config_of(order={"ngrams": 1}), ["results/scores.parquet"])
    assert (
        jobs["pack_texts"] == 2 and jobs["pretrain"] == 3 and "train_tokenizer" not in jobs and "tokenize" not in jobs
    )
    # Other texts, or other ones that are left out, whose files are older than what was made: all that reads them runs.
    for changes in ({"texts": "other"}, {"without": []}):
        jobs = project.jobs(config_of(**changes), ["results/scores.parquet"])
        assert jobs["train_tokenizer"] == 1 and jobs["pack_texts"] == 2 and jobs["pretrain"] == 3
        assert jobs["check_leaks"] == 2  # of the two amounts; the second model reads its tasks


def test_texts_that_are_tested_on_stop_the_cells_of_that_dataset(project):
    rows = [(text,) for text, _ in make_rows(400)]
    with open(project.folder / "leaky.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text",), *rows])
    config = config_of(without=[], amount=["100%"])
    config["datasets"]["letters"]["files"] = "leaky.csv"
    config["pathvars"]["results"] = "leaky"
    for arm in ("nothing", "tuned", "pool", "probe"):
        config["arms"][arm]["model"] = "first-100pct"
    config["models"]["second"]["pretrain"]["from"] = "first-100pct"
    config["experiment"] |= {"arms": ["nothing"], "forgetting": False}
    done = project.snakemake("leaky/scores.parquet", config=config)
    assert done.returncode != 0
    assert "of its 392 texts are among the validation and test texts of 'toy'" in done.stdout
    assert "leave them out by `without: [toy]`" in done.stdout
    assert not (project.folder / "leaky" / "toy" / "runs").exists()


def test_a_plan_pretrains_nothing_and_says_what_it_does_not_know(project):
    config = config_of()
    config["pathvars"]["results"] = "planned"
    config["experiment"] |= {"arms": ["pool", "taught", "lstm"], "reference": "lstm", "forgetting": False}
    jobs = project.jobs(config, ["plan"])
    assert jobs["measure_speed"] == 1 and not {"pretrain", "pack_texts", "teach", "finetune_bert"} & jobs.keys()


def test_cells_start_from_models_of_several_seeds(project):
    config = config_of()
    config["models"] |= {
        "many": {"pretrain": config["models"]["first"]["pretrain"] | {"amount": 60, "seed": [3, 5]}},
        "next": {"pretrain": config["models"]["second"]["pretrain"] | {"from": "many", "seed": [0, 1]}},
    }
    config["arms"] |= {"tuned": TUNED | {"model": "many"}, "probe": {"family": "probe", "model": "next", "C": [1]}}
    config["experiment"] |= {"arms": ["nothing", "tuned", "probe"], "seeds": [0, 1, 2], "forgetting": True}
    wanted = ["results/scores.parquet", "results/forgetting.parquet", "results/answer.md"]
    done = project.snakemake(*wanted, config=config)
    assert done.returncode == 0, done.stdout
    results = project.folder / "results"
    scores = pd.read_parquet(results / "scores.parquet").set_index("arm")
    assert scores.loc["tuned", "pretraining_models"].tolist() == ["many", "many-seed5", "many"]
    first, second = "next, many", "next-seed1, many-seed5"
    assert scores.loc["probe", "pretraining_models"].tolist() == [first, second, first]
    assert scores.loc["nothing", "pretraining_models"].isna().all()  # each cell draws its own random weights
    runs = [json.loads((results / f"toy/runs/tuned/n40/seed{seed}/selected.json").read_text()) for seed in (0, 1, 2)]
    assert [run["selected"]["recipe"]["model"] for run in runs] == ["many", "many-seed5", "many"]
    about = json.loads((results / "pretrained/next-seed1/run.json").read_text())
    assert about["recipe"]["from"] == "many-seed5" and about["recipe"]["seed"] == 1
    # One tokenizer for all: texts are tokenized once.
    assert (results / "pretrained/many/tokenizer").is_dir() and not (
        results / "pretrained/many-seed5/tokenizer"
    ).exists()
    assert {path.name for path in (results / "toy/features").iterdir()} >= {"next", "next-seed1"}
    forgotten = pd.read_parquet(results / "forgetting.parquet")
    assert forgotten[forgotten["arm"] == "tuned"]["model"].tolist() == ["many", "many-seed5", "many"]
    answer = (results / "answer.md").read_text()
    assert "from 2 models that were made here, or learn from them: **tuned**; **probe**. Cells of" in " ".join(
        answer.split()
    )

    # What was trained with the first seed stays when seeds are added or taken away.
    config["models"]["many"]["pretrain"]["seed"], config["models"]["next"]["pretrain"]["seed"] = 3, 0
    jobs = project.jobs(config, ["results/scores.parquet"])
    assert jobs["finetune_bert"] == jobs["train_probe"] == 1 and "pretrain" not in jobs
