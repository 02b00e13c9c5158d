# All cells in tidy tables.
rule score:
    input:
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        selected=inputs_of.cells(rules.select.output[0]),
        summaries=inputs_of.summaries,
        examples=inputs_of.examples,
        made=inputs_of.pretraining_runs,
        shifted=shift_jobs.predictions,
    output:
        scores="<results>/scores.parquet",
        gaps="<results>/gaps.parquet",
        tuning="<results>/tuning.parquet",
        by_class="<results>/scores_by_class.parquet",
        by_group="<results>/scores_by_group.parquet",
        group_gaps="<results>/group_gaps.parquet",
        shifts="<results>/scores_shift.parquet",
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
        budget=EXPERIMENT["budget"],
        titles=catalogue.titles(),
        behind=lambda wildcards: catalogue.pretraining(),
        cells=lambda wildcards: digest(inputs_of.scored_cells()),
        shifts=lambda wildcards: digest(shift_jobs.predictions(wildcards)),
        code=scoring_code("score.py"),
    message:
        "Scoring all cells"
    script:
        "../scripts/score.py"
