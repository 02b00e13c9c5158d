# Models that the workflow makes, from texts.


# A tokenizer that is trained on the texts of a model.
rule train_tokenizer:
    input:
        unpack(model_jobs.to_tokenize_by),
    output:
        "<results>/pretrained/{made}/tokenizer/tokenizer.json",
    log:
        "<results>/logs/train_tokenizer/{made}.log",
    priority: 50
    conda:
        ENVIRONMENT
    threads: 2
    params:
        tokenizer=model_jobs.training_of_tokenizer,
        code=code_digest("train_tokenizer.py"),
    message:
        "Training the tokenizer of {wildcards.made}"
    script:
        "../scripts/train_tokenizer.py"


# Its texts as rows of tokens, all of one length.
rule pack_texts:
    input:
        unpack(model_jobs.to_pack),
    output:
        train="<results>/pretrained/{made}/rows/train.parquet",
        held_out="<results>/pretrained/{made}/rows/held_out.parquet",
    log:
        "<results>/logs/pack_texts/{made}.log",
    priority: 50
    conda:
        ENVIRONMENT
    threads: 2
    params:
        recipe=model_jobs.packing,
        tokenizer=model_jobs.tokenizer,
        code=code_digest("pack_texts.py"),
    message:
        "Packing the texts that {wildcards.made} is pretrained on"
    script:
        "../scripts/pack_texts.py"


# No text that a dataset tests or validates on may be among them.
rule check_leaks:
    input:
        unpack(model_jobs.to_compare),
    output:
        "<results>/{dataset}/leaks/{made}.json",
    log:
        "<results>/logs/check_leaks/{dataset}/{made}.log",
    priority: 90  # before anything is trained
    conda:
        ENVIRONMENT
    params:
        read=model_jobs.reading,
        code=code_digest("check_leaks.py"),
    message:
        "Checking that {wildcards.made} is not pretrained on test texts of {wildcards.dataset}"
    script:
        "../scripts/check_leaks.py"


# Nor one of a further test set that is read from files. Cells are trained without it: only tests on this set need it.
use rule check_leaks as check_shift_leaks with:
    output:
        f"<results>/{SHIFT_FOLDER}/leaks/{{made}}.json",
    log:
        "<results>/logs/check_shift_leaks/{dataset}/{shift}/{made}.log",
    message:
        "Checking that {wildcards.made} is not pretrained on texts of {wildcards.shift} of {wildcards.dataset}"


# The model: a folder that transformers loads.
rule pretrain:
    input:
        unpack(model_jobs.to_learn),
    output:
        model="<results>/pretrained/{made}/model.safetensors",
        config="<results>/pretrained/{made}/config.json",
        history="<results>/pretrained/{made}/history.parquet",
        cost="<results>/pretrained/{made}/run.json",
        tokenizer="<results>/pretrained/{made}/about.json",
    log:
        "<results>/logs/pretrain/{made}.log",
    priority: 2  # before the runs that wait for it
    conda:
        ENVIRONMENT
    threads: resources_of.pretraining_threads
    resources:
        gpu=resources_of.pretraining_gpus,
        mem_mb=resources_of.pretraining_memory,
        runtime=resources_of.pretraining_minutes,
    params:
        recipe=model_jobs.pretraining,
        base=model_jobs.base,
        tokenizer=model_jobs.tokenizer,
        code=code_digest("pretrain.py"),
    message:
        "Pretraining {wildcards.made}; follow it: {log}"
    script:
        "../scripts/pretrain.py"
