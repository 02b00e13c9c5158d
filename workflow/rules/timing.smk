# How long an arm takes to classify a batch. The job reserves all cores, so that nothing else runs; it uses
# `timing.threads` of them.
rule time_inference:
    input:
        unpack(inputs_of.embeddings),
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
    # All cores, so that nothing else runs. With a cluster, their number is not set: each timing is a separate job.
    threads: workflow.resource_settings.cores or TIMING["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus() if wildcards.device == "cuda" else 0,
    params:
        recipe=params_of.shape,
        pretrained=params_of.untrained,
        how={key: TIMING[key] for key in ("threads", "precision", "warmup", "repetitions")},
        code=params_of.timing_code,
    message:
        "Timing {wildcards.arm} on {wildcards.device}, {wildcards.batch_size} x {wildcards.length} tokens"
    script:
        "../scripts/time_inference.py"
