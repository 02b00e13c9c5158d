import json
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from code_digest import code_digest
from configuration import check_config, size_name
from data_files import check_source, installed_version, model_version
from orphans import cancel_orphans, forget, register
from provenance import digest
from sizes import count
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
    facts = json.loads(summary.read_text())
    if facts["config_digest"] == digest(content(dataset)):
        for size in sizes:
            count(size, facts["rows"]["train"])


try:
    config.update(check_config(config))
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
ENVIRONMENT = "../../envs/environment.yaml"
SPLITS = ("train", "validation", "test")
SIZES = [size_name(size) for size in EXPERIMENT["sizes"]]
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


def recipe(wildcards):
    """The keys of an arm that shape its training: not its title, nor the values swept over, a run having one.

    Sorted, and with whole numbers as integers: another order, or 2.0 for 2, is no change.
    """
    arm = ARMS[wildcards.arm]
    keys = {key: arm[key] for key in sorted(arm) if key not in ("title", "learning_rates", "C")}
    return {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in keys.items()}


def validation_max(wildcards):
    """At most so many validation examples; where the size is a count, no more than that."""
    most = EXPERIMENT["validation_max"]
    return min(most, int(wildcards.size)) if wildcards.size.isdigit() else most


def settings(arm):
    """The runs of each cell of an arm, as their folders are called."""
    if ARMS[arm]["family"] == "tfidf":
        return [f"C{float(value)!r}" for value in ARMS[arm]["C"]]
    return [f"lr{float(value)!r}" for value in ARMS[arm]["learning_rates"]]


def tokenizer_of(arm):
    """The name of an arm's tokenizer, in `models`."""
    return ARMS[arm].get("tokenizer") or ARMS[arm]["model"]


def tokens(split):
    """Input function: a cell's tokens of one split."""
    return lambda wildcards: f"<results>/{wildcards.dataset}/tokens/{tokenizer_of(wildcards.arm)}/{split}.parquet"


def run_files(name):
    """Input function: file `name` of all runs of a cell."""
    return lambda wildcards: expand(f"{RUNS}/{{setting}}/{name}", **wildcards, setting=settings(wildcards.arm))


def embeddings_of(wildcards):
    """The embedding file that an LSTM arm starts from, if any."""
    model = ARMS[wildcards.arm]["embeddings"]
    return {"embeddings": f"<results>/embeddings/{model}.safetensors"} if model else {}


def pretrained(wildcards):
    """Path, checksum and version of the pretrained model that a rule's wildcard, or its arm, names."""
    name = wildcards.get("model") or wildcards.get("tokenizer") or ARMS[wildcards.arm]["model"]
    return MODELS[name] | {"version": model_version(MODELS[name]["path"])}


def short_run(wildcards):
    """The group of training runs that take minutes, of which a cluster gets several as one job; None for longer ones."""
    return "short_runs" if wildcards.size.isdigit() and int(wildcards.size) <= 10_000 else None


def figure(name, label):
    """The three files of a figure; the PNG goes into the report."""
    png, *others = [f"<results>/figures/{name}.{suffix}" for suffix in ("png", "svg", "pdf")]
    shown = report(png, caption=f"../report/{name}.rst", category="Figures", labels={"figure": label})
    return [shown, *others]


def cells(pattern):
    """`pattern` for every cell of the experiment."""
    return expand(pattern, dataset=EXPERIMENT["datasets"], arm=EXPERIMENT["arms"], size=SIZES, seed=EXPERIMENT["seeds"])


def titles():
    """What datasets and arms of the experiment are called in tables and figures."""
    return {
        "dataset": {name: DATASETS[name]["title"] or name for name in EXPERIMENT["datasets"]},
        "arm": {name: ARMS[name]["title"] or name for name in EXPERIMENT["arms"]},
    }


def kept_if(policies, path):
    """`path`, marked as temporary unless `experiment.keep_models` is one of `policies`."""
    return path if EXPERIMENT["keep_models"] in policies else temp(path)


def slurm_run():
    """What Slurm calls all jobs of this run of Snakemake; None where they do not go to Slurm."""
    return getattr(workflow.scheduler._executor, "run_uuid", None)


def before_first_job():
    """No job of an earlier run that was killed may write what a job of this one writes."""
    try:
        cancel_orphans()
    except BadInput as error:
        raise WorkflowError(str(error)) from None
    if slurm_run():
        register(slurm_run())


def after_last_job():
    """Clean up, and tell where to look."""
    if slurm_run():
        forget(slurm_run())
    print(closing_words())


def closing_words():
    """Where to look when all is done."""
    if not (RESULTS / "figures").is_dir():
        return ""
    return f"\nFigures: {RESULTS / 'figures'} (png, svg, pdf)\nTables:  {RESULTS / 'scores.parquet'}, gaps.parquet\n"
