# The decision page: one HTML file that opens offline. It shows the config, which is no param: many of its keys change no
# number.
rule page:
    input:
        scores=rules.score.output.scores,
        by_group=rules.score.output.by_group,
        shifts=rules.score.output.shifts,
        group_gaps=rules.score.output.group_gaps,
        answer=rules.answer.output.table,
        worth=rules.answer.output.worth,
        beyond=rules.answer.output.beyond,
        efficiency=rules.answer.output.efficiency,
        across=rules.answer.output.across,
        pairs=rules.answer.output.pairs,
        predictions=inputs_of.cells(rules.evaluate.output[0]),
        summaries=inputs_of.summaries,
        examples=inputs_of.examples,
        times=rules.table_inference.output[0] if HAS_TIMES else [],
    output:
        report(
            "<results>/answer.html",
            caption="../report/page.rst",
            category="Answer",
            labels={"page": "What to use, interactive"},
        ),
    log:
        "<results>/logs/page.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        threshold=catalogue.one_point,
        metric=EXPERIMENT["metric"],
        missing=lambda wildcards: inputs_of.missing_cells(),
        costs=config["costs"],
        target=config["target"],
        teachers=catalogue.teachers(),
        timed=HAS_TIMES,
        code=page_code(),
    message:
        "Writing the decision page"
    script:
        "../scripts/decision_page.py"
