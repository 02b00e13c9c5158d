# What a frozen encoder makes of every text, once for all probes of it.
rule extract_features:
    input:
        **{split: f"<results>/{{dataset}}/tokens/{{model}}/{split}.parquet" for split in SPLITS},
    output:
        **{split: f"<results>/{{dataset}}/features/{{model}}/{split}.parquet" for split in SPLITS},
    log:
        "<results>/logs/extract_features/{dataset}/{model}.log",
    priority: 1
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=GPUS,
    params:
        pretrained=pretrained,
        code=code_digest("extract_features.py"),
    message:
        "Taking features of {wildcards.dataset} from {wildcards.model}"
    script:
        "../scripts/extract_features.py"


# One logistic regression on those features, on one subset at one regularization strength.
rule train_probe:
    input:
        unpack(training_features),
        subset=rules.subsample.output[0],
    output:
        model=kept_if(("all",), f"{RUNS}/{{setting}}/model.safetensors"),
        config=kept_if(("all",), f"{RUNS}/{{setting}}/config.json"),
        history=f"{RUNS}/{{setting}}/history.parquet",
        cost=f"{RUNS}/{{setting}}/run.json",
    log:
        f"<results>/logs/train_probe/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    wildcard_constraints:
        arm=arms_of("probe"),
    conda:
        ENVIRONMENT
    params:
        recipe=recipe,
        selection=EXPERIMENT["selection"],
        validation_max=validation_max,
        code=code_digest("train_probe.py"),
    message:
        "Fitting {wildcards.arm} to {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}, {wildcards.setting}"
    script:
        "../scripts/train_probe.py"
