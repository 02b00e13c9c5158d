# What a trained arm says of the training texts of another one, and of texts without labels.
rule teach:
    input:
        unpack(inputs_of.teaching),
        subset=SUBSET,
    output:
        f"<results>/{{dataset}}/soft_labels/{{arm}}/{CELL}.parquet",
    log:
        f"<results>/logs/teach/{{dataset}}/{{arm}}/{CELL}.log",
    wildcard_constraints:
        arm=one_of(catalogue.arms_with("teacher")),
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        teacher=params_of.teacher,
        tokenizer=params_of.tokenizer,
        tested=params_of.tested,
        name=lambda wildcards: catalogue.tokenizer_of(wildcards.arm),
        code=params_of.teaching_code,
    message:
        "Labelling texts for {wildcards.arm} by its teacher, {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/teach.py"
