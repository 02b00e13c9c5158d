"""The experiments that come with the project, and the examples of its documentation: valid, and planned as they say."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from snakemake.utils import update_config

from helpers.paths import ROOT
from helpers.project import Project
from helpers.texts import make_rows
from helpers.tools import tool
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.schema import schema

REVIEW = {"text": "good", "reviewText": "good", "stars": 5.0, "overall": 5.0}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a project with a file at each path that the experiments name, of as many rows as their sizes need."""
    project = Project(tmp_path_factory.mktemp("experiments"), tiny_bert)
    data = project.folder / "data"
    data.mkdir()
    (data / "yelp_dataset.tar").touch()  # planning does not read it
    for name, column in (
        ("yelp_sentences", "label"),
        *((f"imdb_{part}", "stars") for part in ("train", "test", "unsup")),
    ):
        table = pa.table({"text": ["good"] * 60_000, column: [1] * 60_000})
        pq.write_table(table, data / f"{name}.parquet")
    for name in ("Sports_and_Outdoors.json.gz", "Electronics.json.gz"):
        with gzip.open(data / name, "wt") as file:
            file.write(f"{json.dumps(REVIEW)}\n" * 1000)
    return project


def planned(project, name):
    """Return the job counts of an experiment of the project."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return project.jobs(config, ["--configfile", str(ROOT / "experiments" / f"{name}.yaml")])


def test_the_paper(project):
    datasets, sizes, rates = 3, 7, 4
    roberta, lstm = 2 * datasets * sizes * rates, 5 * datasets * sizes * rates
    controls = datasets * 2  # sizes 1 % and 10 %, of each of two arms
    jobs = planned(project, "paper")
    assert jobs["finetune_bert"] == roberta + controls * 3  # three rates for random weights
    assert jobs["train_lstm"] == lstm
    assert jobs["train_tfidf"] == controls * 4
    assert jobs["select"] == jobs["evaluate"] == 7 * datasets * sizes + 2 * controls
    assert (jobs["ingest"], jobs["subsample"]) == (datasets, datasets * sizes)
    assert jobs["tokenize"] == datasets * 2 and jobs["extract_embeddings"] == 2
    assert jobs["time_inference"] == 5 * 2  # arms, on CPU and GPU; texts of a length take as long in every dataset


def test_yelp_sentences(project):
    jobs = planned(project, "yelp-sentences")
    all_seeds, one_seed = 3, 2  # sizes
    cells, tries = 3 * all_seeds + one_seed, 3
    assert jobs["finetune_bert"] == tries * (cells + all_seeds)  # and the control with one seed
    assert jobs["train_lstm"] == tries * 2 * cells
    assert jobs["train_tfidf"] == jobs["train_static"] == jobs["train_probe"] == tries * cells
    assert jobs["evaluate"] == 6 * cells + all_seeds


def test_imdb(project):
    jobs = planned(project, "imdb")
    with_seeds, seeds, tries = 3, 3, 3  # of the sizes, all but all labels have three seeds
    neural, others = with_seeds * seeds + 1, (with_seeds + 1) * seeds
    assert jobs["finetune_bert"] == jobs["train_lstm"] == tries * neural
    assert jobs["train_tfidf"] == jobs["train_static"] == tries * others
    assert jobs["evaluate"] == 2 * neural + 2 * others


def test_imdb_taught(project):
    jobs = planned(project, "imdb-taught")
    assert jobs["finetune_bert"] == jobs["teach"] == 3 and jobs["train_lstm"] == 2 * 3 * 2  # arms, seeds, rates


def test_pretraining(project):
    jobs = planned(project, "pretraining")
    tuned, frozen, cells, rates, tries, amounts, again = 16, 11, 2 * 2, 4, 3, 3, 5
    assert jobs["pretrain"] == jobs["check_leaks"] == amounts + 8 + again
    assert jobs["train_tokenizer"] == 1 and jobs["extract_features"] == frozen
    assert jobs["finetune_bert"] == (tuned * cells + 3) * rates and jobs["train_probe"] == (frozen * cells + 2) * tries


def test_adaptation(project):
    jobs = planned(project, "adaptation")
    cells, tries = 3 * 2, 3
    assert jobs["finetune_bert"] == 4 * cells * tries and jobs["pretrain"] == 1


def test_distillation(project):
    jobs = planned(project, "distillation")
    cells, tries = 2 * 3 + 1, 2  # sizes, seeds
    assert jobs["finetune_bert"] == cells * tries and jobs["train_lstm"] == 3 * cells * tries
    assert jobs["teach"] == 2 * cells


def test_tasks(project):
    jobs = planned(project, "tasks")
    assert jobs["pretrain"] == jobs["check_leaks"] == 5 and jobs["ingest"] == jobs["tokenize"] == 1 + 8
    assert jobs["finetune_bert"] == 5 * 2 * 2 * 3  # arms, sizes, seeds, rates


def test_selection(project):
    jobs = planned(project, "selection")
    assert jobs["finetune_bert"] == jobs["evaluate"] == 5 * 4  # arms, seeds


def test_written(project):
    jobs = planned(project, "written")
    assert jobs["generate"] == 2 * 3 and jobs["finetune_bert"] == 2 * jobs["generate"]  # sizes, seeds; both arms


def test_imbalanced(project):
    jobs = planned(project, "imbalanced")
    cells, tries, left_out = 2 * 3, 2, 2 * 2
    assert jobs["train_tfidf"] == jobs["train_static"] == 2 * cells * tries
    assert jobs["finetune_bert"] == (2 * cells - left_out) * tries
    assert jobs["evaluate"] == 7 * cells - left_out


def yaml_of(path):
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def overlaid(*overlays):
    """Return the config of the quickstart with other configs merged over it, checked."""
    config = yaml_of(ROOT / "config.yaml")
    for overlay in overlays:
        update_config(config, overlay)
    return check_config(config)


@pytest.mark.parametrize("path", sorted(ROOT.glob("experiments/*.yaml")), ids=lambda path: path.name)
def test_the_experiments_shipped_are_valid(path):
    experiment = overlaid(yaml_of(path))["experiment"]
    assert experiment["reference"] == experiment["arms"][0]


def configs_of(page):
    """Return the configs on a page of the documentation: (its place, the block, the config that it is merged over)."""
    blocks = tool("doc_blocks").read_blocks(page)
    named = {
        block.mark["path"]: yaml.safe_load(block.text) for block in blocks if block.mark and block.language == "yaml"
    }
    for block in blocks:
        content = yaml.safe_load(block.text) if block.language == "yaml" else None
        if isinstance(content, dict) and set(content) <= set(schema()["properties"]):
            base = named.get(block.base) or (yaml_of(ROOT / block.base) if block.base else {})
            yield block.place, content, base


def test_the_configs_in_the_documentation_are_valid():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = [config for page in pages if page.name != "extending.md" for config in configs_of(page)]
    assert len(found) >= 7
    for place, content, base in found:
        config = overlaid(base, content)
        used = {*config["experiment"]["arms"], *(config["timing"]["arms"] or [])}
        assert base or set(content.get("arms", {})) <= used, f"{place}: an arm that is defined but not used"


def test_the_code_in_the_documentation_of_extensions_runs_to_its_figures(tmp_path, tiny_bert):
    """A family, a source and a figure, each in the files that docs/extending.md shows, and no others."""
    project = Project(tmp_path, tiny_bert)
    tool("doc_blocks").write_files(ROOT / "docs" / "extending.md", project.folder)
    (project.folder / "data").mkdir()
    lines = [f"{label}\t{text}" for text, label in make_rows(800)]
    (project.folder / "data" / "reviews.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quick = ("experiment={seeds: [0]}", "timing={seconds: 0.01}", "arms={tfidf: {C: [10]}}")
    arguments = ("--configfile", "experiments/extended.yaml", "--config", *quick)
    done = project.snakemake(*arguments, config=yaml_of(ROOT / "config.yaml"))
    assert done.returncode == 0, done.stdout
    results = project.folder / "results-extended"
    for figure in ("scores", "gap", "macro_f1"):
        assert (results / "figures" / f"{figure}.png").stat().st_size > 0
    scores = pd.read_parquet(results / "scores.parquet")
    assert set(scores["arm"]) == {"tfidf", "centroid"} and len(scores) == 4
    predictions = pd.read_parquet(results / "reviews" / "predictions" / "centroid" / "n300" / "seed0.parquet")
    commonest = predictions["label"].value_counts(normalize=True).max()
    assert scores[(scores["arm"] == "centroid") & (scores["n"] == 300)]["accuracy"].min() > commonest
