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
        published=PUBLISHED,
        study=STUDY,
        code=code_digest("table_accuracy.py"),
    message:
        "Tabulating accuracy with the most labels"
    script:
        "../scripts/table_accuracy.py"


# Table 2: inference time per example.
rule table_inference:
    input:
        timings(),
    output:
        table("inference", "Inference time"),
    log:
        "<results>/logs/table_inference.log",
    conda:
        ENVIRONMENT
    params:
        reference=EXPERIMENT["reference"],
        titles=for_report({arm: ARMS[arm]["title"] or arm for arm in [EXPERIMENT["reference"], *timed_arms()]}),
        study=STUDY,
        code=code_digest("table_inference.py"),
    message:
        "Tabulating inference times"
    script:
        "../scripts/table_inference.py"
