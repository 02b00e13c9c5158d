"""Files are complete or absent, also when their writer is killed or the disk is full."""

import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save_file

from helpers.processes import environment, run_python
from helpers.tables import DATASET, write_csv
from helpers.texts import make_rows
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import temporary_folder
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import open_parquet, table_writer, write_table
from pretrain_or_not.files.run_files import check_model, save_model
from pretrain_or_not.job import job, log
from pretrain_or_not.report.style import save

# Killed

WRITER = """
import sys
import pyarrow as pa
from pretrain_or_not.files.parquet import table_writer
schema = pa.schema([("n", pa.int64()), ("x", pa.string())])
for n in range(int(sys.argv[2]), 10**9):
    with table_writer(sys.argv[1], schema, n=n) as writer:
        for _ in range(20):
            writer.write_table(pa.table({"n": [n] * 50, "x": [str(n)] * 50}, schema=schema))
    print("written", flush=True)
"""


def test_a_writer_killed_at_20_moments_leaves_complete_files(tmp_path):
    path, moments, seen = tmp_path / "table.parquet", random.Random(0), set()
    interrupted = 0
    for start in range(0, 20_000, 1000):
        command = [sys.executable, "-c", WRITER, path, str(start)]
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.wait()
        process.stdout.close()
        table = open_parquet(path).read()
        assert len(table) == 1000 and len(set(table["n"].to_pylist())) == 1
        seen.add(table["n"][0].as_py() // 1000)
        left = list(tmp_path.glob(".*"))
        assert len(left) <= 1  # that of an earlier writer is gone
        interrupted += len(left)
    assert len(seen) == 20 and interrupted > 5  # kills did hit writers
    write_table(path, pa.table({"n": [1]}))
    assert list(tmp_path.iterdir()) == [path]


def test_files_left_by_killed_processes_are_deleted_and_others_kept(tmp_path):
    """This process is the living one. A file of another machine that is a day old has no living writer."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = platform.node()
    names = {
        f".a.json.{host}.{gone.pid}.partial": False,
        f".a.json.{host}.{os.getpid()}.partial": False,  # of an earlier process of that number
        f".a.json.{host}.{os.getppid()}.partial": True,
        ".a.json.elsewhere.12.partial": True,
        ".a.json.elsewhere.13.partial": False,
        f".a.jsonl.{host}.{gone.pid}.partial": True,  # of another file
        "a.json.partial": True,
    }
    for name in names:
        (tmp_path / name).write_text("half")
    os.utime(tmp_path / ".a.json.elsewhere.13.partial", (0, 0))
    write_json(tmp_path / "a.json", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", *(name for name, stays in names.items() if stays)}


def test_a_temporary_folder_is_deleted_at_its_end_or_by_the_next_process(tmp_path):
    with pytest.raises(KeyError):
        with temporary_folder(tmp_path / "a") as folder:
            (folder / "inside").write_text("x")
            raise KeyError
    assert list(tmp_path.iterdir()) == []
    code = """
import os, sys
from pretrain_or_not.files.atomic import temporary_folder
with temporary_folder(sys.argv[1]):
    os.kill(os.getpid(), 9)
"""
    run_python(code, tmp_path / "a", check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with temporary_folder(tmp_path / "a") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_job_that_is_stopped_deletes_its_temporary_files(tmp_path):
    """Schedulers send SIGTERM some time before they kill a job."""
    code = """
import sys, time, types
from pretrain_or_not.job import job
from pretrain_or_not.files.atomic import atomic_write
with job(types.SimpleNamespace(rule="test", log=["log"])), atomic_write("a.json") as partial:
    partial.write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.terminate()
    assert process.wait() == 128 + 15
    process.stdout.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert "stopped by SIGTERM" in (tmp_path / "log").read_text()


# A full disk


class Model:
    """A model of 400 kB to save."""

    def save_pretrained(self, folder):
        save_file({"weights": np.zeros(100_000, dtype=np.float32)}, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text("{}")


def write_stream(path):
    table = pa.table({"x": np.random.default_rng(0).random(100_000)})
    with table_writer(path, table.schema) as writer:
        for start in range(0, 100_000, 1000):
            writer.write_table(table.slice(start, 1000))


def draw(path):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.figimage(np.random.default_rng(0).random((300, 300)))
    save(figure, [f"{path}.png"])


WRITERS = {
    "json": lambda path: write_json(path, "x" * 400_000),
    "table": lambda path: write_table(path, pa.table({"x": np.random.default_rng(0).random(100_000)})),
    "stream": write_stream,
    "model": lambda path: save_model(Model(), path.with_name("model.safetensors"), path.with_name("config.json")),
    "figure": draw,
    "ingest": lambda path: ingest_rows(path),
}


def ingest_rows(path):
    from pretrain_or_not.data.ingest import ingest

    files = write_csv(path.parents[1] / "toy.csv", make_rows(2000))
    ingest(DATASET | {"files": files}, "toy", [], 1, path, path.with_name("dataset.json"))


@pytest.mark.parametrize("room", [0, 20_000])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_reported_and_leaves_no_partial_file(small_disk, kind, room):
    folder, fill = small_disk
    write_json(folder / "earlier.json", {"a": 1})
    filler = fill(room)
    told = "/disk/.*: No space left on device; free some space there and run the same command"
    with pytest.raises(BadInput, match=told):
        WRITERS[kind](folder / "artifact")
    assert sorted(path.name for path in folder.iterdir()) == ["earlier.json", "filler"]
    assert read_json(folder / "earlier.json") == {"a": 1}
    filler.unlink()
    WRITERS[kind](folder / "artifact")
    if kind == "model":
        check_model(folder)


def test_a_job_finishes_although_its_log_cannot_be_written(small_disk, capsys):
    folder, fill = small_disk
    fill()
    snakemake = SimpleNamespace(rule="test", log=[str(folder / "log")])
    with job(snakemake):
        for _ in range(3):
            log.info("%s", "x" * 20_000)
    assert capsys.readouterr().err.count("log: cannot be written: [Errno 28] No space left on device") == 1
    with pytest.raises(SystemExit), job(snakemake):
        raise KeyError("broken")
    told = capsys.readouterr().err
    assert "ERROR in test: KeyError: 'broken'" in told
    assert "Traceback" in told  # there is no log to look it up in
