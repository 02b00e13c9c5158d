"""A failed cell: one line on the terminal, a list of what is missing, and scores of the rest on request."""

import copy

import pandas as pd

from helpers.project import CONFIG, Project

FAILS = """def build(run, about):
    from pretrain_or_not.errors import BadInput
    raise BadInput('planned')


def unused("""
SUMMARY = {"score": 1, "answer": 1, "page": 1, "table_scores": 1, "all": 1} | dict.fromkeys(
    [f"plot_{name}" for name in ("scores", "gap", "worth", "share", "cost", "tuning", "confusion", "reliability")], 1
)
PARTIAL = ("--config", "experiment={partial: true}")


def test_what_is_there_is_scored_on_request(tmp_path, tiny_bert):
    project, config = Project(tmp_path, tiny_bert), copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["tfidf", "lstm"], "reference": "tfidf", "sizes": [40]}
    config["arms"]["lstm"]["learning_rates"] = [1e-3]
    config["timing"] = {"devices": {"cpu": []}}

    early = project.snakemake("--dry-run", *PARTIAL, config=config)
    assert early.returncode == 1 and "\nexperiment.partial: no cell is complete yet" in early.stdout

    with project.edited("arms/lstm.py", "def build(", FAILS):
        failed = project.snakemake("--keep-going", config=config)
        log = "results/logs/train_lstm/toy/lstm/n40/seed0/lr0.001.log"
        assert failed.returncode == 1 and f"ERROR in train_lstm: planned (log: {log})\n" in failed.stdout
        assert failed.stdout.rstrip().splitlines()[-2:] == [
            "1 cell of the experiment is missing (lstm on toy, 40 labels, seed 0).",
            "Type the same command again to make it; to score what is there, add --config 'experiment={partial: true}'",
        ]
        for words in ("RuleException", "CalledProcessError", "Error in rule", "Exiting because", "Traceback"):
            assert words not in failed.stdout
        assert project.jobs(config, PARTIAL) == SUMMARY

        done = project.snakemake("results/answer.html", "results/figures/gap.png", *PARTIAL, config=config)
        assert done.returncode == 0, done.stdout
        assert "Not complete: 1 cell of the experiment is missing (lstm on toy, 40 labels, seed 0)." in done.stdout
        assert pd.read_parquet(tmp_path / "results" / "scores.parquet")["arm"].tolist() == ["tfidf"]
    whole = project.jobs(config)
    assert whole == SUMMARY | {"train_lstm": 1, "select": 1, "evaluate": 1}
