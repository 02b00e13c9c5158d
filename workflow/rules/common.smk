# Shared by all rules: the checked config, the functions that plan jobs, and patterns of paths.

import json
import shutil
import sys

from snakemake.logging import logger

sys.path.append(str(HERE / "workflow" / "scripts"))

from pretrain_or_not.cluster.presence import runs_on_cluster
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.layers import layers_of
from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.code_digest import code_digest
from pretrain_or_not.files.paths import ABOUT, CARD, MODEL_FILES
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.code import further_texts_code, page_code, scoring_code
from pretrain_or_not.plan.catalogue import SHIFT_FOLDER, one_of
from pretrain_or_not.plan.experiment import plan_experiment
from pretrain_or_not.plan.forgetting_jobs import ForgettingJobs
from pretrain_or_not.plan.model_jobs import ModelJobs
from pretrain_or_not.plan.cells import CELL, CELL_FOLDER, TIMING_FILE
from pretrain_or_not.plan.prediction_jobs import PredictionJobs
from pretrain_or_not.plan.shift_jobs import ShiftJobs
from pretrain_or_not.plan.resources import JobResources
from pretrain_or_not.report.figures import figures_of
from pretrain_or_not.report.published import matched, study
from pretrain_or_not.report.short_errors import shorten_errors


def on_cluster():
    """Return whether jobs are sent to a cluster, or this Snakemake runs inside such a job."""
    return runs_on_cluster(workflow)


# On the terminal only, and not with --verbose: Snakemake's own log file keeps its words about jobs.
short_errors = None if workflow.output_settings.verbose else shorten_errors(logger, on_cluster)

if others := sorted({*(workflow.workflow_settings.cache or ())} - {"ingest"}):
    raise WorkflowError(f"--cache: only ingest can be shared between folders; leave out {', '.join(others)}")

try:
    catalogue, inputs_of, params_of = plan_experiment(config, layers_of(workflow), workflow.configfiles)
except BadInput as error:
    raise WorkflowError(str(error)) from None

model_jobs = ModelJobs(catalogue, params_of)
forgetting_jobs = ForgettingJobs(inputs_of)
prediction_jobs = PredictionJobs(catalogue, inputs_of)
shift_jobs = ShiftJobs(catalogue, inputs_of)
resources_of = JobResources(catalogue, on_cluster, has_gpu=shutil.which("nvidia-smi") is not None)
EXPERIMENT, TIMING = config["experiment"], config["timing"]
DATASETS = [config["datasets"][name] for name in EXPERIMENT["datasets"]]
FIGURES = figures_of(DATASETS, pretraining=any(map(catalogue.made_behind, EXPERIMENT["arms"])))
PUBLISHED = {
    "points": matched(config["published"]),
    "study": {key: study()[key] for key in ("name", "reference", "speed_up", "timed")},
}
HAS_SHIFTS = any(map(catalogue.shifts, EXPERIMENT["datasets"]))
HAS_TIMES = bool(inputs_of.timings())
ENVIRONMENT = "../../envs/environment.yaml"
# A text, not an output of a rule: `ancient` of such an output would mark it for all rules that read it.
SUBSET = f"<results>/{{dataset}}/subsets/{CELL}.parquet"
RUNS = f"<results>/{CELL_FOLDER}"
PREDICTIONS = f"<results>/{{dataset}}/predictions/{{arm}}/{CELL}.parquet"
KEEPS_SELECTED = EXPERIMENT["keep_models"] != "none"


wildcard_constraints:
    **catalogue.wildcard_constraints(),
