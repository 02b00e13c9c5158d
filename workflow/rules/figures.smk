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


# The published study's figure: accuracy less the reference arm's over the share of training data, its points beside it.
rule plot_share:
    input:
        rules.score.output.gaps,
    output:
        figure("share", "Difference over the share of training data"),
    log:
        "<results>/logs/plot_share.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        style=config["figures"],
        published=PUBLISHED,
        study=STUDY,
        code=code_digest("plot_share.py"),
    message:
        "Drawing the difference over the share of training data"
    script:
        "../scripts/plot_share.py"


# Accuracy over what it costs to train and to use.
rule plot_cost:
    input:
        rules.score.output.scores,
    output:
        figure("cost", "Accuracy over cost"),
    log:
        "<results>/logs/plot_cost.log",
    conda:
        ENVIRONMENT
    params:
        arms=EXPERIMENT["arms"],
        style=config["figures"],
        code=code_digest("plot_cost.py"),
    message:
        "Drawing accuracy over cost"
    script:
        "../scripts/plot_cost.py"
