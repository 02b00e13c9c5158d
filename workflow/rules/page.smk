# The decision page: one HTML file that opens offline. It shows the config, which is no param: many of its keys change no
# number.
rule page:
    input:
        scores=rules.score.output.scores,
        by_group=rules.score.output.by_group,
        answer=rules.answer.output.table,
        worth=rules.answer.output.worth,
        beyond=rules.answer.output.beyond,
        pairs=rules.answer.output.pairs,
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        summaries=inputs_of.summaries,
        examples=inputs_of.examples,
        times=rules.table_inference.output[0] if HAS_TIMES else [],
    output:
        report("<results>/answer.html", category="Answer", labels={"page": "What to use"}),
    log:
        "<results>/logs/page.log",
    group:
        "summary"
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        threshold=catalogue.one_point,
        metric=EXPERIMENT["metric"],
        missing=lambda wildcards: inputs_of.missing_cells(),
        costs=config["costs"],
        timed=HAS_TIMES,
        code=page_code(),
    message:
        "Writing the decision page"
    script:
        "../scripts/decision_page.py"
