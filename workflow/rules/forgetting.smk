# What the selected models of all cells that start from a model made by masked words have forgotten of it.
rule measure_forgetting:
    input:
        selected=forgetting_jobs.selected,
        weights=forgetting_jobs.weights,
        models=forgetting_jobs.models,
    output:
        "<results>/forgetting.parquet",
    log:
        "<results>/logs/measure_forgetting.log",
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        cells=lambda wildcards: forgetting_jobs.cells(),
        models=lambda wildcards: forgetting_jobs.recipes(),
        code=code_digest("measure_forgetting.py"),
    message:
        "Measuring what fine-tuning has made models forget"
    script:
        "../scripts/measure_forgetting.py"
