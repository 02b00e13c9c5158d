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


# Its features of every validation and test text, which probes and nearest neighbours read.
rule extract_features:
    input:
        **{split: f"<results>/{{dataset}}/tokens/{{model}}/{split}.parquet" for split in ("validation", "test")},
    output:
        **{
            split: f"<results>/{{dataset}}/features/{{model}}/length-{{length}}/{split}.parquet"
            for split in ("validation", "test")
        },
    log:
        "<results>/logs/extract_features/{dataset}/{model}-{length}.log",
    priority: 1
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        pretrained=params_of.pretrained,
        max_length=params_of.feature_length,
        code=code_digest("extract_features.py"),
    message:
        "Extracting features of {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/extract_features.py"


# Its features of the training texts that cells of the experiment use. A new subset (`params`) adds those of its new rows
# (`update`), and cells that are trained already do not read the file again (`ancient`, in train.smk).
rule extract_training_features:
    input:
        tokens="<results>/{dataset}/tokens/{model}/train.parquet",
        subsets=inputs_of.feature_subsets,
    output:
        update("<results>/{dataset}/features/{model}/length-{length}/train.parquet"),
    log:
        "<results>/logs/extract_training_features/{dataset}/{model}-{length}.log",
    priority: 1
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        pretrained=params_of.pretrained,
        max_length=params_of.feature_length,
        subsets=inputs_of.subsets_with_features,
        code=code_digest("extract_training_features.py"),
    message:
        "Extracting features of training texts of {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/extract_training_features.py"
