"""Plan an experiment from its config."""

from __future__ import annotations

from pretrain_or_not.config.check import check_config, missing_sections
from pretrain_or_not.config.command_line import with_numbers
from pretrain_or_not.config.layers import with_own_keys
from pretrain_or_not.errors import BadInput
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams


def plan_experiment(config: dict, layers: list[dict], files: list) -> tuple[Catalogue, JobInputs, JobParams]:
    """Return what plans the jobs of an experiment; check `config` and complete it in place.

    layers: what Snakemake has merged into `config`, see `config.layers.layers_of`. files: the config files, for
    messages. Raises BadInput for a mistake in the config, the first rows of the data, or the files of a model.
    """
    try:
        config.update(check_config(with_numbers(with_own_keys(config, layers), layers[-1])))
        catalogue = Catalogue(config)
        catalogue.check_data()
        catalogue.check_models()
        inputs = JobInputs(catalogue)
        if config["experiment"]["partial"]:
            inputs.check_partial()
    except BadInput as error:
        raise BadInput(f"{error}{missing_sections(config, files)}") from None
    return catalogue, inputs, JobParams(catalogue)
