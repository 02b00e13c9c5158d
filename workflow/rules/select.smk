# The run of a cell with the best validation score; the models of the others are deleted, depending on `keep_models`.
rule select:
    input:
        costs=inputs_of.run_costs,
        # A new time of these files is no reason to select again: the output is linked to them.
        lost=lambda wildcards: map(ancient, inputs_of.lost_weights(wildcards) if KEEPS_SELECTED else []),
    output:
        f"{RUNS}/selected.json",
        [f"{RUNS}/selected/{file}" for file in MODEL_FILES] if KEEPS_SELECTED else [],
    log:
        f"<results>/logs/select/{{dataset}}/{{arm}}/{CELL}.log",
    conda:
        ENVIRONMENT
    params:
        settings=params_of.settings,
        sign=catalogue.metric.sign,
        code=code_digest("select_run.py"),
    message:
        "Selecting among the runs of {wildcards.arm} on {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/select_run.py"
