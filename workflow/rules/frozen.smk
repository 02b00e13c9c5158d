# Outputs of a frozen pretrained model, made once for all runs that use it.


# Its matrix of token embeddings, from which LSTMs start.
rule extract_embeddings:
    output:
        "<results>/embeddings/{model}.safetensors",
    log:
        "<results>/logs/extract_embeddings/{model}.log",
    conda:
        ENVIRONMENT
    params:
        pretrained=params_of.pretrained,
        code=code_digest("extract_embeddings.py"),
    message:
        "Extracting token embeddings from {wildcards.model}"
    script:
        "../scripts/extract_embeddings.py"


# Its features of every text, which probes read.
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
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        pretrained=params_of.pretrained,
        code=code_digest("extract_features.py"),
    message:
        "Extracting features of {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/extract_features.py"
