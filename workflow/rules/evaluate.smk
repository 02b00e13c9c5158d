# The predictions of the selected model on the test split, made once per cell. With `keep_models: none`, weights are
# deleted after they are tested, and a run that has predictions is not tested again: so these stay in place until the job
# writes new ones (`update`).
rule evaluate:
    input:
        selected=rules.select.output[0],
        model=rules.select.output[1:] if KEEPS_SELECTED else inputs_of.untested_weights,
        test=inputs_of.test,
        subset=ancient(rules.subsample.output[0]),
        # Models with frozen embeddings share one file of them.
        embeddings=lambda wildcards: map(ancient, inputs_of.embeddings(wildcards).values()),
    output:
        PREDICTIONS if KEEPS_SELECTED else update(PREDICTIONS),
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
