"""A run that is killed continues from its checkpoint to the same weights; several processes give the weights of one."""

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest
from safetensors.numpy import load_file, save_file

from helpers import fork
from helpers.processes import environment, run_python
from helpers.training import run_outputs, train, write_tokens
from pretrain_or_not.compute import inference
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.provenance import sha256_of
from pretrain_or_not.job import log_to, note_signal
from pretrain_or_not.training import checkpoints, neural_run
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.launch import launch_workers
from pretrain_or_not.training.run import Run

COMMON = {"batch_size": 8, "epochs": 3, "min_steps": 0, "validations": 6, "patience": None, "warmup": 0.1,
          "schedule": "linear", "weight_decay": 0.01, "dropout": 0.2, "clip": 1.0, "precision": "fp32",
          "processes": 1, "class_weights": None}  # fmt: skip
LSTM = COMMON | {"family": "lstm", "tokenizer": "tiny", "embeddings": None, "freeze_embeddings": True,
                 "embedding_size": 12, "layers": 1, "hidden": 8}  # fmt: skip
BERT = COMMON | {"family": "bert", "model": "tiny", "init": "pretrained", "adapter": None}
INPUTS = ("train", "validation", "subset", "generated")
NEVER = 1e9  # minutes
STEPS = 45  # 3 epochs of 120 examples in batches of 8


class Training:
    """A training run whose process a test disturbs; it saves its state after every step, unless told otherwise."""

    recipe, minutes = LSTM, 0
    totals = (STEPS, 3 * 120)  # steps and examples

    def __init__(self, folder, pretrained):
        self.data, self.folder, self.log, self.pretrained = folder, folder / "run", folder / "run.log", str(pretrained)

    def run(self, **changes):
        """Return what the run is told; changes: to some of it."""
        self.folder.mkdir(exist_ok=True)
        told = Run(
            cell={"dataset": "toy", "arm": "arm", "size": "120", "seed": 0, "setting": "lr0.01",
                  "selection": "validation"},
            recipe=self.recipe,
            value=1e-2,
            inputs={name: str(self.data / f"{name}.parquet") for name in INPUTS},
            outputs=run_outputs(self.folder),
            pretrained={"path": self.pretrained} if self.recipe["family"] == "bert" else None,
            checkpoint_seconds=60 * self.minutes,
            code="c0de",
        )  # fmt: skip
        return replace(told, **changes)

    def task(self, **changes):
        """Return what starts the run in several processes. changes: see `run`."""
        run = self.run(**changes)
        module = f"pretrain_or_not.arms.{run.recipe['family']}"
        return (neural_run.__name__, {"module": module, "run": asdict(run)}, run.recipe["processes"],
                str(self.folder.parent / "log"))  # fmt: skip

    def call(self):
        """Do the run in this process."""
        signal.signal(signal.SIGUSR1, note_signal)  # as `job` does, until training obeys it
        log_to(self.log, mode="a")
        train(self.run())

    def start(self):
        """Start the run in another process, and return that."""
        child = fork.process(self.call)
        child.start()
        return child

    def weights(self):
        """Return the weights that the run ended with."""
        return load_file(self.folder / "model.safetensors")

    def history(self):
        """Return the history of the run, without its times."""
        return pd.read_parquet(self.folder / "history.parquet").drop(columns="seconds")

    def resumed(self):
        """Return after which steps processes of the run went on, in the order of the log."""
        found = re.findall(r"going on from the checkpoint after step (\d+)", self.log.read_text())
        return [int(step) for step in found]

    def checkpoints(self):
        """Return the names of the checkpoints that are there."""
        return sorted(path.name for path in self.folder.glob("checkpoint/step*"))

    def wait_for_checkpoint(self, child):
        """Wait until a process of the run has written a checkpoint, or ended."""
        while child.is_alive() and not self.checkpoints():
            time.sleep(0.001)


@pytest.fixture
def training(tmp_path, make_examples, tiny_bert):
    """A training run on 120 examples."""
    train, validation = (make_examples(n, vocabulary=40, seed=n) for n in (120, 60))
    write_tokens(tmp_path / "train.parquet", train)
    write_tokens(tmp_path / "validation.parquet", validation)
    rows = np.arange(len(train))
    write_table(tmp_path / "subset.parquet", pa.table({"id": train.ids, "row": rows}), dataset="toy")
    return Training(tmp_path, tiny_bert)


def assert_same_outcome(training, undisturbed):
    weights, expected = training.weights(), undisturbed["weights"]
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)
    pd.testing.assert_frame_equal(training.history(), undisturbed["history"], check_exact=True)
    cost = json.loads((training.folder / "run.json").read_text())
    assert (cost["steps"], cost["examples_seen"]) == training.totals
    assert not (training.folder / "checkpoint").exists()


OUTCOMES = {}  # of recipes, each trained once for all tests


def undisturbed(training):
    """What the run leaves when nothing happens to it."""
    recipe = json.dumps(training.recipe, sort_keys=True)
    if recipe not in OUTCOMES:
        child = training.start()
        child.join()
        assert child.exitcode == 0
        OUTCOMES[recipe] = {"weights": training.weights(), "history": training.history()}
        shutil.rmtree(training.folder)
    return OUTCOMES[recipe]


LORA = {"kind": "lora", "rank": 2, "alpha": 4, "dropout": 0.1, "targets": "attention"}


L2M = {"kind": "l2m", "pool": 4, "pull": 0.5}


@pytest.mark.parametrize(
    "recipe",
    [LSTM, BERT, BERT | {"adapter": LORA}, BERT | {"adapter": L2M}],
    ids=["lstm", "bert", "lora", "l2m"],
)
def test_a_run_killed_at_random_moments_ends_in_the_same_weights(training, recipe):
    training.recipe = recipe
    expected, moments, killed = undisturbed(training), random.Random(0), 0
    while killed < 20:
        child = training.start()
        if killed % 2:  # at least half of those killed leave a checkpoint, however slow the machine
            training.wait_for_checkpoint(child)
        time.sleep(moments.uniform(0, 0.4))
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
            killed += 1
        child.join()
        if child.exitcode == 0:  # it came through: kill the next one
            assert_same_outcome(training, expected)
            shutil.rmtree(training.folder)
    child = training.start()
    child.join()
    assert child.exitcode == 0
    assert_same_outcome(training, expected)
    assert any(training.resumed())


RESELECT = {"steps": 20, "candidates": 16, "batch": 8, "learning_rate": 1e-2, "epsilon": 0.1, "choose": "critic"}
AUGMENT = {"generator": "writer", "per_class": 20, "steps": 20, "batch_size": 8, "learning_rate": 1e-2, "refresh": 6,
           "label_smoothing": 0.15, "consistency": 20, "momentum": 0.9, "threshold": 0.4}  # fmt: skip


@pytest.mark.parametrize(("key", "keys"), [("reselect", RESELECT), ("augment", AUGMENT)])
def test_a_second_phase_that_is_killed_ends_in_the_same_weights(training, make_examples, key, keys):
    """The critic, what was selected or kept, and the weights from before are there again."""
    counts = {"left_out": {}, "generator_flops": 0}
    write_tokens(training.data / "generated.parquet", make_examples(60, vocabulary=40, seed=9), **counts)
    training.recipe, training.totals = LSTM | {key: keys}, (STEPS + 20, 3 * 120 + 20 * 8)
    expected, second = undisturbed(training), training.folder / "checkpoint" / key
    for step in (3, 11, 18):
        child = training.start()
        while child.is_alive() and not any(int(p.name.removeprefix("step")) >= step for p in second.glob("step*")):
            time.sleep(0.001)
        assert child.is_alive()
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    child = training.start()
    child.join()
    assert child.exitcode == 0
    assert_same_outcome(training, expected)
    assert training.resumed()[-2] == STEPS and training.resumed()[-1] >= 18
    if key == "reselect":
        assert expected["history"]["reward"].notna().any()
    else:  # some of the 60 texts were kept each time
        kept = json.loads((training.folder / "run.json").read_text())["augmentation"]["kept"]
        assert len(kept) == 4 and min(kept) > 0


NEW_PROCESS = """
import json, sys
from pretrain_or_not.job import log_to
from pretrain_or_not.training.neural_run import work
log_to(sys.argv[2], mode="a")
work("pretrain_or_not.arms.lstm", json.loads(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_saves_its_state_and_continues_later(training, number):
    expected = undisturbed(training)
    child = training.start()
    training.wait_for_checkpoint(child)
    training.minutes = 60  # the next process saves its state only when told
    os.kill(child.pid, number)
    child.join()
    assert child.exitcode == 128 + number
    (left,) = training.checkpoints()
    assert 0 < int(left.removeprefix("step")) < STEPS
    assert not (training.folder / "model.safetensors").exists()
    state = next(training.folder.glob("checkpoint/step*"))
    rewrite_progress(state, lambda progress: progress | {"seconds": progress["seconds"] + 1000})
    # A new interpreter: what tells whose checkpoint it is may not hang on this process, on the hashes of texts for one.
    command = [sys.executable, "-c", NEW_PROCESS, json.dumps(asdict(training.run())), training.log]
    subprocess.run(command, check=True, env=environment() | {"PYTHONHASHSEED": "1"})
    assert training.resumed() == [int(left.removeprefix("step"))]
    assert_same_outcome(training, expected)
    assert json.loads((training.folder / "run.json").read_text())["seconds"] > 1000


def rewrite_progress(folder, change):
    """Change what a checkpoint says of the progress, and its checksum."""
    progress = folder / "progress.json"
    progress.write_text(json.dumps(change(json.loads(progress.read_text()))))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["progress.json"] = sha256_of(progress)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_run_saves_its_state_before_a_time_limit_and_continues(training):
    expected = undisturbed(training)
    training.minutes = 60
    training.recipe = LSTM | {"epochs": 2000}
    training.log.unlink(missing_ok=True)
    child = training.start()
    while child.is_alive() and not training.checkpoints():
        time.sleep(0.05)
        if training.log.exists():  # from then on, the signal is expected
            os.kill(child.pid, signal.SIGUSR1)
    assert child.is_alive() and training.checkpoints()
    child.kill()
    child.join()
    shutil.rmtree(training.folder)
    training.recipe = LSTM
    child = training.start()
    child.join()
    assert_same_outcome(training, expected)


OF_ANOTHER_RUN = ("recipe", "code", "data", "learning_rate")


@pytest.mark.parametrize("what", ["damaged", "empty", "cut", *OF_ANOTHER_RUN])
def test_a_checkpoint_that_is_damaged_or_of_another_run_is_not_used(training, caplog, what, make_examples):
    caplog.set_level("INFO", "pretrain_or_not")
    expected = undisturbed(training)
    child = training.start()
    training.wait_for_checkpoint(child)
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    state = next(training.folder.glob("checkpoint/step*/model.safetensors"))
    content = bytearray(state.read_bytes())
    if what == "damaged":
        content[-3] ^= 1
    if what in ("damaged", "empty", "cut"):
        state.write_bytes({"damaged": content, "empty": b"", "cut": content[:-10]}[what])
    elif what == "recipe":
        training.recipe = LSTM | {"weight_decay": 0.02}
    run = training.run()
    if what == "code":
        run = replace(run, code="other")
    elif what == "data":
        write_tokens(training.folder.parent / "train.parquet", make_examples(120, vocabulary=40, seed=120, longest=19))
    elif what == "learning_rate":
        run = replace(run, value=2e-2)
    train(run)
    words = "of another recipe, data, code or device" if what in OF_ANOTHER_RUN else "is damaged"
    assert f"{state.parent}" in caplog.text and words in caplog.text and "going on" not in caplog.text
    if what not in ("recipe", "data", "learning_rate"):
        assert_same_outcome(training, expected)


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="only Linux tells which files are mapped")
def test_no_file_of_a_checkpoint_stays_mapped_after_it_is_read(training, monkeypatch):
    """On NFS, a mapped file cannot be deleted, and the next checkpoint deletes this one."""
    child = training.start()
    training.wait_for_checkpoint(child)
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    mapped, complete = [], Checkpoints.complete

    def noted(self, *arguments):
        with open("/proc/self/maps", encoding="utf-8") as file:
            mapped.extend(line for line in file if "checkpoint/step" in line)
        return complete(self, *arguments)

    monkeypatch.setattr(Checkpoints, "complete", noted)
    training.call()
    assert training.resumed() and not mapped


def test_a_checkpoint_that_cannot_be_deleted_does_not_end_the_run(training, monkeypatch):
    """As where another machine has one of its files open; nor does a folder that cannot be synced to disk."""
    expected = undisturbed(training)
    rmdir, sync = os.rmdir, checkpoints.sync_to_disk

    def kept(path, *arguments, **options):
        if str(path).rpartition("/")[2].startswith("step"):
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        rmdir(path, *arguments, **options)

    def only_files(path):
        if os.path.isdir(path):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(path)

    monkeypatch.setattr(os, "rmdir", kept)
    monkeypatch.setattr(checkpoints, "sync_to_disk", only_files)
    training.call()
    weights = training.weights()
    assert all(np.array_equal(weights[name], expected["weights"][name]) for name in expected["weights"])


def test_a_checkpoint_of_other_starting_weights_is_not_used(training, caplog, tiny_bert, tmp_path):
    caplog.set_level("INFO", "pretrain_or_not")
    training.recipe = BERT
    child = training.start()
    training.wait_for_checkpoint(child)
    os.kill(child.pid, signal.SIGTERM)
    child.join()
    other = shutil.copytree(tiny_bert, tmp_path / "other-bert")
    weights = load_file(other / "model.safetensors")
    save_file({name: tensor * np.float32(1.01) for name, tensor in weights.items()}, other / "model.safetensors")
    train(training.run(pretrained={"path": str(other)}))
    assert "of another recipe, data, code or device" in caplog.text and "going on" not in caplog.text


def test_no_checkpoint_is_written_twice_during_a_validation(training, monkeypatch):
    """The existing checkpoint has the same state."""
    expected, written, complete = undisturbed(training), [], Checkpoints.complete

    def noted(self, partial, whole):
        written.append(whole.name)
        complete(self, partial, whole)

    monkeypatch.setattr(Checkpoints, "complete", noted)
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 100)  # several batches a validation, a visit after each
    train(training.run())
    assert written == [f"step{i}" for i in range(1, STEPS + 1)]
    assert_same_outcome(training, expected)


def test_a_run_finishes_although_the_disk_is_too_full_for_checkpoints(training, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    expected = undisturbed(training)
    monkeypatch.setattr(checkpoints, "save_file", full)  # of the best weights, once there are some
    train(training.run())
    assert "no checkpoint after step 44: No space left on device" in caplog.text
    assert_same_outcome(training, expected)


def test_two_processes_end_in_the_weights_of_one(training):
    training.recipe = LSTM | {"dropout": 0.0, "batch_size": 7, "processes": 2}  # some batches have an odd share
    train(training.run())
    alone, history = training.weights(), training.history()
    shutil.rmtree(training.folder)
    launch_workers(*training.task())
    for name, weights in training.weights().items():
        np.testing.assert_allclose(weights, alone[name], rtol=1e-4, atol=1e-5)
    pd.testing.assert_frame_equal(training.history(), history, rtol=1e-4)
    assert json.loads((training.folder / "run.json").read_text())["processes"] == 2
    assert "best validation accuracy" in (training.folder.parent / "log").read_text()


@pytest.mark.parametrize("workers", [False, True])
def test_several_processes_that_are_stopped_end_together(training, workers):
    training.recipe = LSTM | {"processes": 2, "epochs": 2000}  # about a minute
    launcher = fork.process(launch_workers, *training.task())
    launcher.start()
    process = psutil.Process(launcher.pid)
    while not (torchrun := process.children()) or (workers and not training.checkpoints()):
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


def test_bad_input_in_one_of_several_processes_is_reported_as_bad_input(training):
    training.recipe = BERT | {"processes": 2}
    with pytest.raises(BadInput, match="no such folder"):
        launch_workers(*training.task(pretrained={"path": "./nowhere"}))


SLOW_TO_LOAD = {"torch._dynamo", "sympy", "pandas", "transformers"}
WATCHED_RUN = f"""
import json, sys
from pretrain_or_not.training.neural_run import work
from pretrain_or_not.training.progress import Progress

step, loaded = Progress.step, []

def watched(self, *arguments):
    step(self, *arguments)
    loaded.append(sorted({SLOW_TO_LOAD} & set(sys.modules)))

Progress.step = watched
work("pretrain_or_not.arms.lstm", json.loads(sys.argv[1]))
print(json.dumps(loaded[2]))
"""


def test_an_lstm_starts_training_without_slow_imports(training):
    training.minutes = NEVER
    done = run_python(WATCHED_RUN, json.dumps(asdict(training.run())))
    assert json.loads(done.stdout) == []
