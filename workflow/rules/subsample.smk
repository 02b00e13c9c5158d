# The training rows of a size and a seed. Its priority makes a bad size fail before anything is trained.
rule subsample:
    input:
        examples=rules.ingest.output.examples,
        dataset=rules.ingest.output.summary,
    output:
        SUBSET,
    log:
        f"<results>/logs/subsample/{{dataset}}/{CELL}.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        stratify=EXPERIMENT["stratify"],
        code=code_digest("subsample.py"),
    message:
        "Choosing examples of {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/subsample.py"
