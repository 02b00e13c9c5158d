"""The history of runs, as TensorBoard's own reader sees it."""

import builtins
import math

import pytest

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.run_files import save_run
from pretrain_or_not.report.tensorboard import export, main

ROWS = [
    {"step": 5, "examples": 40, "loss": 1.5, "validation_score": 0.25, "learning_rate": 1e-3, "seconds": 2.0},
    {"step": 10, "examples": 80, "loss": math.nan, "validation_score": None, "learning_rate": 5e-4, "seconds": 4.0},
]


@pytest.fixture
def results(tmp_path):
    """Return a folder of results with one finished run, and one that is not finished."""
    for setting in ("lr0.001", "lr0.01"):
        folder = tmp_path / "results" / "toy" / "runs" / "lstm" / "n40" / "seed0" / setting
        outputs = {"history": folder / "history.parquet", "cost": folder / "run.json"}
        save_run(ROWS, {"seconds": 4.0, "metric": "macro_f1"}, {}, {"setting": setting}, outputs)
    (folder / "run.json").unlink()
    return tmp_path / "results"


def test_tensorboard_reads_what_the_history_says(results, tmp_path, capsys):
    pytest.importorskip("tensorboard", reason="envs/tensorboard.txt is not installed (make tensorboard)")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for _ in range(2):  # a second export replaces the first
        assert main([str(results), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith(f"1 run in {tmp_path / 'out'}; to look at it: tensorboard --logdir ")
    events = EventAccumulator(str(tmp_path / "out" / "toy" / "lstm" / "n40" / "seed0" / "lr0.001")).Reload()
    assert events.Tags()["scalars"] == ["training loss", "validation macro_f1", "learning rate"]
    read = {tag: [(e.step, round(e.value, 6)) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert read == {
        "training loss": [(5, 1.5)],
        "validation macro_f1": [(5, 0.25)],
        "learning rate": [(5, 0.001), (10, 0.0005)],
    }
    first, last = events.Scalars("learning rate")
    assert last.wall_time - first.wall_time == pytest.approx(2.0)


def test_without_tensorboard_it_says_how_to_install_it(results, tmp_path, monkeypatch, capsys):
    whole = builtins.__import__

    def without(name, *more):
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return whole(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main([str(results), str(tmp_path)]) == 1
    assert "TensorBoard is not installed; run `make tensorboard`" in capsys.readouterr().err


def test_a_folder_without_runs_is_refused(tmp_path):
    pytest.importorskip("tensorboard", reason="envs/tensorboard.txt is not installed (make tensorboard)")
    with pytest.raises(BadInput, match="there is no finished run"):
        export(tmp_path, tmp_path / "out")
