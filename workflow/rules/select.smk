# Of a cell's runs, the one with the best validation accuracy; its model is kept.
rule select:
    input:
        unpack(runs),
    output:
        selected=f"{RUNS}/selected.json",
        model=kept_if(("all", "selected"), f"{RUNS}/selected/model.safetensors"),
        config=kept_if(("all", "selected"), f"{RUNS}/selected/config.json"),
    log:
        f"<results>/logs/select/{{dataset}}/{{arm}}/{CELL}.log",
    conda:
        ENVIRONMENT
    params:
        code=code_digest("select_run.py"),
    message:
        "Selecting among the runs of {wildcards.arm}, {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/select_run.py"
