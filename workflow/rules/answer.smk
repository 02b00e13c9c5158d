# From how many labels on the gap to the reference arm is small, in numbers and in words.
rule answer:
    input:
        scores=rules.score.output.scores,
        gaps=rules.score.output.gaps,
        by_group=rules.score.output.by_group,
        group_gaps=rules.score.output.group_gaps,
        shifts=rules.score.output.shifts,
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        summaries=inputs_of.summaries,
        times=rules.table_inference.output[0] if HAS_TIMES else [],
    output:
        table="<results>/answer.parquet",
        worth="<results>/worth.parquet",
        beyond="<results>/beyond.parquet",
        efficiency="<results>/efficiency.parquet",
        across="<results>/across.parquet",
        pairs="<results>/pairs.parquet",
        recommendation="<results>/recommendation.parquet",
        text="<results>/answer.md",
        page=report(
            "<results>/answer_words.html",
            caption="../report/answer.rst",
            category="Answer",
            labels={"page": "The answer in words"},
        ),
    log:
        "<results>/logs/answer.log",
    conda:
        ENVIRONMENT
    params:
        threshold=catalogue.one_point,
        metric=EXPERIMENT["metric"],
        missing=lambda wildcards: inputs_of.missing_cells(),
        costs=config["costs"],
        target=config["target"],
        teachers=catalogue.teachers(),
        timed=HAS_TIMES,
        code=scoring_code("answer.py"),
    message:
        "Answering from how many labels on the gap is small"
    script:
        "../scripts/answer.py"
