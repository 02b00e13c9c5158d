# The selected model's predictions of the test split: the one reading of test data.
rule evaluate:
    input:
        selected=rules.select.output.selected,
        model=rules.select.output.model,
        config=rules.select.output.config,
        test=test_data,
    output:
        f"<results>/{{dataset}}/predictions/{{arm}}/{CELL}.parquet",
    log:
        f"<results>/logs/evaluate/{{dataset}}/{{arm}}/{CELL}.log",
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=test_gpus,
    params:
        family=family,
        code=code_digest("evaluate_cell.py"),
    message:
        "Testing {wildcards.arm}, {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate_cell.py"
