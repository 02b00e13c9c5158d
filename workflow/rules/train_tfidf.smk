# One TF-IDF baseline, on one subset at one regularization strength.
rule train_tfidf:
    input:
        unpack(training_tokens),
        subset=rules.subsample.output[0],
    output:
        model=kept_if(("all",), f"{RUNS}/{{setting}}/model.safetensors"),
        config=kept_if(("all",), f"{RUNS}/{{setting}}/config.json"),
        history=f"{RUNS}/{{setting}}/history.parquet",
        cost=f"{RUNS}/{{setting}}/run.json",
    log:
        f"<results>/logs/train_tfidf/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    wildcard_constraints:
        arm=arms_of("tfidf"),
    conda:
        ENVIRONMENT
    params:
        recipe=recipe,
        selection=EXPERIMENT["selection"],
        validation_max=validation_max,
        code=code_digest("train_tfidf.py"),
    message:
        "Fitting {wildcards.arm} to {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}, {wildcards.setting}"
    script:
        "../scripts/train_tfidf.py"
