"""The same settings give the same results again: the same bits on as many threads, up to rounding on more."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from helpers.project import CONFIG
from helpers.tables import DATASET, write_csv
from helpers.texts import make_rows
from helpers.training import run_outputs, train
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.subsets import write_subset
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.evaluation.predict import evaluate_cell
from pretrain_or_not.evaluation.select import select_run
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.training import neural_run
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run

CELL = {"dataset": "toy", "size": "100", "seed": 0, "setting": "x", "selection": "validation"}


def model_files(folder):
    """Return the paths of the model of a selected run."""
    return {"model": folder / "model.safetensors", "config": folder / "config.json"}


@pytest.fixture(scope="module")
def data(tmp_path_factory, tiny_bert):
    """Yield token files, a subset of 100 examples, and a function that trains and tests a family on some threads."""
    folder = tmp_path_factory.mktemp("data")
    files, examples = write_csv(folder / "toy.csv", make_rows(400)), folder / "examples.parquet"
    ingest(DATASET | {"files": files}, "toy", [], 1, examples, folder / "dataset.json")
    paths = {split: folder / f"{split}.parquet" for split in ("train", "validation", "test")}
    tokenize(examples, str(tiny_bert), "tiny", 32, paths)
    paths["subset"] = folder / "subset.parquet"
    write_subset(examples, folder / "dataset.json", "100", 0, paths["subset"])

    def run(family, threads, name, seed=0):
        """Return the SHA-256 of the weights, and the predictions."""
        arm = {"bert": "bert", "lstm": "lstm-bert-embeddings", "tfidf": "tfidf"}[family]
        recipe = check_config(yaml.safe_load(yaml.safe_dump(CONFIG)))["arms"][arm]
        recipe |= (
            {"precision": "fp32", "embeddings": None, "dropout": 0.1, "max_length": 32} if family != "tfidf" else {}
        )
        cell, row = folder / name, FAMILIES[family]
        inputs = paths if row.reads == "tokens" else dict.fromkeys(paths, examples) | {"subset": paths["subset"]}
        run = Run(
            cell=CELL | {"arm": arm, "seed": seed},
            recipe=recipe,
            value={"bert": 1e-3, "lstm": 2e-2, "tfidf": 1.0}[family],
            inputs=inputs,
            reads=row.reads,
            outputs=run_outputs(cell / "x"),
            pretrained={"path": str(tiny_bert)} if family == "bert" else None,
            validation_max=40,
            threads=threads,
        )
        train(run)
        chosen = {"selected": cell / "selected.json", **model_files(cell / "selected")}
        select_run([run.outputs["cost"]], 1, chosen, keep="selected")
        predictions = cell / "predictions.parquet"
        evaluate_cell(
            family,
            row.reads,
            row.neural,
            chosen["selected"],
            inputs["test"],
            paths["subset"],
            threads,
            "",
            "selected",
            predictions,
            ACCURACY,
        )
        assert read_json(run.outputs["cost"])["threads"] == threads
        return hashlib.sha256(chosen["model"].read_bytes()).hexdigest(), pd.read_parquet(predictions)

    before = torch.get_num_threads()
    yield SimpleNamespace(run=run)
    torch.set_num_threads(before)


@pytest.mark.parametrize("family", ["bert", "lstm", "tfidf"])
def test_the_same_threads_give_the_same_bits_and_others_differ_by_rounding(data, family):
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
def test_another_seed_starts_and_ends_with_other_weights(data, family, monkeypatch):
    started = []

    def watched(model, *arguments, **options):
        started.append({name: weights.clone() for name, weights in model.state_dict().items()})
        return run_task(model, *arguments, **options)

    monkeypatch.setattr(neural_run, "run_task", watched)
    first, second = (data.run(family, 1, f"{family}-seed{seed}", seed)[0] for seed in (0, 1))
    assert first != second
    head = "classifier.weight"
    assert not torch.equal(started[0][head], started[1][head])
