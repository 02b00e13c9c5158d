# The token-embedding matrix of a pretrained model, for LSTMs to start from.
rule extract_embeddings:
    output:
        "<results>/embeddings/{model}.safetensors",
    log:
        "<results>/logs/extract_embeddings/{model}.log",
    conda:
        ENVIRONMENT
    params:
        pretrained=pretrained,
        code=code_digest("extract_embeddings.py"),
    message:
        "Taking token embeddings from {wildcards.model}"
    script:
        "../scripts/extract_embeddings.py"


# One LSTM from scratch, on one subset at one learning rate.
rule train_lstm:
    input:
        unpack(training_tokens),
        subset=rules.subsample.output[0],
    output:
        model=kept_if(("all",), f"{RUNS}/{{setting}}/model.safetensors"),
        config=kept_if(("all",), f"{RUNS}/{{setting}}/config.json"),
        history=f"{RUNS}/{{setting}}/history.parquet",
        cost=f"{RUNS}/{{setting}}/run.json",
    log:
        f"<results>/logs/train_lstm/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    wildcard_constraints:
        arm=arms_of("lstm"),
    group:
        short_run
    conda:
        ENVIRONMENT
    threads: threads
    resources:
        gpu=gpus,
    params:
        recipe=recipe,
        selection=EXPERIMENT["selection"],
        validation_max=validation_max,
        code=code_digest("train_lstm.py"),
    message:
        "Training {wildcards.arm} on {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}, {wildcards.setting}; follow it: {log}"
    script:
        "../scripts/train_lstm.py"
