# What the experiment takes, before it runs: `snakemake plan --cores 8`.

from pretrain_or_not.plan.measured import SPEED, Measured

measured = Measured(inputs_of, params_of, resources_of)


# What a run of a few steps takes on the machine that trains, for arms of which no run is finished.
rule measure_speed:
    input:
        unpack(measured.training),
        train=measured.training_examples,
        subset=SUBSET,
    output:
        cost=SPEED,
    log:
        f"<results>/logs/measure_speed/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    conda:
        ENVIRONMENT
    threads: measured.threads
    resources:
        gpu=measured.gpus,
        mem_mb=resources_of.training_memory,
        runtime=resources_of.training_minutes,
    params:
        recipe=params_of.recipe,
        reads=params_of.reads,
        pretrained=measured.pretrained,
        selection=EXPERIMENT["selection"],
        validation_max=params_of.validation_max,
        metric={"name": catalogue.metric.name, "sign": catalogue.metric.sign},
        leases_gpu=measured.leases_gpu,
        only_flops=measured.only_flops,
        threads=EXPERIMENT["threads"],  # Snakemake does not run a job again whose threads change
        code=measured.code,
    message:
        "Measuring how fast {wildcards.arm} is trained"
    script:
        "../scripts/measure_speed.py"


# It has no output, so it runs whenever it is asked for: what is done changes. It writes plan.parquet and plan.md, which
# are printed at the end.
localrules:
    plan,


rule plan:
    input:
        speeds=measured.speeds,
        summaries=[f"<results>/{name}/dataset.json" for name in [*EXPERIMENT["datasets"], *catalogue.answered_texts()]],
        tokens=measured.all_training_tokens,
    log:
        "<results>/logs/plan.log",
    conda:
        ENVIRONMENT
    params:
        at_once=lambda wildcards: at_once(),
        on_cluster=lambda wildcards: on_cluster(),
        gpus=lambda wildcards: gpus_at_once(),
        # score, answer, page, two tables, figures, timings
        last_jobs=5 + len(FIGURES) + len(inputs_of.timings()),
    message:
        "Writing what the experiment takes"
    script:
        "../scripts/write_plan.py"
