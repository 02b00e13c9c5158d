"""Choose the run of a cell with the best validation accuracy, and keep its model."""

import shutil
from pathlib import Path

from artifacts import read_json, write_json
from run_files import check_model
from stage import log, stage
from whole_files import whole


def select_run(costs, models, configs, outputs):
    """Write selected.json, and copies of the best run's two model files.

    Copies, not links: Snakemake sets the time of each output when a job ends, and a link would make the input newer
    than what follows from it.

    costs, models, configs: paths of the cell's run.json, model.safetensors and config.json, one a run, in the order of
    the config; of equals the first one wins. selected.json holds the winner's run.json and what the others reached.
    """
    runs = [read_json(path) for path in costs]
    accuracies = [run["validation_accuracy"] for run in runs]
    best = accuracies.index(max(accuracies))
    check_model(Path(models[best]).parent)
    for source, output in ((models[best], outputs["model"]), (configs[best], outputs["config"])):
        with whole(output) as partial:
            shutil.copyfile(source, partial)
    kept = ("setting", "validation_accuracy", "seconds", "training_flops")
    write_json(
        outputs["selected"],
        {
            "selected": runs[best],
            "beaten": [{key: run[key] for key in kept} for i, run in enumerate(runs) if i != best],
            # Features are computed once for all runs of a cell.
            "sweep_seconds": sum(run["seconds"] for run in runs)
            - (len(runs) - 1) * runs[0].get("feature_seconds", 0.0),
        },
    )
    log.info("%s: %s", Path(outputs["selected"]).parent, {run["setting"]: run["validation_accuracy"] for run in runs})


if __name__ == "__main__":
    with stage(snakemake):
        select_run(
            costs=snakemake.input.costs,
            models=snakemake.input.models,
            configs=snakemake.input.configs,
            outputs=dict(snakemake.output.items()),
        )
