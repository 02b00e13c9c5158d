# What the experiment takes, before it runs: `snakemake --cores 8 plan`.


# What a run of a few steps takes on the machine that trains, for arms of which no run is finished.
rule measure_speed:
    input:
        unpack(inputs_of.more_to_measure),
        train=inputs_of.read_to_measure,
        subset=rules.subsample.output[0],
    output:
        cost=SPEED,
    log:
        f"<results>/logs/measure_speed/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
    conda:
        ENVIRONMENT
    threads: resources_of.measuring_threads
    resources:
        gpu=resources_of.measuring_gpus,
        mem_mb=resources_of.training_memory,
        runtime=resources_of.training_minutes,
    params:
        recipe=params_of.recipe,
        reads=params_of.reads,
        pretrained=params_of.measured_with,
        selection=EXPERIMENT["selection"],
        validation_max=params_of.validation_max,
        metric={"name": catalogue.metric.name, "sign": catalogue.metric.sign},
        leases_gpu=params_of.leases_gpu,
        only_flops=params_of.only_flops,
        code=params_of.speed_code,
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
        speeds=lambda wildcards: inputs_of.speeds(params_of),
        summaries=[f"<results>/{name}/dataset.json" for name in EXPERIMENT["datasets"]],
        tokens=inputs_of.all_training_tokens,
    log:
        "<results>/logs/plan.log",
    conda:
        ENVIRONMENT
    params:
        at_once=lambda wildcards: at_once(),
        on_cluster=lambda wildcards: on_cluster(),
        # score, answer, two tables, figures and timings
        last_jobs=4 + len(FIGURES) + len(inputs_of.timings()),
    message:
        "Writing what the experiment takes"
    script:
        "../scripts/write_plan.py"
