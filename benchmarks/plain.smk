# The jobs of a large experiment with empty rules; `grid.py` compares the workflow with them. config.yaml is that of the
# workflow. The settings of all arms have the same names here, so that one pattern fits them.


configfile: "config.yaml"


GRID = config["experiment"]
RUN = "results/{dataset}/runs/{arm}/n{size}/seed{seed}"
RUN_FILES = ["model.safetensors", "config.json", "history.parquet", "run.json"]
CELLS = {key.removesuffix("s"): GRID[key] for key in ("datasets", "arms", "sizes", "seeds")}
FIGURES = {"scores": "scores", "gap": "gaps", "share": "gaps", "cost": "scores", "worth": "worth"} | {
    name: name for name in ("tuning", "confusion", "reliability")
}
ANSWERS = ["answer", "worth", "beyond", "efficiency", "across", "pairs", "recommendation"]
TRAININGS = {"finetune_bert": "bert", "train_lstm": "lstm", "train_tfidf": "tfidf"}


wildcard_constraints:
    dataset="[^/]+",
    arm="[^/]+",
    size="[0-9]+",
    seed="[0-9]+",
    setting="lr[^/]+",


rule all:
    input:
        "results/scores.parquet",
        "results/gaps.parquet",
        "results/answer.md",
        "results/answer.html",
        expand("results/{name}.parquet", name=ANSWERS),
        expand("results/figures/{name}.{suffix}", name=FIGURES, suffix=["png", "svg", "pdf"]),
        expand("results/tables/scores.{suffix}", suffix=["parquet", "md", "tex", "html"]),


rule ingest:
    input:
        "toy.csv",
    output:
        "results/{dataset}/examples.parquet",
        "results/{dataset}/dataset.json",
    shell:
        "touch {output}"


rule tokenize:
    input:
        "results/{dataset}/examples.parquet",
    output:
        expand("results/{{dataset}}/tokens/tiny/{split}.parquet", split=["train", "validation", "test"]),
    shell:
        "touch {output}"


rule subsample:
    input:
        "results/{dataset}/examples.parquet",
        "results/{dataset}/dataset.json",
    output:
        "results/{dataset}/subsets/n{size}/seed{seed}.parquet",
    shell:
        "touch {output}"


for rule_name, family in TRAININGS.items():

    rule:
        name:
            rule_name
        input:
            "results/{dataset}/tokens/tiny/train.parquet",
            "results/{dataset}/tokens/tiny/validation.parquet",
            "results/{dataset}/subsets/n{size}/seed{seed}.parquet",
        output:
            expand(RUN + "/{setting}/{file}", file=RUN_FILES, allow_missing=True),
        wildcard_constraints:
            arm="|".join(name for name, arm in config["arms"].items() if arm["family"] == family),
        shell:
            "touch {output}"


rule select:
    input:
        expand(RUN + "/{setting}/run.json", setting=["lr0.001", "lr0.002"], allow_missing=True),
    output:
        RUN + "/selected.json",
        RUN + "/selected/model.safetensors",
        RUN + "/selected/config.json",
    shell:
        "touch {output}"


rule evaluate:
    input:
        RUN + "/selected.json",
        RUN + "/selected/model.safetensors",
        RUN + "/selected/config.json",
        "results/{dataset}/tokens/tiny/test.parquet",
    output:
        "results/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet",
        RUN + "/selected/classifier.json",
        RUN + "/selected/README.md",
    shell:
        "touch {output}"


rule score:
    input:
        expand("results/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet", **CELLS),
        expand(RUN + "/selected.json", **CELLS),
        expand("results/{dataset}/dataset.json", dataset=GRID["datasets"]),
        expand("results/{dataset}/examples.parquet", dataset=GRID["datasets"]),
    output:
        "results/scores.parquet",
        "results/gaps.parquet",
        expand(
            "results/{name}.parquet",
            name=[
                "tuning",
                "scores_by_class",
                "scores_by_group",
                "group_gaps",
                "scores_shift",
                "label_issues",
                "confusion",
                "reliability",
            ],
        ),
    shell:
        "touch {output}"


rule answer:
    input:
        "results/gaps.parquet",
        expand("results/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet", **CELLS),
    output:
        "results/answer.md",
        "results/answer_words.html",
        expand("results/{name}.parquet", name=ANSWERS),
    shell:
        "touch {output}"


rule page:
    input:
        "results/scores.parquet",
        expand("results/{name}.parquet", name=ANSWERS),
        expand("results/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet", **CELLS),
    output:
        "results/answer.html",
    shell:
        "touch {output}"


for figure_name, table in FIGURES.items():

    rule:
        name:
            f"plot_{figure_name}"
        input:
            f"results/{table}.parquet",
        output:
            expand(f"results/figures/{figure_name}.{{suffix}}", suffix=["png", "svg", "pdf"]),
        shell:
            "touch {output}"


rule table_scores:
    input:
        "results/scores.parquet",
        "results/gaps.parquet",
    output:
        expand("results/tables/scores.{suffix}", suffix=["parquet", "md", "tex", "html"]),
    shell:
        "touch {output}"
