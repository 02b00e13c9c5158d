import inspect
import json
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from code_digest import code_digest
from configuration import check_config, with_numbers
from data_files import check_source, installed_version
from families import NEURAL
from model_versions import architecture_version, tokenizer_version, weights_version
from provenance import digest
from published import matched, study
from sizes import count, grid
from stage import BadInput


def content(dataset):
    """The keys of a dataset that decide what is in it, and the versions of packages that are its data."""
    keys = {key: dataset[key] for key in sorted(dataset) if key not in ("title", "max_length")}
    if dataset["source"] == "docstrings":
        keys["versions"] = {package: installed_version(package) for package in dataset["packages"].values()}
    return keys


def check_sizes(dataset, sources, summary, sizes):
    """Refuse sizes larger than a training set that is ingested already; ingest itself checks the others."""
    if not summary.is_file() or any(Path(path).stat().st_mtime > summary.stat().st_mtime for path in sources):
        return
    try:
        facts = json.loads(summary.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{summary}: not whole JSON ({error}); delete it and run again") from error
    if facts["config_digest"] == digest(content(dataset)):
        for size in sizes:
            count(size, facts["rows"]["train"])


try:
    config.update(check_config(with_numbers(config, workflow.config_settings.config)))
    RESULTS = Path(config["pathvars"]["results"])
    for name in config["experiment"]["datasets"]:
        dataset = config["datasets"][name]
        summary = RESULTS / name / "dataset.json"
        check_sizes(dataset, check_source(name, dataset), summary, config["experiment"]["sizes"])
except BadInput as error:
    raise WorkflowError(str(error)) from None

EXPERIMENT, DATASETS, ARMS, MODELS = (config[key] for key in ("experiment", "datasets", "arms", "models"))
# What a run asks for where GPUs are; limit how many run at once by `--resources gpu=N`. A cluster profile sets its own.
GPUS = int(shutil.which("nvidia-smi") is not None)
TIMING = config["timing"]
# All cores there are, so that nothing runs beside a timing; a cluster profile gives none, but a job for each.
ALONE = workflow.resource_settings.cores or TIMING["threads"]
# The keys of an arm that shape its model; the others say how it is trained.
SHAPES = ("family", "embeddings", "freeze_embeddings", "embedding_size", "layers", "hidden")
PUBLISHED = matched(config["published"])
STUDY = {key: study()[key] for key in ("name", "reference", "speed_up")}
ENVIRONMENT = "../../envs/environment.yaml"
SPLITS = ("train", "validation", "test")
VALIDATION = EXPERIMENT["selection"]  # the split that stops training and selects
CELL = "n{size}/seed{seed}"
RUNS = f"<results>/{{dataset}}/runs/{{arm}}/{CELL}"


def one_of(names):
    """A wildcard constraint that allows just these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


def arms_of(family):
    """Wildcard constraint: the arms of a family."""
    return one_of(name for name, arm in ARMS.items() if arm["family"] == family)


wildcard_constraints:
    dataset=one_of(DATASETS),
    arm=one_of(ARMS),
    tokenizer=one_of(MODELS),
    model=one_of(MODELS),
    size=r"\d+|\d+(\.\d+)?pct",
    seed=r"\d+",
    setting=r"(lr|C)[0-9.e+-]+",


# Snakemake asks each function, for each of tens of thousands of jobs, several times what arguments it takes and then
# calls it. So one function returns all input files, and has its signature at hand: a plan takes a tenth less time.


def for_jobs(function):
    """Mark a function of a job's wildcards: note its signature on it, which `inspect` else works out at each call."""
    function.__signature__ = inspect.signature(function)
    return function


@for_jobs
def recipe(wildcards):
    """The keys of an arm that shape its training: not its title, nor the values swept over, a run having one.

    Sorted, and with whole numbers as integers: another order, or 2.0 for 2, is no change.
    """
    arm = ARMS[wildcards.arm]
    keys = {key: arm[key] for key in sorted(arm) if key not in ("title", "learning_rates", "C")}
    return {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in keys.items()}


@for_jobs
def validation_max(wildcards):
    """At most so many validation examples; where the size is a count, no more than that. None, all of the test split."""
    if VALIDATION == "test":
        return None
    most = EXPERIMENT["validation_max"]
    return min(most, int(wildcards.size)) if wildcards.size.isdigit() else most


def settings(arm):
    """The runs of each cell of an arm, as their folders are called."""
    if "C" in ARMS[arm]:
        return [f"C{float(value)!r}" for value in ARMS[arm]["C"]]
    return [f"lr{float(value)!r}" for value in ARMS[arm]["learning_rates"]]


def tokenizer_of(arm):
    """The name of an arm's tokenizer, in `models`."""
    return ARMS[arm].get("tokenizer") or ARMS[arm]["model"]


@for_jobs
def family(wildcards):
    """The family of an arm."""
    return ARMS[wildcards.arm]["family"]


@for_jobs
def threads(wildcards):
    """CPU threads of a training run, all its processes together."""
    return EXPERIMENT["threads"] * ARMS[wildcards.arm]["processes"]


@for_jobs
def gpus(wildcards):
    """GPUs of a training run, where there are any: one a process."""
    return GPUS * ARMS[wildcards.arm]["processes"]


@for_jobs
def test_gpus(wildcards):
    """GPUs to test a cell on, where there are any."""
    return GPUS if family(wildcards) in NEURAL else 0


def pretrained(wildcards):
    """A pretrained model, which a rule's wildcard or its arm names, as the config has it, and its version."""
    model = MODELS[wildcards.get("model") or ARMS[wildcards.arm]["model"]]
    if wildcards.get("arm") and ARMS[wildcards.arm].get("init") == "random":
        return without_weights(model, architecture_version)
    return model | {"version": weights_version(model["path"])}


def without_weights(model, version):
    """What says where a model is, and in which version, for what takes no weights of it. version: of its path."""
    return {"path": model["path"], "revision": model["revision"], "version": version(model["path"])}


def tokenizer(wildcards):
    """What says which tokenizer a rule's wildcard, or its arm, names: nothing about weights."""
    return without_weights(MODELS[wildcards.get("tokenizer") or tokenizer_of(wildcards.arm)], tokenizer_version)


def untrained(wildcards):
    """What an arm takes from its pretrained model to be timed: the tokenizer and, of a transformer, the architecture."""
    if ARMS[wildcards.arm]["family"] != "bert":
        return tokenizer(wildcards)
    model = tokenizer(wildcards)
    return model | {"architecture": architecture_version(model["path"])}


def shape(wildcards):
    """The keys of an arm that shape its model."""
    return {key: ARMS[wildcards.arm][key] for key in SHAPES if key in ARMS[wildcards.arm]}


def timed_arms():
    """The arms to time: those the config names, or all of the experiment that are neural networks."""
    named = EXPERIMENT["arms"] if TIMING["arms"] is None else TIMING["arms"]
    return [arm for arm in named if ARMS[arm]["family"] in NEURAL]


@for_jobs
def short_run(wildcards):
    """The group of training runs that take minutes, of which a cluster gets several as one job; None for longer ones."""
    return "short_runs" if wildcards.size.isdigit() and int(wildcards.size) <= 10_000 else None


def titles():
    """What datasets and arms of the experiment are called in tables and figures."""
    return {
        "dataset": {name: DATASETS[name]["title"] or name for name in EXPERIMENT["datasets"]},
        "arm": {name: ARMS[name]["title"] or name for name in EXPERIMENT["arms"]},
    }


def for_report(value):
    """A param as JSON without "<": Snakemake's report puts the params of its rules into the page as they are.

    A function, as Snakemake would take the braces in a text for wildcards.
    """
    return lambda wildcards: json.dumps(value).replace("<", "\\u003c")
