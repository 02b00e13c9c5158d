"""Two runs of Snakemake that meet: in one folder, and through Snakemake's between-workflow cache."""

import copy
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from helpers.project import Project, changed


@pytest.fixture
def project(tmp_path, tiny_bert):
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", tiny_bert)


def test_a_second_snakemake_in_the_folder_is_locked_out(project):
    (project.folder / "config.yaml").write_text(yaml.safe_dump(changed(("experiment", "sizes"), [40])))
    # An experiment of its own, but for the results folder.
    other = changed(("experiment", "sizes"), [80])
    (project.folder / "other.yaml").write_text(yaml.safe_dump(other))
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    first = subprocess.Popen(command, cwd=project.folder, start_new_session=True, **quiet)
    try:
        locks = project.folder / ".snakemake" / "locks"
        while not (locks / "0.output.lock").is_file():
            assert first.poll() is None
            time.sleep(0.1)
        for arguments in ([], ["--configfile", "other.yaml"]):
            second = subprocess.run([*command, *arguments], cwd=project.folder, text=True, capture_output=True)
            assert first.poll() is None
            assert second.returncode != 0
            assert "Directory cannot be locked" in second.stderr and "Traceback" not in second.stderr
    finally:
        os.killpg(first.pid, signal.SIGKILL)  # its job too
        first.wait()


def test_what_is_cached_is_not_made_again_in_another_folder(project, tmp_path, monkeypatch):
    """The second folder differs in everything that does not affect the texts: name of the results, arms, sizes."""
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(tmp_path / "cache"))
    cached, wanted = ["--cache", "ingest", "--"], "{}/toy/examples.parquet"
    done = project.snakemake(*cached, wanted.format("results"))
    assert done.returncode == 0, done.stdout
    assert "to cache" in done.stdout

    second = copy.copy(project)
    second.folder = tmp_path / "second"
    shutil.copytree(project.folder, second.folder, ignore=shutil.ignore_patterns("results", ".snakemake"))
    config = changed(("experiment", "sizes"), [80])
    config["pathvars"]["results"] = "results-second"
    done = second.snakemake(*cached, wanted.format("results-second"), config=config)
    assert done.returncode == 0, done.stdout
    assert "from cache" in done.stdout and "to cache" not in done.stdout
    logs = list((second.folder / "results-second/logs").rglob("*.log"))
    assert len(logs) == 1 and not any(log.read_text() for log in logs)  # no script was even started
    assert second.jobs(config, [wanted.format("results-second")]) == {}
    tables = [(p.folder / wanted.format(r)).read_bytes() for p, r in ((project, "results"), (second, "results-second"))]
    assert tables[0] == tables[1]

    # A cell of the second folder is complete: nothing that lies beside the shared files is missing.
    tested = "results-second/toy/predictions/bert/n80/seed0.parquet"
    done = second.snakemake("--cache", "ingest", "--", tested, config=config)
    assert done.returncode == 0, done.stdout

    done = second.snakemake("--cache", "ingest", "tokenize", "--", tested, config=config)
    assert "--cache: only ingest can be shared between folders; leave out tokenize" in done.stdout

    # The same file under another name is another entry, as the name is in what is shared.
    other = {**config, "datasets": {"toys": config["datasets"]["toy"]}}
    other["experiment"] = config["experiment"] | {"datasets": ["toys"]}
    done = second.snakemake("--cache", "ingest", "--", "results-second/toys/examples.parquet", config=other)
    assert done.returncode == 0, done.stdout
    assert "to cache" in done.stdout

    # Other data under the same name are another entry.
    with open(second.folder / "toy.csv", "a") as file:
        file.write("one more text,sports\n")
    done = second.snakemake(*cached, wanted.format("results-second"), config=config)
    assert done.returncode == 0, done.stdout
    assert "to cache" in done.stdout
