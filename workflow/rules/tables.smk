# The two tables, each as Parquet, Markdown, LaTeX and HTML.


def table(name, label):
    """Return the files of a table; its page goes into the report."""
    data, words, latex, page = [f"<results>/tables/{name}.{suffix}" for suffix in ("parquet", "md", "tex", "html")]
    shown = report(page, caption=f"../report/table_{name}.rst", category="Tables", labels={"table": label})
    return [data, words, latex, shown]


def for_report(value):
    """Return a param as JSON without "<": Snakemake's report puts the params of its rules into the page as they are.

    A function, as Snakemake would take the braces in a text for wildcards.
    """
    return lambda wildcards: json.dumps(value).replace("<", "\\u003c")


# Table 1: accuracy with the most labels, difference from the reference arm, parameters.
rule table_accuracy:
    input:
        scores=rules.score.output.scores,
        gaps=rules.score.output.gaps,
    output:
        table("accuracy", "Accuracy with the most labels"),
    log:
        "<results>/logs/table_accuracy.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        reference=EXPERIMENT["reference"],
        published=PUBLISHED["points"],
        study=PUBLISHED["study"],
        code=code_digest("table_accuracy.py"),
    message:
        "Tabulating accuracy with the most labels"
    script:
        "../scripts/table_accuracy.py"


# Table 2: inference time per example.
rule table_inference:
    input:
        inputs_of.timings(),
    output:
        table("inference", "Inference time"),
    log:
        "<results>/logs/table_inference.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        titles=for_report(catalogue.titles_of([EXPERIMENT["reference"], *catalogue.timed_arms()])),
        timings=inputs_of.timings(),
        study=PUBLISHED["study"],
        code=code_digest("table_inference.py"),
    message:
        "Tabulating inference times"
    script:
        "../scripts/table_inference.py"
