# The tables, each as Parquet, Markdown, LaTeX and HTML.


# Table 1: score and gap to the reference arm by the number of labels, one table per dataset.
rule table_scores:
    input:
        scores=rules.score.output.scores,
        gaps=rules.score.output.gaps,
    output:
        [f"<results>/tables/scores.{suffix}" for suffix in ("parquet", "md", "tex")],
        report(
            "<results>/tables/scores.html",
            caption="../report/table_scores.rst",
            category="Tables",
            labels={"table": "Scores and gaps by the number of labels"},
        ),
    log:
        "<results>/logs/table_scores.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        reference=EXPERIMENT["reference"],
        published=PUBLISHED["points"],
        metric=EXPERIMENT["metric"],
        study=PUBLISHED["study"],
        code=code_digest("table_scores.py"),
    message:
        "Tabulating scores by the number of labels"
    script:
        "../scripts/table_scores.py"


# Table 2: inference time per text, one table per dataset.
rule table_inference:
    input:
        inputs_of.timings(),
    output:
        [f"<results>/tables/inference.{suffix}" for suffix in ("parquet", "md", "tex")],
        report(
            "<results>/tables/inference.html",
            caption="../report/table_inference.rst",
            category="Tables",
            labels={"table": "Inference time"},
        ),
    log:
        "<results>/logs/table_inference.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        # As JSON without "<": Snakemake's report puts the params of its rules into the page as they are. A function,
        # because Snakemake would take the braces in a text for wildcards.
        titles=lambda wildcards: json.dumps(catalogue.titles()).replace("<", "\\u003c"),
        timings=inputs_of.timings(),
        shown=catalogue.shown_time(),
        study=PUBLISHED["study"],
        code=code_digest("table_inference.py"),
    message:
        "Tabulating inference times"
    script:
        "../scripts/table_inference.py"


# Table 3: scores on further test sets, one table per dataset.
rule table_shifts:
    input:
        rules.score.output.shifts,
    output:
        [f"<results>/tables/shifts.{suffix}" for suffix in ("parquet", "md", "tex")],
        report(
            "<results>/tables/shifts.html",
            caption="../report/table_shifts.rst",
            category="Tables",
            labels={"table": "Scores on further test sets"},
        ),
    log:
        "<results>/logs/table_shifts.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        metric=EXPERIMENT["metric"],
        code=code_digest("table_shifts.py"),
    message:
        "Tabulating scores on further test sets"
    script:
        "../scripts/table_shifts.py"
