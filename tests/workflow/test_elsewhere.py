"""The workflow next to packages of other names, from other folders, and as a module of another workflow."""

import copy
import importlib.util
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from helpers.paths import SCRIPTS
from helpers.project import CONFIG, Project

NAMES = ("scores", "gap", "worth", "share", "cost", "tuning", "confusion", "reliability")
FIGURES = [f"figures/{name}.png" for name in NAMES]


def small_config():
    """Return a config of two cells with all figures; its arms need neither torch nor transformers."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["tfidf", "weak"], "reference": "tfidf", "sizes": [40]}
    config["arms"] = {name: CONFIG["arms"]["tfidf"] | {"C": [c]} for name, c in (("tfidf", 1), ("weak", 0.01))}
    config["timing"]["devices"] = {"cpu": []}
    return config


def large_config():
    """Return a config of three cells, with all figures and both tables; its arms need torch and transformers."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["bert", "lstm", "tfidf"], "sizes": [40]}
    config["arms"]["lstm"]["learning_rates"] = [2e-2]
    return config


@pytest.fixture
def project(tmp_path, tiny_bert):
    """A project in a folder with spaces in its name."""
    folder = tmp_path / "a project with spaces"
    folder.mkdir()
    project = Project(folder, tiny_bert)
    (project.folder / "config.yaml").write_text(yaml.safe_dump(small_config()))
    return project


def run_in(folder, *arguments, **environment):
    """Run Snakemake in a folder; return the finished process, with its output as one text."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, text=True, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def is_free(name):
    """Return whether no module of that name is installed here."""
    return name not in sys.stdlib_module_names and importlib.util.find_spec(name) is None


def test_installed_packages_shadow_no_module(project, tmp_path):
    """It runs to its figures although packages with the (present or former) names of its modules are installed."""
    once = "tables schedule hub metrics artifacts launch progress score stage sources sizes batches lstm published fit"
    names = {path.stem for path in SCRIPTS.rglob("*.py")} | {path.name for path in SCRIPTS.rglob("*") if path.is_dir()}
    names = {name for name in names | set(once.split()) if name.isidentifier() and is_free(name)}
    assert {"tables", "schedule", "hub"} <= names
    (project.folder / "config.yaml").write_text(yaml.safe_dump(large_config()))
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in names - {"pretrain_or_not"}:
        (installed / f"{name}.py").write_text("raise ImportError('a package that the workflow must not import')\n")
    done = run_in(project.folder, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stdout
    assert all((project.folder / "results" / figure).is_file() for figure in FIGURES)


def take_data(project, folder):
    """Copy data and model of a project, but no code and no config, to a folder."""
    folder.mkdir()
    shutil.copy(project.folder / "toy.csv", folder)
    shutil.copytree(project.folder / "tiny-bert", folder / "tiny-bert")
    return folder


@pytest.mark.parametrize("how", ["--snakefile", "--directory"])
def test_it_runs_from_another_folder(project, tmp_path, how):
    """Data are looked for in the working directory; the catalogue is the one next to the Snakefile."""
    elsewhere = take_data(project, tmp_path / "elsewhere")
    if how == "--snakefile":
        done = run_in(elsewhere, "-s", project.folder / "Snakefile")
    else:
        done = run_in(project.folder, "--directory", elsewhere)
    assert done.returncode == 0, done.stdout
    assert all((elsewhere / "results" / figure).is_file() for figure in FIGURES)
    assert not (project.folder / "results").exists()


def test_a_config_of_the_working_directory_comes_first(project, tmp_path):
    elsewhere = take_data(project, tmp_path / "elsewhere")
    (elsewhere / "config.yaml").write_text(yaml.safe_dump(small_config() | {"pathvars": {"results": "here"}}))
    done = run_in(elsewhere, "-s", project.folder / "Snakefile", "here/toy/dataset.json")
    assert done.returncode == 0 and (elsewhere / "here/toy/dataset.json").is_file(), done.stdout


def test_a_missing_catalogue_is_named(project, tmp_path):
    """An experiment alone is no config: the message says which files were read, and which one is missing."""
    (project.folder / "config.yaml").unlink()
    experiment = tmp_path / "mine.yaml"
    experiment.write_text(yaml.safe_dump({"experiment": small_config()["experiment"]}))
    done = run_in(project.folder, "-n", "--configfile", experiment)
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert f"(It was read from {experiment}. Is config.yaml, the catalogue" in done.stdout
    done = run_in(project.folder, "-n")
    assert done.returncode != 0 and str(project.folder / "config.yaml") in done.stdout


MODULE = """
configfile: "my.yaml"


module study:
    snakefile:
        {snakefile!r}
    config:
        config


use rule * from study as study_*


rule all:
    default_target: True
    input:
        rules.study_all.input,
"""


def test_it_is_a_module_of_another_workflow(project, tmp_path):
    other = take_data(project, tmp_path / "other")
    (other / "Snakefile").write_text(MODULE.format(snakefile=str(project.folder / "Snakefile")))
    (other / "my.yaml").write_text(yaml.safe_dump(small_config() | {"pathvars": {"results": "out"}}))
    done = run_in(other)
    assert done.returncode == 0, done.stdout
    assert all((other / "out" / figure).is_file() for figure in FIGURES)
    again = run_in(other)
    assert "Nothing to be done" in again.stdout, again.stdout
