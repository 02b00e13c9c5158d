# Labelled examples that a language model writes for an arm, from those of one cell.
rule generate:
    input:
        unpack(inputs_of.generation),
        subset=SUBSET,
    output:
        f"<results>/{{dataset}}/generated/{{arm}}/{CELL}.parquet",
    log:
        f"<results>/logs/generate/{{dataset}}/{{arm}}/{CELL}.log",
    wildcard_constraints:
        arm=one_of(catalogue.arms_with("augment")),
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
        mem_mb=resources_of.writing_memory,
    params:
        augment=params_of.generation,
        generator=params_of.generator,
        tokenizer=params_of.tokenizer,
        tested=params_of.tested,
        name=lambda wildcards: catalogue.tokenizer_of(wildcards.arm),
        code=code_digest("generate.py"),
    message:
        "Writing examples for {wildcards.arm} from {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/generate.py"
