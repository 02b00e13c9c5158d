# The figures of the table in report/figures/__init__.py, each as PNG, SVG and PDF; the PNG goes into the report.

DRAWN = dict(rules.score.output.items()) | dict(rules.answer.output.items())
DRAWN |= {"times": rules.table_inference.output[0]} if HAS_TIMES else {}


for figure in FIGURES.values():

    rule:
        name:
            f"plot_{figure.name}"
        input:
            DRAWN[figure.reads],
            **{name: DRAWN[name] for name in figure.also if name in DRAWN},
        output:
            report(
                f"<results>/figures/{figure.name}.png",
                caption=f"../report/{figure.name}.rst",
                category="Figures",
                labels={"figure": figure.label},
            ),
            f"<results>/figures/{figure.name}.svg",
            f"<results>/figures/{figure.name}.pdf",
        log:
            f"<results>/logs/plot_{figure.name}.log",
        group:
            "summary"
        conda:
            ENVIRONMENT
        params:
            figure=figure.name,
            timed=HAS_TIMES and "times" in figure.also,
            arms=EXPERIMENT["arms"],
            style=config["figures"] | {"one_point": catalogue.one_point},
            metric=EXPERIMENT["metric"],
            published=PUBLISHED if figure.shows_published else None,
            code=code_digest("draw_figure.py", f"pretrain_or_not/report/figures/{figure.name}.py"),
        message:
            f"Drawing figure {figure.name}: {figure.label.lower()}"
        script:
            "../scripts/draw_figure.py"
