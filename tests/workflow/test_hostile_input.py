"""Texts, labels, names and models of strangers: taken as they are, or refused; never run, never outside the folder."""

import ast
import csv
import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from helpers.models import make_tiny_bert
from helpers.paths import ROOT
from helpers.project import CONFIG, Project
from helpers.texts import make_rows
from pretrain_or_not.compute.transformer import input_embeddings, load_for_classification
from pretrain_or_not.config.check import check_config
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata

SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
SCRIPT_TAG = "<script>alert(1)</script>"

TEXTS = [
    "bell \x07, escape \x1b[31m, delete \x7f, form feed \x0c",
    "a NUL \0 inside",
    "right to left \u202e and marks \u200f\u200e, zero width \u200b\ufeff",
    f'{SCRIPT_TAG} <img src=x onerror="alert(1)"> & &amp;',
    r"\documentclass{a}\input{/etc/passwd} $\frac{1}{0}$ % # _ ^ ~ \\",
    "emoji 👩‍👩‍👧‍👦 🏳️‍🌈, combining a\u0301\u0302\u0303, beyond the BMP 𝔘𐍈",
    "\"quotes\" 'and' ,commas, \ttabs\nand\r\nlines",
    "../../etc/passwd; rm -rf / `id` $(id) {wildcards.arm} {{x}} %s %d",
    "=cmd|' /C calc'!A0",
    "word " * 200_000,  # a line of 1 MB
    "x" * 1_000_000,
    "\ufffd \uffff \ue000",
]
LABELS = ["../up and/down", "two words 🍕", f"{SCRIPT_TAG}", "line\nbreak", "$\\alpha$ 100%"]


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a finished project whose texts, labels and titles are hostile."""
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["experiment"] |= {"arms": ["lstm", "tfidf"], "reference": "lstm", "sizes": [40]}
    config["arms"]["lstm"] |= {"learning_rates": [2e-2], "title": f"LSTM {SCRIPT_TAG} $\\frac{{1}}$"}
    config["arms"]["tfidf"] |= {"C": [1], "title": "counts & <b>{0}</b> %s 🍕"}
    config["datasets"]["toy"]["title"] = f"Toy {SCRIPT_TAG} $"
    project.rows = [(text, LABELS[i % 5]) for i, text in enumerate(TEXTS)]
    project.rows += [(text, LABELS[i % 5]) for i, (text, _) in enumerate(make_rows(390))]
    with open(project.folder / "toy.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *project.rows])
    done = project.snakemake(config=config)
    assert done.returncode == 0, done.stdout
    project.config = config
    return project


def test_hostile_texts_come_through_as_they_are(project):
    examples = pd.read_parquet(project.folder / "results/toy/examples.parquet").set_index("id").text
    kept = [i for i in range(len(TEXTS)) if i in examples.index]
    assert len(kept) == len(TEXTS)
    for i in kept:
        assert examples[i].replace("\r\n", "\n") == TEXTS[i].replace("\r\n", "\n"), i


def test_hostile_labels_are_names_like_any_other(project):
    results = project.folder / "results"
    assert set(read_json(results / "toy/dataset.json")["label_names"]) == set(LABELS)
    for arm in ("lstm", "tfidf"):
        path = results / f"toy/predictions/{arm}/n40/seed0.parquet"
        predictions, names = pd.read_parquet(path), read_metadata(path)["label_names"]
        assert [f"p_{name}" for name in names] == list(predictions.columns[3:])
        np.testing.assert_allclose(predictions.iloc[:, 3:].sum(axis=1), 1, rtol=1e-3)


def test_nothing_is_written_outside_the_folders(project):
    top = {path.name for path in project.folder.iterdir()}
    assert top == {"Snakefile", "workflow", "profiles", "envs", "tiny-bert", "toy.csv", "config.yaml", "results",
                   ".snakemake"}  # fmt: skip
    assert not list(project.folder.parent.glob("up*"))


def test_titles_are_escaped_in_figures_and_report(project):
    drawn = list((project.folder / "results").rglob("*.svg"))
    assert drawn
    report = project.snakemake("--report", "report.html", config=project.config)
    assert report.returncode == 0, report.stdout
    for path in [*drawn, *(project.folder / "results").rglob("*.html"), project.folder / "report.html"]:
        assert SCRIPT_TAG not in path.read_text(encoding="utf-8"), path
    (project.folder / "report.html").unlink()


@pytest.mark.parametrize("section", ["datasets", "arms", "models"])
@pytest.mark.parametrize(
    "name",
    ["..", ".", "../up", "/etc", "a/b", "a\\b", "-rf", ".hidden", "a\n", "a b", "a\0", "é", "", "~", "{x}", "a*"],
)
def test_names_that_could_leave_the_folder_are_refused(section, name):
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config[section][name] = next(iter(config[section].values()))
    with pytest.raises(BadInput) as caught:
        check_config(config)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"config: {section}: ") and "is not a name for a" in line


# Code of others


def calls(tree):
    """Yield every call in a syntax tree, with the dotted name of the called function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def constant(call, keyword):
    """Return the constant that a call gives for a keyword, or None."""
    return next((k.value.value for k in call.keywords if k.arg == keyword and isinstance(k.value, ast.Constant)), None)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_can_run_what_a_file_holds(path):
    """No pickles, no code that comes with a model, no eval."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] not in {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve",
                                              "marshal"}, name  # fmt: skip
    for call, name in calls(tree):
        last = name.rpartition(".")[2]
        assert name not in {"eval", "exec", "os.system", "__import__", "pd.read_pickle", "pandas.read_pickle"}, name
        if name == "torch.load":
            assert constant(call, "weights_only") is True, ast.unparse(call)
        if name == "np.load":
            assert constant(call, "allow_pickle") in (None, False), ast.unparse(call)
        if last in ("from_pretrained", "load_dataset") and not name.startswith("cls."):
            assert constant(call, "trust_remote_code") in (None, False), ast.unparse(call)
        if last == "from_pretrained" and "Auto" in name:
            safe = constant(call, "trust_remote_code") is False
            assert safe or any(k.arg is None and ast.unparse(k.value) == "SAFE" for k in call.keywords), (
                f"{ast.unparse(call)}: must say **SAFE, lest a model asks whether to run its code"
            )


class Payload:
    """An object that writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def bert(tmp_path):
    """Return the folder of a tiny BERT, to damage."""
    return make_tiny_bert(tmp_path / "bert")


LOADERS = {
    "for fine-tuning": lambda folder: load_for_classification(str(folder), ["a", "b"], 0.1),
    "for embeddings": lambda folder: input_embeddings(str(folder)),
}


@pytest.mark.parametrize("loader", LOADERS)
def test_pickled_weights_are_refused_unread(bert, tmp_path, loader):
    (bert / "model.safetensors").unlink()
    torch.save({"x": Payload(tmp_path / "ran")}, bert / "pytorch_model.bin")
    with pytest.raises(
        BadInput, match=r"its weights are a pickle \(pytorch_model\.bin\).*save them as model\.safetens"
    ):
        LOADERS[loader](bert)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("loader", LOADERS)
def test_code_that_comes_with_a_model_is_not_run(bert, tmp_path, loader):
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    (bert / "own.py").write_text(code)
    config = json.loads((bert / "config.json").read_text())
    classes = {"AutoConfig": "own.C", "AutoModel": "own.M", "AutoModelForSequenceClassification": "own.M"}
    (bert / "config.json").write_text(json.dumps(config | {"model_type": "own", "auto_map": classes}))
    with pytest.raises(BadInput, match="it needs code that comes with it, which is not run"):
        LOADERS[loader](bert)
    assert not (tmp_path / "ran").exists()
    (bert / "config.json").write_text(json.dumps(config | {"auto_map": classes}))  # known to transformers as well
    LOADERS[loader](bert)
    assert not (tmp_path / "ran").exists()
