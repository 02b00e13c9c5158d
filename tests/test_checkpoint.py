"""A run that is killed goes on from its checkpoint and ends in the same weights; several processes equal one."""

import errno
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest
from safetensors.numpy import load_file, save_file

from artifacts import write_table
from checkpoint import Checkpoints
from conftest import SCRIPTS
from finetune_bert import finetune_bert
from launch import launch
from provenance import sha256_of
from stage import BadInput, log_to, overhear
from train_lstm import train_lstm

COMMON = {"batch_size": 8, "epochs": 3, "min_steps": 0, "validations": 6, "patience": None, "warmup": 0.1,
          "schedule": "linear", "weight_decay": 0.01, "dropout": 0.2, "clip": 1.0, "precision": "fp32",
          "processes": 1}  # fmt: skip
LSTM = COMMON | {"family": "lstm", "tokenizer": "tiny", "embeddings": None, "freeze_embeddings": True,
                 "embedding_size": 12, "layers": 1, "hidden": 8}  # fmt: skip
BERT = COMMON | {"family": "bert", "model": "tiny", "init": "pretrained"}
NEVER = 1e9  # minutes
STEPS = 45  # 3 epochs of 120 examples in batches of 8
fork = multiprocessing.get_context("fork")  # a child has torch imported already


def write_tokens(path, examples):
    offsets = pa.array(examples.offsets.astype(np.int32))
    table = {
        "id": examples.ids,
        "label": examples.labels.astype(np.int32),
        "input_ids": pa.ListArray.from_arrays(offsets, pa.array(examples.tokens)),
    }
    about = {"dataset": "toy", "tokenizer": "tiny", "max_length": 20, "split": path.stem}
    write_table(path, pa.table(table), **about, **examples.about)


@pytest.fixture
def run(tmp_path, make_examples, tiny_bert):
    """Arguments for `training_run`'s callers, and where they write; a checkpoint after every step."""
    train, validation = (make_examples(n, vocabulary=40, seed=n) for n in (120, 60))
    write_tokens(tmp_path / "train.parquet", train)
    write_tokens(tmp_path / "validation.parquet", validation)
    rows = np.arange(len(train))
    write_table(tmp_path / "subset.parquet", pa.table({"id": train.ids, "row": rows}), dataset="toy")

    class Run:
        function, recipe, folder, minutes = staticmethod(train_lstm), LSTM, tmp_path / "run", 0
        log = tmp_path / "run.log"

        def arguments(self):
            self.folder.mkdir(exist_ok=True)
            paths = {name: str(tmp_path / f"{name}.parquet") for name in ("train", "validation", "subset")}
            files = {"model": "model.safetensors", "config": "config.json", "history": "history.parquet",
                     "cost": "run.json"}  # fmt: skip
            extra = {"pretrained": {"path": str(tiny_bert)}} if self.recipe["family"] == "bert" else {}
            return {
                "paths": paths | {"validation_max": None},
                "recipe": self.recipe,
                "learning_rate": 1e-2,
                "seed": 0,
                "threads": 1,
                "cell": {
                    "dataset": "toy",
                    "arm": "arm",
                    "size": "120",
                    "seed": 0,
                    "setting": "lr0.01",
                    "selection": "validation",
                },
                "outputs": {key: str(self.folder / name) for key, name in files.items()},
                "checkpointing": {"seconds": 60 * self.minutes, "code": "c0de"},
            } | extra

        def call(self):
            signal.signal(signal.SIGUSR1, overhear)  # as `stage` does, until training obeys it
            log_to(self.log, mode="a")
            self.function(**self.arguments())

        def start(self):
            child = fork.Process(target=self.call)
            child.start()
            return child

        def weights(self):
            return load_file(self.folder / "model.safetensors")

        def history(self):
            return pd.read_parquet(self.folder / "history.parquet").drop(columns="seconds")

        def resumed(self):
            """After which steps processes of the run went on, in the order of the log."""
            found = re.findall(r"going on from the checkpoint after step (\d+)", self.log.read_text())
            return [int(step) for step in found]

        def checkpoints(self):
            return sorted(path.name for path in self.folder.glob("checkpoint/step*"))

        def wait_for_checkpoint(self, child):
            while child.is_alive() and not self.checkpoints():
                time.sleep(0.001)

    return Run()


def assert_same_outcome(run, undisturbed):
    weights, expected = run.weights(), undisturbed["weights"]
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)
    pd.testing.assert_frame_equal(run.history(), undisturbed["history"], check_exact=True)
    cost = json.loads((run.folder / "run.json").read_text())
    assert (cost["steps"], cost["examples_seen"]) == (STEPS, 3 * 120)
    assert not (run.folder / "checkpoint").exists()


def undisturbed(run):
    """What the run leaves when nothing happens to it."""
    child = run.start()
    child.join()
    assert child.exitcode == 0
    left = {"weights": run.weights(), "history": run.history()}
    shutil.rmtree(run.folder)
    return left


@pytest.mark.parametrize(("function", "recipe"), [(train_lstm, LSTM), (finetune_bert, BERT)])
def test_killed_at_random_moments_it_ends_in_the_same_weights(run, function, recipe):
    type(run).function, run.recipe = staticmethod(function), recipe
    expected, moments, killed = undisturbed(run), random.Random(0), 0
    while killed < 20:
        child = run.start()
        if killed % 2:  # at least half of those killed leave a checkpoint, however slow the machine
            run.wait_for_checkpoint(child)
        time.sleep(moments.uniform(0, 0.4))
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
            killed += 1
        child.join()
        if child.exitcode == 0:  # it came through: kill the next one
            assert_same_outcome(run, expected)
            shutil.rmtree(run.folder)
    child = run.start()
    child.join()
    assert child.exitcode == 0
    assert_same_outcome(run, expected)
    assert any(run.resumed())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_saves_its_state_and_goes_on_later(run, number):
    expected = undisturbed(run)
    child = run.start()
    run.wait_for_checkpoint(child)
    run.minutes = 60  # the next process saves its state only when told
    os.kill(child.pid, number)
    child.join()
    assert child.exitcode == 128 + number
    (left,) = run.checkpoints()
    assert 0 < int(left.removeprefix("step")) < STEPS
    assert not (run.folder / "model.safetensors").exists()
    state = next(run.folder.glob("checkpoint/step*"))
    rewrite_progress(state, lambda progress: progress | {"seconds": progress["seconds"] + 1000})
    # A new interpreter: what tells whose checkpoint it is may not hang on this process, on the hashes of texts for one.
    program = "import json, sys; from train_lstm import train_lstm; train_lstm(**json.loads(sys.argv[1]))"
    program = f"from stage import log_to; log_to({str(run.log)!r}, mode='a'); {program}"
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", program, json.dumps(run.arguments())], check=True, env=environment)
    assert run.resumed() == [int(left.removeprefix("step"))]
    assert_same_outcome(run, expected)
    assert json.loads((run.folder / "run.json").read_text())["seconds"] > 1000


def rewrite_progress(folder, change):
    """Change what a checkpoint says of the progress, and its checksum."""
    progress = folder / "progress.json"
    progress.write_text(json.dumps(change(json.loads(progress.read_text()))))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["progress.json"] = sha256_of(progress)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_warned_of_a_time_limit_it_saves_its_state_and_works_on(run):
    expected = undisturbed(run)
    run.minutes = 60
    run.recipe = LSTM | {"epochs": 2000}
    child = run.start()
    while child.is_alive() and not run.checkpoints():
        time.sleep(0.05)
        os.kill(child.pid, signal.SIGUSR1)
    assert child.is_alive() and run.checkpoints()
    child.kill()
    child.join()
    shutil.rmtree(run.folder)
    run.recipe = LSTM
    child = run.start()
    child.join()
    assert_same_outcome(run, expected)


OF_ANOTHER_RUN = ("recipe", "code", "data", "learning_rate")


@pytest.mark.parametrize("what", ["damaged", "empty", "cut", *OF_ANOTHER_RUN])
def test_a_checkpoint_that_is_damaged_or_of_another_run_is_not_taken_up(run, caplog, what, make_examples):
    caplog.set_level("INFO", "pretrain_or_not")
    expected = undisturbed(run)
    child = run.start()
    run.wait_for_checkpoint(child)
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    state = next(run.folder.glob("checkpoint/step*/model.safetensors"))
    content = bytearray(state.read_bytes())
    if what == "damaged":
        content[-3] ^= 1
    if what in ("damaged", "empty", "cut"):
        state.write_bytes({"damaged": content, "empty": b"", "cut": content[:-10]}[what])
    elif what == "recipe":
        run.recipe = LSTM | {"weight_decay": 0.02}
    arguments = run.arguments()
    if what == "code":
        arguments["checkpointing"]["code"] = "other"
    elif what == "data":
        write_tokens(run.folder.parent / "train.parquet", make_examples(120, vocabulary=40, seed=120, longest=19))
    elif what == "learning_rate":
        arguments["learning_rate"] = 2e-2
    train_lstm(**arguments)
    words = "of another recipe, data, code or machine" if what in OF_ANOTHER_RUN else "is damaged"
    assert f"{state.parent}" in caplog.text and words in caplog.text and "going on" not in caplog.text
    if what not in ("recipe", "data", "learning_rate"):
        assert_same_outcome(run, expected)


def test_a_checkpoint_of_other_starting_weights_is_not_taken_up(run, caplog, tiny_bert, tmp_path):
    caplog.set_level("INFO", "pretrain_or_not")
    type(run).function, run.recipe = staticmethod(finetune_bert), BERT
    child = run.start()
    run.wait_for_checkpoint(child)
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    other = shutil.copytree(tiny_bert, tmp_path / "other-bert")
    weights = load_file(other / "model.safetensors")
    save_file({name: tensor * np.float32(1.01) for name, tensor in weights.items()}, other / "model.safetensors")
    finetune_bert(**run.arguments() | {"pretrained": {"path": str(other)}})
    assert "of another recipe, data, code or machine" in caplog.text and "going on" not in caplog.text


def test_within_a_validation_one_checkpoint_is_enough(run, monkeypatch):
    """The checkpoint that is there is not taken away to write the same again."""
    expected, written, complete = undisturbed(run), [], Checkpoints.complete

    def noted(self, partial, whole):
        written.append(whole.name)
        complete(self, partial, whole)

    monkeypatch.setattr(Checkpoints, "complete", noted)
    monkeypatch.setattr("inference.TOKENS_PER_BATCH", 100)  # several batches a validation, a visit after each
    train_lstm(**run.arguments())
    assert written == [f"step{i}" for i in range(1, STEPS + 1)]
    assert_same_outcome(run, expected)


def test_a_full_disk_costs_checkpoints_but_not_the_run(run, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    expected = undisturbed(run)
    monkeypatch.setattr("checkpoint.save_file", full)  # of the best weights, once there are some
    train_lstm(**run.arguments())
    assert "no checkpoint after step 44: No space left on device" in caplog.text
    assert_same_outcome(run, expected)


def test_two_processes_end_in_the_weights_of_one(run):
    run.recipe = LSTM | {"dropout": 0.0, "batch_size": 7, "processes": 2}  # some batches have an odd share
    train_lstm(**run.arguments())
    alone, history = run.weights(), run.history()
    shutil.rmtree(run.folder)
    launch("train_lstm", 2, run.arguments(), str(run.folder.parent / "log"))
    for name, weights in run.weights().items():
        np.testing.assert_allclose(weights, alone[name], rtol=1e-4, atol=1e-5)
    pd.testing.assert_frame_equal(run.history(), history, rtol=1e-4)
    assert json.loads((run.folder / "run.json").read_text())["processes"] == 2
    assert "best validation accuracy" in (run.folder.parent / "log").read_text()


@pytest.mark.parametrize("workers", [False, True])
def test_told_to_end_several_processes_end_together(run, workers):
    run.recipe = LSTM | {"processes": 2, "epochs": 2000}  # about a minute
    launcher = fork.Process(target=launch, args=("train_lstm", 2, run.arguments(), str(run.folder.parent / "log")))
    launcher.start()
    process = psutil.Process(launcher.pid)
    while not (torchrun := process.children()) or (workers and not run.checkpoints()):
        assert launcher.is_alive()
        time.sleep(0.01)
    assert bool(torchrun[0].children()) == workers
    for number in (signal.SIGUSR1, signal.SIGTERM):
        os.kill(launcher.pid, number)
    started = set()
    while launcher.is_alive():
        with suppress(psutil.NoSuchProcess):
            started.update(process.children(recursive=True))
        time.sleep(0.01)
    assert launcher.exitcode == 128 + signal.SIGTERM
    assert psutil.wait_procs(started, timeout=60)[1] == []


def test_bad_input_in_one_of_several_processes_is_told_as_such(run):
    type(run).function, run.recipe = staticmethod(finetune_bert), BERT
    arguments = run.arguments() | {"pretrained": {"path": "./nowhere"}}
    with pytest.raises(BadInput, match="no such folder"):
        launch("finetune_bert", 2, arguments, str(run.folder.parent / "log"))


SLOW_TO_LOAD = {"torch._dynamo", "sympy", "pandas", "transformers"}
WATCHED_RUN = f"""
import json, sys
from progress import Progress
from train_lstm import train_lstm

step, loaded = Progress.step, []

def watched(self, *arguments):
    step(self, *arguments)
    loaded.append(sorted({SLOW_TO_LOAD} & set(sys.modules)))

Progress.step = watched
train_lstm(**json.loads(sys.argv[1]))
print(json.dumps(loaded[2]))
"""


def test_an_lstm_trains_before_anything_is_loaded_that_takes_as_long_as_a_small_run(run):
    run.minutes = NEVER
    command = [sys.executable, "-c", WATCHED_RUN, json.dumps(run.arguments())]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout) == []
