TIMING = config["timing"]
# The keys of an arm that shape its model; the others say how it is trained.
SHAPES = ("family", "embeddings", "freeze_embeddings", "embedding_size", "layers", "hidden", "dropout")


def shape(wildcards):
    """The keys of an arm that shape its model."""
    return {key: ARMS[wildcards.arm][key] for key in SHAPES if key in ARMS[wildcards.arm]}


def model_of(wildcards):
    """The model of the config that gives an arm its tokenizer and, a transformer, its architecture."""
    model = MODELS[tokenizer_of(wildcards.arm)]
    return model | {"version": model_version(model["path"])}


def start_of(wildcards):
    """Input function: the embedding file of an LSTM that has one."""
    return embeddings_of(wildcards) if ARMS[wildcards.arm]["family"] == "lstm" else {}


def timed_arms():
    """The arms to time: those the config names, or all of the experiment that are neural networks."""
    named = EXPERIMENT["arms"] if TIMING["arms"] is None else TIMING["arms"]
    return [arm for arm in named if ARMS[arm]["family"] in ("bert", "lstm")]


def timings():
    """The files of all timings, an arm's settings together."""
    return [
        f"<results>/timing/{arm}/{device}-batch{batch_size}-length{length}.parquet"
        for device, batch_sizes in TIMING["devices"].items()
        for batch_size in batch_sizes
        for length in TIMING["lengths"]
        for arm in timed_arms()
    ]


# How long an arm takes to classify a batch. It claims all cores, so that nothing runs beside it; `timing.threads` work.
rule time_inference:
    input:
        unpack(start_of),
    output:
        "<results>/timing/{arm}/{device}-batch{batch_size}-length{length}.parquet",
    log:
        "<results>/logs/time_inference/{arm}/{device}-batch{batch_size}-length{length}.log",
    wildcard_constraints:
        device="cpu|cuda",
        batch_size=r"\d+",
        length=r"\d+",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=lambda wildcards: GPUS if wildcards.device == "cuda" else 0,
    params:
        recipe=shape,
        pretrained=model_of,
        how={key: TIMING[key] for key in ("threads", "precision", "warmup", "repetitions")},
        code=code_digest("time_inference.py"),
    message:
        "Timing {wildcards.arm} on {wildcards.device}, {wildcards.batch_size} x {wildcards.length} tokens"
    script:
        "../scripts/time_inference.py"
