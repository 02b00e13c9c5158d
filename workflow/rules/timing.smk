# How long the selected model of a cell takes to classify test texts. One cell of each arm and dataset is timed: its
# largest size and first seed, as another one of the same architecture takes as long. The job reserves all cores, so that
# nothing else runs; it uses `timing.threads` of them.
rule time_inference:
    input:
        # Not `ancient`: below such an input Snakemake leaves out jobs that a new one makes necessary.
        selected=rules.select.output[0],
        model=rules.select.output[1:],
        complete=rules.evaluate.output[1:],
        examples=rules.ingest.output.examples,
        subset=ancient(SUBSET),
    output:
        f"<results>/{TIMING_FILE}",
    log:
        f"<results>/logs/time_inference/{{dataset}}/{{arm}}/{CELL}/{{device}}.log",
    wildcard_constraints:
        device="cpu|cuda",
    conda:
        ENVIRONMENT
    # All cores, so that nothing else runs. With a cluster, their number is not set: each timing is a separate job.
    threads: workflow.resource_settings.cores or TIMING["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus() if wildcards.device == "cuda" else 0,
    params:
        model=params_of.timed_model,
        how=params_of.timing,
        code=params_of.timing_code,
    message:
        "Timing {wildcards.arm} of {wildcards.dataset} on {wildcards.device}"
    script:
        "../scripts/time_inference.py"
