"""Select the run of a cell with the best validation score."""

from __future__ import annotations

import shutil
from pathlib import Path

from pretrain_or_not.config.selection import best_setting
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.links import link
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.run_files import check_model, delete_model
from pretrain_or_not.job import log


def select_run(costs: list[str], sign: int, outputs: dict, keep: str) -> None:
    """Write selected.json, link the selected model into `selected/`, and delete the weights that are not kept.

    costs: path of the run.json of each run of the cell, in the order of the sweep; on a tie, the first one wins. Each
    run has its model next to it. sign: see `best_setting`. outputs: path of `selected` and, unless `keep` is "none", of
    `model` and `config`.
    keep: which weights stay on disk: those of "all" runs, of the "selected" one, or, once it is tested, of "none".
    selected.json holds the run.json of the selected run and the results of the others. Raises BadInput if the selected
    model is broken or missing.
    """
    runs = [read_json(path) for path in costs]
    setting = best_setting({run["setting"]: run["validation_score"] for run in runs}, sign)
    best = [run["setting"] for run in runs].index(setting)
    folder = Path(costs[best]).parent
    if keep != "none":
        if not (folder / MODEL_FILES[0]).exists():
            raise BadInput(f"{folder}: its weights are needed again; type the same command again to train them")
        check_model(folder)
        for name, output in zip(MODEL_FILES, (outputs["model"], outputs["config"]), strict=True):
            link(folder / name, output)
    shown = ("setting", "validation_score", "seconds", "training_flops")
    write_json(
        outputs["selected"],
        {
            "selected": runs[best],
            "beaten": [{key: run[key] for key in shown} for i, run in enumerate(runs) if i != best],
            "sweep_seconds": sweep_time(runs, "seconds"),
            "sweep_cpu_seconds": sweep_time(runs, "cpu_seconds"),
        },
    )
    if keep == "none":  # an earlier value of `keep` may have left one
        shutil.rmtree(folder.parent / "selected", ignore_errors=True)
    if keep != "all":
        # Runs that are no longer in the sweep, too, and what an earlier value of `keep` has left.
        kept = {folder} if keep == "none" else {folder, Path(outputs["model"]).parent}
        for path in folder.parent.glob(f"*/{MODEL_FILES[0]}"):
            if path.parent not in kept:
                delete_model(path.parent)
    log.info("%s: %s", Path(outputs["selected"]).parent, {run["setting"]: run["validation_score"] for run in runs})


def sweep_time(runs: list[dict], key: str) -> float | None:
    """Return the sum of a time over the runs of a cell, in seconds; None if one of them lacks it.

    Features are computed once for all runs, so they count once. key: "seconds" or "cpu_seconds".
    """
    times = [run[key] for run in runs if run.get(key) is not None]
    if len(times) < len(runs):
        return None
    return sum(times) - (len(runs) - 1) * runs[0].get(f"feature_{key}", 0.0)
