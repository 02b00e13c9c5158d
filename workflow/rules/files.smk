# The files that rules read and write, where a pattern does not say.


def tokens(wildcards, split):
    """A cell's tokens of one split."""
    return f"<results>/{wildcards.dataset}/tokens/{tokenizer_of(wildcards.arm)}/{split}.parquet"


def features(wildcards, split):
    """The features of one split that a probe reads."""
    return f"<results>/{wildcards.dataset}/features/{ARMS[wildcards.arm]['model']}/{split}.parquet"


@for_jobs
def training_tokens(wildcards):
    """Input function: the tokens that a training reads, and the embeddings that it starts from, if any."""
    splits = {"train": tokens(wildcards, "train"), "validation": tokens(wildcards, VALIDATION)}
    return splits | embeddings_of(wildcards)


@for_jobs
def training_features(wildcards):
    """Input function: the features that a probe is trained on."""
    return {"train": features(wildcards, "train"), "validation": features(wildcards, VALIDATION)}


@for_jobs
def test_data(wildcards):
    """Input function: what a cell's arm reads of the test split."""
    return (features if family(wildcards) == "probe" else tokens)(wildcards, "test")


@for_jobs
def runs(wildcards):
    """Input function: the files of all runs of a cell among which to select."""
    cell = RUNS.format(**wildcards)
    files = {"costs": "run.json", "models": "model.safetensors", "configs": "config.json"}
    return {key: [f"{cell}/{setting}/{file}" for setting in settings(wildcards.arm)] for key, file in files.items()}


def embeddings_of(wildcards):
    """The embedding file that an arm starts from, if any."""
    model = ARMS[wildcards.arm].get("embeddings")
    return {"embeddings": f"<results>/embeddings/{model}.safetensors"} if model else {}


def timings():
    """The files of all timings, an arm's settings together."""
    return [
        f"<results>/timing/{arm}/{device}-batch{batch_size}-length{length}.parquet"
        for device, batch_sizes in TIMING["devices"].items()
        for batch_size in batch_sizes
        for length in TIMING["lengths"]
        for arm in timed_arms()
    ]


def figure(name, label):
    """The three files of a figure; the PNG goes into the report."""
    png, *others = [f"<results>/figures/{name}.{suffix}" for suffix in ("png", "svg", "pdf")]
    shown = report(png, caption=f"../report/{name}.rst", category="Figures", labels={"figure": label})
    return [shown, *others]


def table(name, label):
    """The files of a table; its picture goes into the report."""
    data, words, latex, png, *others = [
        f"<results>/tables/{name}.{suffix}" for suffix in ("parquet", "md", "tex", "png", "svg", "pdf")
    ]
    shown = report(png, caption=f"../report/table_{name}.rst", category="Tables", labels={"table": label})
    return [data, words, latex, shown, *others]


def cells(pattern):
    """Input function: `pattern` for every cell of the experiment.

    Of a list in its place, Snakemake would hash the whole for each file in it, and every parse of the Snakefile, which
    each job on a cluster does, would make it.
    """
    return lambda wildcards: [pattern.format(**cell) for cell in grid(EXPERIMENT)]


def kept_if(policies, path):
    """`path`, marked as temporary unless `experiment.keep_models` is one of `policies`."""
    return path if EXPERIMENT["keep_models"] in policies else temp(path)
