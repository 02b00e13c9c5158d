# All cells in two tidy tables.
rule score:
    input:
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        selected=inputs_of.cells(rules.select.output[0]),
        summaries=inputs_of.summaries,
    output:
        scores="<results>/scores.parquet",
        gaps="<results>/gaps.parquet",
    log:
        "<results>/logs/score.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        titles=catalogue.titles(),
        cells=lambda wildcards: digest(inputs_of.scored_cells()),
        code=code_digest("score.py"),
    message:
        "Scoring all cells"
    script:
        "../scripts/score.py"
