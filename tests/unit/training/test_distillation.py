"""A student learns what a teacher says: the loss by hand, and its limits."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from accelerate import Accelerator
from safetensors.numpy import load_file
from torch.nn.functional import cross_entropy, kl_div

from helpers.training import RECIPE as TRAINING
from helpers.training import run_outputs, train, write_tokens
from pretrain_or_not.arms.lstm import build_lstm
from pretrain_or_not.compute.metrics import ACCURACY
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.training.classification import Classification
from pretrain_or_not.training.distillation import Distillation, Taught, divergence
from pretrain_or_not.training.run import Run

LSTM = {"embedding_size": 12, "layers": 1, "hidden": 8, "dropout": 0.0, "freeze_embeddings": True}
RECIPE = {"batch_size": 8, "epochs": 2, "min_steps": 0, "class_weights": "balanced"}


def task_of(examples, unlabelled=0, weight=0.5, logarithms=None):
    """Return the task of a student; the last `unlabelled` examples have no label."""
    labels = examples.labels.copy()
    labels[len(labels) - unlabelled :] = -1
    if logarithms is None:
        scores = np.random.default_rng(0).normal(size=(len(examples), 3)).astype(np.float32)
        logarithms = torch.from_numpy(scores).log_softmax(1).numpy()
    taught = Taught(replace(examples, labels=labels), logarithms, 0)
    recipe = RECIPE | {"teacher": {"weight": weight, "temperature": 2.0}}
    return Distillation(taught, examples, recipe, 0, ACCURACY)


def gradients(task, examples, step=0):
    torch.manual_seed(0)
    model = build_lstm(LSTM, examples.about)
    batches = task.batches(0)
    for _ in range(step + 1):
        rows = next(batches)
    loss = task.step(model, rows, Accelerator(mixed_precision="no")).loss
    return float(loss.detach()), [p.grad for p in model.parameters()], rows, model


def test_the_divergence_is_that_of_torch():
    torch.manual_seed(0)
    said, logits = torch.randn(5, 3).log_softmax(1), torch.randn(5, 3)
    expected = 4 * kl_div((logits / 2).log_softmax(1), (said / 2).softmax(1), reduction="sum")
    torch.testing.assert_close(divergence(said, logits, 2.0), expected)
    assert float(divergence(said, said, 3.0)) == pytest.approx(0, abs=1e-6)


def test_the_loss_is_as_by_hand_with_some_labels_missing(make_examples):
    examples = make_examples(40)
    task = task_of(examples, unlabelled=15, weight=0.3)
    loss, _, rows, model = gradients(task, examples, step=2)
    labels = torch.from_numpy(task.train.labels[rows])
    assert (labels < 0).any() and (labels >= 0).any()
    batch = {k: torch.from_numpy(v) for k, v in task.train.padded(rows).items() if k != "labels"}
    logits = model(**batch).logits
    known = labels >= 0
    hard = cross_entropy(logits[known], labels[known], task.weights)
    soft = divergence(task.logarithms[torch.from_numpy(rows)], logits, 2.0) / len(rows)
    assert loss == pytest.approx(float(0.7 * hard + 0.3 * soft), rel=1e-5)


def test_without_weight_a_student_is_as_one_without_teacher(make_examples):
    examples = make_examples(40)
    _, taught, _, _ = gradients(task_of(examples, weight=0.0), examples)
    _, alone, _, _ = gradients(Classification(examples, examples, RECIPE, 0, ACCURACY), examples)
    assert all(torch.equal(a, b) for a, b in zip(taught, alone, strict=True))


def test_a_run_whose_teacher_has_no_weight_ends_in_the_weights_of_one_without(tmp_path, make_examples):
    """In the same order, from the same random numbers, to the bit."""
    examples = make_examples(40)
    for name in ("train", "validation"):
        write_tokens(tmp_path / f"{name}.parquet", examples)
    said = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)).log_softmax(1).numpy().tolist()
    column = pa.array(said, pa.list_(pa.float32(), 3))
    write_tokens(tmp_path / "taught.parquet", examples, {"log_probabilities": column}, teacher_flops=5)
    write_table(tmp_path / "subset.parquet", pa.table({"id": examples.ids, "row": np.arange(40)}), dataset="toy")
    cell = {"dataset": "toy", "arm": "arm", "size": "40", "seed": 0, "setting": "lr0.01", "selection": "validation"}
    inputs = {name: str(tmp_path / f"{name}.parquet") for name in ("train", "validation", "subset", "taught")}
    found = {}
    for name, weight in {"alone": None, "none": 0.0, "half": 0.5}.items():
        (tmp_path / name).mkdir()
        teacher = {} if weight is None else {"teacher": {"weight": weight, "temperature": 2.0}}
        train(
            Run(
                cell,
                TRAINING | {"dropout": 0.2, "max_length": None} | teacher,
                1e-2,
                inputs,
                run_outputs(tmp_path / name),
            )
        )
        found[name] = load_file(tmp_path / name / "model.safetensors")
    same = {
        name: all(np.array_equal(found["alone"][key], weights[key]) for key in weights)
        for name, weights in found.items()
    }
    assert same == {"alone": True, "none": True, "half": False}


def fitted(task, examples, steps=150):
    """Train a student; return its probabilities."""
    torch.manual_seed(0)
    model, accelerator = build_lstm(LSTM, examples.about), Accelerator(mixed_precision="no")
    optimizer, batches = torch.optim.Adam(model.parameters(), 1e-2), task.batches(0)
    for _ in range(steps):
        optimizer.zero_grad()
        task.step(model, next(batches), accelerator)
        optimizer.step()
    batch = {k: torch.from_numpy(v) for k, v in examples.padded(np.arange(len(examples))).items() if k != "labels"}
    with torch.no_grad():
        return model(**batch).logits.softmax(1).numpy()


def test_a_teacher_of_equal_chances_takes_the_student_to_them(make_examples):
    examples = make_examples(60)
    alike = np.full((60, 3), np.log(1 / 3), np.float32)
    found = fitted(task_of(examples, weight=1.0, logarithms=alike), examples)
    np.testing.assert_allclose(found, 1 / 3, atol=0.03)


def test_agreement_with_the_teacher_rises_with_its_weight(make_examples):
    """The teacher says another class than the label."""
    examples = make_examples(60)
    other = (examples.labels + 1) % 3
    logarithms = np.full((60, 3), np.log(0.05), np.float32)
    logarithms[np.arange(60), other] = np.log(0.9)
    agreed = [
        (fitted(task_of(examples, weight=w, logarithms=logarithms), examples).argmax(1) == other).mean()
        for w in (0.0, 0.5, 1.0)
    ]
    assert agreed[0] < agreed[1] <= agreed[2] and agreed[2] > 0.9
