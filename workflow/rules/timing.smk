# How long an arm takes to classify a batch. It claims all cores, so that nothing runs beside it; `timing.threads` work.
rule time_inference:
    input:
        unpack(embeddings_of),
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
    threads: ALONE
    resources:
        gpu=lambda wildcards: GPUS if wildcards.device == "cuda" else 0,
    params:
        recipe=shape,
        pretrained=untrained,
        how={key: TIMING[key] for key in ("threads", "precision", "warmup", "repetitions")},
        code=code_digest("time_inference.py"),
    message:
        "Timing {wildcards.arm} on {wildcards.device}, {wildcards.batch_size} x {wildcards.length} tokens"
    script:
        "../scripts/time_inference.py"
