# Outputs of a frozen pretrained model, made once for all runs that use it.


# Its matrix of token embeddings, from which LSTMs start.
rule extract_embeddings:
    input:
        unpack(model_jobs.weights),
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
        unpack(model_jobs.feature_tokens),
        unpack(model_jobs.weights),
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
        unpack(model_jobs.weights),
        tokens=model_jobs.training_feature_tokens,
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


# The states of other layers, or pooled in another way, of one split; of the training split, those of texts that cells use.
rule extract_states:
    input:
        unpack(model_jobs.weights),
        tokens=model_jobs.state_tokens,
        subsets=inputs_of.state_subsets,
    output:
        "<results>/{dataset}/features/{model}/length-{length}-{states}/{split}.parquet",
    log:
        "<results>/logs/extract_states/{dataset}/{model}-{length}-{states}-{split}.log",
    wildcard_constraints:
        split="train|validation|test",
    priority: 1
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        pretrained=params_of.pretrained,
        max_length=params_of.feature_length,
        subsets=inputs_of.names_of_state_subsets,
        code=code_digest("extract_states.py"),
    message:
        "Extracting states ({wildcards.states}) of {wildcards.split} texts of {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/extract_states.py"
