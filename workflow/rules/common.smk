# Shared by all rules: the checked config, the functions that plan jobs, and patterns of paths.

import json
import shutil
import sys

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

sys.path.append(str(HERE / "workflow" / "scripts"))

from pretrain_or_not.config.check import check_config, missing_sections
from pretrain_or_not.config.command_line import with_numbers
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.layers import with_own_keys
from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.code_digest import code_digest
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.code import training_code
from pretrain_or_not.plan.catalogue import Catalogue, one_of
from pretrain_or_not.plan.inputs import CELL, CELL_FOLDER, JobInputs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.resources import JobResources
from pretrain_or_not.report.figures import FIGURES
from pretrain_or_not.report.published import matched, study
from pretrain_or_not.report.short_errors import shorten_errors


def on_cluster():
    """Return whether jobs are sent to a cluster, or this Snakemake runs inside such a job."""
    plugin = workflow.executor_plugin
    return workflow.remote_exec or (plugin is not None and plugin.common_settings.non_local_exec)


def layers():
    """Return what Snakemake has merged into the config, in this order: files, those of the command line, --config."""
    own = workflow.configfiles[len(workflow.overwrite_configfiles) :]
    return [
        *map(load_configfile, [*own, *workflow.overwrite_configfiles]),
        workflow.config_settings.config,
    ]


# On the terminal only, and not with --verbose: Snakemake's own log file keeps its words about jobs.
short_errors = None if workflow.output_settings.verbose else shorten_errors(logger, on_cluster)

try:
    given = with_own_keys(config, layers())
    config.update(check_config(with_numbers(given, workflow.config_settings.config)))
    catalogue = Catalogue(config)
    catalogue.check_data()
    catalogue.check_models()
    inputs_of, params_of = JobInputs(catalogue), JobParams(catalogue)
    if config["experiment"]["partial"]:
        inputs_of.check_partial()
except BadInput as error:
    raise WorkflowError(f"{error}{missing_sections(config, workflow.configfiles)}") from None

resources_of = JobResources(catalogue, on_cluster, has_gpu=shutil.which("nvidia-smi") is not None)
EXPERIMENT, TIMING = config["experiment"], config["timing"]
PUBLISHED = {
    "points": matched(config["published"]),
    "study": {key: study()[key] for key in ("name", "reference", "speed_up", "timed")},
}
ENVIRONMENT = "../../envs/environment.yaml"
RUNS = f"<results>/{CELL_FOLDER}"
PREDICTIONS = f"<results>/{{dataset}}/predictions/{{arm}}/{CELL}.parquet"
KEEPS_SELECTED = EXPERIMENT["keep_models"] != "none"


wildcard_constraints:
    **catalogue.wildcard_constraints(),
