# The predictions of the selected model on the test split, made once per cell, and the files that its folder needs to work
# by itself: tokenizer, classifier.json, README.md. With `keep_models: none`, weights are
# deleted after they are tested, and a run that has predictions is not tested again: so these stay in place until the job
# writes new ones (`update`).
rule evaluate:
    input:
        selected=rules.select.output[0],
        model=rules.select.output[1:] if KEEPS_SELECTED else inputs_of.untested_weights,
        test=inputs_of.test,
        subset=ancient(SUBSET),
        tokenizer=inputs_of.tokenizer if KEEPS_SELECTED else [],
        # Models with frozen embeddings share one file of them.
        embeddings=lambda wildcards: map(ancient, inputs_of.embeddings(wildcards).values()),
    output:
        PREDICTIONS if KEEPS_SELECTED else update(PREDICTIONS),
        [f"{RUNS}/selected/{name}" for name in (ABOUT, CARD)] if KEEPS_SELECTED else [],
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
        origin=params_of.origin,
        metric=catalogue.metric.as_scored(),
        code=params_of.test_code,
    message:
        "Testing {wildcards.arm} on {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate_cell.py"
