# The selected model's predictions of the test split: the one reading of test data. With `keep_models: none`, weights are
# deleted once they are tested, and a run whose predictions are there is not tested again: so these stay until then.
rule evaluate:
    input:
        selected=rules.select.output[0],
        model=rules.select.output[1:] if KEEPS_SELECTED else inputs_of.untested_weights,
        test=inputs_of.test,
    output:
        update(f"<results>/{{dataset}}/predictions/{{arm}}/{CELL}.parquet"),
    log:
        f"<results>/logs/evaluate/{{dataset}}/{{arm}}/{CELL}.log",
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=resources_of.test_gpus,
    params:
        family=params_of.family,
        reads=params_of.reads,
        neural=params_of.neural,
        code=params_of.test_code,
    message:
        "Testing {wildcards.arm}, {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate_cell.py"
