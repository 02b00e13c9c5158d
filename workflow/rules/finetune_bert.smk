# One transformer fine-tuned, or trained from random weights, on one subset at one learning rate.
rule finetune_bert:
    input:
        unpack(training_tokens),
        subset=rules.subsample.output[0],
    output:
        model=kept_if(("all",), f"{RUNS}/{{setting}}/model.safetensors"),
        config=kept_if(("all",), f"{RUNS}/{{setting}}/config.json"),
        history=f"{RUNS}/{{setting}}/history.parquet",
        cost=f"{RUNS}/{{setting}}/run.json",
    log:
        f"<results>/logs/finetune_bert/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    wildcard_constraints:
        arm=arms_of("bert"),
    priority: 1  # the longest runs first, so that none is left alone at the end
    group:
        short_run
    conda:
        ENVIRONMENT
    threads: threads
    resources:
        gpu=gpus,
    params:
        recipe=recipe,
        pretrained=pretrained,
        selection=EXPERIMENT["selection"],
        validation_max=validation_max,
        code=code_digest("finetune_bert.py"),
    message:
        "Fine-tuning {wildcards.arm} on {wildcards.size} examples of {wildcards.dataset}, seed {wildcards.seed}, {wildcards.setting}; follow it: {log}"
    script:
        "../scripts/finetune_bert.py"
