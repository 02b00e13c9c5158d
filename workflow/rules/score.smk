# All cells in two tidy tables.
rule score:
    input:
        predictions=cells(rules.evaluate.output[0]),
        selected=cells(rules.select.output.selected),
        summaries=expand(rules.ingest.output.summary, dataset=EXPERIMENT["datasets"]),
    output:
        scores="<results>/scores.parquet",
        gaps="<results>/gaps.parquet",
    log:
        "<results>/logs/score.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        titles=titles(),
        code=code_digest("score.py"),
    message:
        "Scoring all cells"
    script:
        "../scripts/score.py"
