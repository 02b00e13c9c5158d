"""The history of runs, as TensorBoard's own reader sees it."""

import builtins
import math

import pytest

from helpers.results import make_results, write_run
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.run_files import save_run
from pretrain_or_not.forecast.tensorboard import export, main
from pretrain_or_not.plan.experiment import note_experiment

ROWS = [
    {"step": 5, "examples": 40, "loss": 1.5, "validation_score": 0.25, "learning_rate": 1e-3, "seconds": 2.0},
    {"step": 10, "examples": 80, "loss": math.nan, "validation_score": None, "learning_rate": 5e-4, "seconds": 4.0},
]


@pytest.fixture
def results(tmp_path):
    """Return a folder of results with three runs: a finished one, one that is not, and one of another config."""
    results = tmp_path / "results"
    results.mkdir()
    experiment = {"arms": ["lstm"], "reference": "lstm", "sizes": [40], "metric": "macro_f1"}
    catalogue = make_results(results, experiment=experiment)
    note_experiment(catalogue, 2, False)
    for setting in ("lr0.001", "lr0.02", "lr0.5"):
        folder = results / "toy" / "runs" / "lstm" / "n40" / "seed0" / setting
        outputs = {"history": folder / "history.parquet", "cost": folder / "run.json"}
        save_run(ROWS, {"seconds": 4.0, "metric": "macro_f1"}, {}, {"setting": setting}, outputs)
        write_run(catalogue, "lstm", setting=setting, seconds=4.0)
    (folder.with_name("lr0.02") / "run.json").unlink()
    return results


def test_tensorboard_reads_what_the_history_says(results, tmp_path, capsys):
    pytest.importorskip("tensorboard", reason="envs/tensorboard.txt is not installed (make tensorboard)")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    old = tmp_path / "out" / "toy" / "lstm" / "n40" / "seed0" / "lr0.5" / "events.out.tfevents.1.old"
    old.parent.mkdir(parents=True)
    old.touch()
    for _ in range(2):  # a second export replaces the first
        assert main([str(results), str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        f"1 run in {tmp_path / 'out'}; 1 run of an earlier config or earlier data left out; to look at it: "
    )
    assert f"tensorboard --logdir {tmp_path / 'out'}" in said and not old.exists()
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
    with pytest.raises(BadInput, match="no run was started there"):
        export(tmp_path, tmp_path / "out")
