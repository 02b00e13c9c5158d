# Raw texts of any source: cleaned, split, shuffled once.
rule ingest:
    input:
        inputs_of.source_files,
    output:
        examples="<results>/{dataset}/examples.parquet",
        summary="<results>/{dataset}/dataset.json",
    log:
        "<results>/logs/ingest/{dataset}.log",
    priority: 100  # nothing is timed before the data are known to be good
    conda:
        ENVIRONMENT
    threads: 2
    params:
        name=lambda wildcards: wildcards.dataset,  # it is in the files, which Snakemake's cache may share
        dataset=params_of.dataset_content,
        code=params_of.ingest_code,
    message:
        "Reading data set {wildcards.dataset}"
    script:
        "../scripts/ingest.py"
