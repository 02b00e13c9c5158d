"""Models of the Hugging Face Hub at a revision, read over HTTP from a small hub here."""

import copy
import json
import subprocess
import sys

import pytest

from helpers.fake_hub import COMMIT, environment, fake_hub
from helpers.project import CONFIG, Project

ID = "org/tiny-bert"
LOADS = """
import json, sys
from pretrain_or_not.compute.extract_embeddings import extract_embeddings
from pretrain_or_not.errors import BadInput
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.compute.transformer import load_encoder
from pretrain_or_not.compute.transformer import load_for_classification
path, revision, folder = json.load(sys.stdin)
model = {"path": path, "revision": revision}
loads = {
    "tokenizer": lambda: load_tokenizer(path, revision),
    "encoder": lambda: load_encoder(path, revision),
    "classifier": lambda: load_for_classification(path, ["a", "b"], 0.1, revision=revision),
    "random weights": lambda: load_for_classification(path, ["a", "b"], 0.1, pretrained=False, revision=revision),
    "embeddings": lambda: extract_embeddings(model, folder + "/embeddings.safetensors"),
}
for name, load in loads.items():
    try:
        load()
        said = "loaded"
    except BadInput as error:
        said = str(error)
    print(json.dumps([name, said]))
"""


def load_all(hub, folder, revision, **variables):
    """Load the model at a revision in each way; return the results, a dict."""
    done = subprocess.run(
        [sys.executable, "-c", LOADS], input=json.dumps([ID, revision, str(folder)]),
        env=environment(hub, folder / "home") | variables, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


def revisions(hub):
    """Return the revisions of the requested files."""
    return {path.split("/resolve/")[1].split("/")[0] for path in hub.asked if "/resolve/" in path}


def test_a_pinned_model_is_read_at_its_revision_and_then_offline(tiny_bert, tmp_path):
    with fake_hub(tiny_bert, ID) as hub:
        said = load_all(hub, tmp_path, COMMIT)
        assert set(said.values()) == {"loaded"}, said
        assert revisions(hub) == {COMMIT}
        hub.asked.clear()
        assert load_all(hub, tmp_path, COMMIT, HF_HUB_OFFLINE="1") == said
        assert hub.asked == []


def test_a_missing_revision_is_named(tiny_bert, tmp_path):
    with fake_hub(tiny_bert, ID) as hub:
        said = load_all(hub, tmp_path, "v9")
    for line in said.values():
        assert line.startswith("models: ") and ID in line and "v9 is not a valid git identifier" in line, said


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a project in which cells of a pinned model, and of another model, have run."""
    folder = tmp_path_factory.mktemp("pinned")
    project = Project(folder, tiny_bert, fork_jobs=False)  # so that they read the address of the hub
    with fake_hub(tiny_bert, ID) as hub, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(hub, folder / "home").items():
            patch.setenv(name, value)
        done = project.snakemake(*TARGETS, config=pinned(COMMIT))
        assert done.returncode == 0, done.stdout
        assert revisions(hub) == {COMMIT}
    return project


def pinned(revision):
    """Return CONFIG with the model pinned, and a second model on disk."""
    config = copy.deepcopy(CONFIG)
    config["models"] = {"tiny": {"path": ID, "revision": revision}, "local": {"path": "tiny-bert"}}
    config["arms"]["local-lstm"] = config["arms"]["lstm"] | {"tokenizer": "local", "learning_rates": [1e-3]}
    return config


ARMS = ("bert", "lstm-bert-embeddings", "probe", "local-lstm")
TARGETS = [f"results/toy/predictions/{arm}/n40/seed0.parquet" for arm in ARMS]


def test_another_revision_reruns_only_what_depends_on_the_model(project):
    assert project.jobs(pinned(COMMIT), TARGETS) == {}
    assert project.jobs(pinned("0123abc"), TARGETS) == {
        "tokenize": 1, "extract_embeddings": 1, "extract_features": 1, "extract_training_features": 1,
        "finetune_bert": 1, "train_lstm": 1, "train_probe": 1, "select": 3, "evaluate": 3,
    }  # fmt: skip
