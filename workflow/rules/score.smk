# All cells in tidy tables.
rule score:
    input:
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        selected=inputs_of.cells(rules.select.output[0]),
        summaries=inputs_of.summaries,
        examples=inputs_of.examples,
    output:
        scores="<results>/scores.parquet",
        gaps="<results>/gaps.parquet",
        tuning="<results>/tuning.parquet",
        by_class="<results>/scores_by_class.parquet",
        by_group="<results>/scores_by_group.parquet",
        label_issues="<results>/label_issues.parquet",
        confusion="<results>/confusion.parquet",
        reliability="<results>/reliability.parquet",
    log:
        "<results>/logs/score.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        metric=EXPERIMENT["metric"],
        titles=catalogue.titles(),
        cells=lambda wildcards: digest(inputs_of.scored_cells()),
        code=scoring_code("score.py"),
    message:
        "Scoring all cells"
    script:
        "../scripts/score.py"
