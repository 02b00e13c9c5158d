"""Plan an experiment from its config."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pretrain_or_not.config.check import check_config, missing_sections
from pretrain_or_not.config.command_line import with_numbers
from pretrain_or_not.config.layers import with_own_keys
from pretrain_or_not.config.repeated_keys import check_repeated_keys
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.file_checks import check_data, check_model_files
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams

NOTE = Path("logs", "experiment.json")  # in the folder of results


def note_experiment(catalogue: Catalogue, at_once: int | None, on_cluster: bool, gpus: int | None = None) -> None:
    """Write what runs now into the folder of results, for those who watch it; an error does not stop the run.

    at_once: CPU cores or, on a cluster, jobs at the same time. gpus: jobs of one GPU at the same time, None for any.
    """
    with suppress(OSError, BadInput):
        path = catalogue.results / NOTE
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"at_once": at_once, "on_cluster": on_cluster, "gpus": gpus}
        write_json(path, {"config": catalogue.config} | told)


def noted_experiment(results: Path) -> dict:
    """Return what `note_experiment` wrote last into a folder of results, which may have moved since.

    Raises BadInput if no run was started there.
    """
    if not (results / NOTE).is_file():
        raise BadInput(f"{results}: no run was started there, as {NOTE} is missing; name the folder of your results")
    content = read_json(results / NOTE)
    content["config"]["pathvars"]["results"] = str(results)  # as seen from here
    return content


def plan_experiment(config: dict, layers: list[dict], files: list) -> tuple[Catalogue, JobInputs, JobParams]:
    """Return what plans the jobs of an experiment; check `config` and complete it in place.

    layers: what Snakemake has merged into `config`, see `config.layers.layers_of`. files: the config files, for
    messages. Raises BadInput for a mistake in the config, the first rows of the data, or the files of a model.
    """
    check_repeated_keys(files)
    try:
        config.update(check_config(with_numbers(with_own_keys(config, layers), layers[-1])))
        catalogue = Catalogue(config)
        check_data(catalogue)
        check_model_files(catalogue)
        inputs = JobInputs(catalogue)
        if config["experiment"]["partial"]:
            inputs.check_partial()
    except BadInput as error:
        raise BadInput(f"{error}{missing_sections(config, files)}") from None
    return catalogue, inputs, JobParams(catalogue)
