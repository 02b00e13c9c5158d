# Raw texts of any source: cleaned, split, shuffled once.
rule ingest:
    input:
        lambda wildcards: check_source(wildcards.dataset, DATASETS[wildcards.dataset]),
    output:
        examples="<results>/{dataset}/examples.parquet",
        summary="<results>/{dataset}/dataset.json",
    log:
        "<results>/logs/ingest/{dataset}.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        dataset=lambda wildcards: content(DATASETS[wildcards.dataset]),
        code=code_digest("ingest.py"),
    message:
        "Reading data set {wildcards.dataset}"
    script:
        "../scripts/ingest.py"
