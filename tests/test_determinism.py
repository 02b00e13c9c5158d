"""What the same settings give again: on as many threads the same bits, on more the same up to rounding."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from artifacts import read_json
from configuration import check_config
from conftest import make_rows
from evaluate_cell import evaluate_cell
from finetune_bert import finetune_bert
from fit import fit
from ingest import ingest
from project import CONFIG
from select_run import select_run
from subsample import subsample
from test_ingest import DATASET, write_csv
from tokenize_texts import tokenize
from train_lstm import train_lstm
from train_tfidf import train_tfidf

CELL = {"dataset": "toy", "size": "100", "seed": 0, "setting": "x", "selection": "validation"}


@pytest.fixture(scope="module")
def data(tmp_path_factory, tiny_bert):
    """Token files and a subset of 100 examples, and a function that trains and tests a family on some threads."""
    folder = tmp_path_factory.mktemp("data")
    files, examples = write_csv(folder / "toy.csv", make_rows(400)), folder / "examples.parquet"
    ingest(DATASET | {"files": files}, "toy", [], 1, examples, folder / "dataset.json")
    paths = {split: folder / f"{split}.parquet" for split in ("train", "validation", "test")}
    tokenize(examples, str(tiny_bert), "tiny", 32, paths)
    paths |= {"subset": folder / "subset.parquet", "validation_max": 40}
    subsample(examples, folder / "dataset.json", "100", 0, paths["subset"])

    def run(family, threads, name, seed=0):
        """SHA-256 of the weights, and the predictions."""
        arm = {"bert": "bert", "lstm": "lstm-bert-embeddings", "tfidf": "tfidf"}[family]
        recipe = check_config(yaml.safe_load(yaml.safe_dump(CONFIG)))["arms"][arm]
        recipe |= {"precision": "fp32", "embeddings": None, "dropout": 0.1} if family != "tfidf" else {}
        outputs = {
            "model": "model.safetensors",
            "config": "config.json",
            "history": "history.parquet",
            "cost": "run.json",
        }
        outputs = {key: folder / name / file for key, file in outputs.items()}
        cell = CELL | {"arm": arm, "seed": seed}
        run = {"paths": paths, "recipe": recipe, "threads": threads, "cell": cell, "outputs": outputs}
        neural = run | {"seed": seed, "checkpointing": {"seconds": 600, "code": ""}}
        if family == "bert":
            finetune_bert(pretrained={"path": str(tiny_bert)}, learning_rate=1e-3, **neural)
        elif family == "lstm":
            train_lstm(learning_rate=2e-2, **neural)
        else:
            train_tfidf(strength=1.0, **run)
        chosen = {key: folder / name / "selected" / outputs[key].name for key in ("model", "config")}
        chosen["selected"] = folder / name / "selected.json"
        select_run([outputs["cost"]], [outputs["model"]], [outputs["config"]], chosen)
        predictions = folder / name / "predictions.parquet"
        evaluate_cell(family, chosen["model"], chosen["selected"], paths["test"], threads, predictions)
        assert read_json(outputs["cost"])["threads"] == threads
        return hashlib.sha256(chosen["model"].read_bytes()).hexdigest(), pd.read_parquet(predictions)

    before = torch.get_num_threads()
    yield SimpleNamespace(run=run)
    torch.set_num_threads(before)


@pytest.mark.parametrize("family", ["bert", "lstm", "tfidf"])
def test_the_same_threads_give_the_same_bits_and_others_the_same_to_rounding(data, family):
    weights, predictions = data.run(family, 1, f"{family}-first")
    weights_again, predictions_again = data.run(family, 1, f"{family}-again")
    assert weights == weights_again
    pd.testing.assert_frame_equal(predictions, predictions_again, check_exact=True)
    _, predictions_threads = data.run(family, 2, f"{family}-threads")
    probabilities = [name for name in predictions if name.startswith("p_")]
    spread = float(predictions[probabilities].to_numpy().std())
    assert spread > 1e-3  # training has moved them
    np.testing.assert_allclose(predictions_threads[probabilities], predictions[probabilities], atol=spread / 20)


@pytest.mark.parametrize("family", ["bert", "lstm"])
def test_another_seed_starts_from_other_weights_and_ends_in_others(data, family, monkeypatch):
    started = []

    def watched(model, *arguments, **options):
        started.append({name: weights.clone() for name, weights in model.state_dict().items()})
        return fit(model, *arguments, **options)

    monkeypatch.setattr("training_run.fit", watched)
    first, second = (data.run(family, 1, f"{family}-seed{seed}", seed)[0] for seed in (0, 1))
    assert first != second
    head = "classifier.weight"
    assert not torch.equal(started[0][head], started[1][head])
