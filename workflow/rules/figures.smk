# Accuracy over labelled examples, a line an arm, a panel a dataset.
rule plot_accuracy:
    input:
        rules.score.output.scores,
    output:
        figure("accuracy", "Accuracy over labelled examples"),
    log:
        "<results>/logs/plot_accuracy.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        style=config["figures"],
        code=code_digest("plot_accuracy.py"),
    message:
        "Drawing accuracy over labelled examples"
    script:
        "../scripts/plot_accuracy.py"


# How far each arm stays behind the reference arm.
rule plot_gap:
    input:
        rules.score.output.gaps,
    output:
        figure("gap", "Gap to the reference arm"),
    log:
        "<results>/logs/plot_gap.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        style=config["figures"],
        code=code_digest("plot_gap.py"),
    message:
        "Drawing the gap to {EXPERIMENT[reference]}"
    script:
        "../scripts/plot_gap.py"
