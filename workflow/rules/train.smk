# The training runs of each family of arms; a run is a cell at one value of its arm's sweep.


def training_examples(wildcards):
    """Return the file of the training examples; features may be added to theirs after a run is trained.

    If features themselves change, so do those of the validation split, which is another input. Runs that are still to be
    trained need the file as it will be: Snakemake skips a job below a job that it runs if the file between is ancient,
    even if the output of the job is missing.
    """
    path = inputs_of.training_examples(wildcards)
    grows = params_of.reads(wildcards) == "features"
    return ancient(path) if grows and inputs_of.is_trained(wildcards, params_of.recipe(wildcards)) else path


for family in FAMILIES.values():

    rule:
        name:
            family.rule
        input:
            unpack(inputs_of.training),
            train=training_examples,
            subset=SUBSET,
        output:
            model=f"{RUNS}/{{setting}}/model.safetensors",
            config=f"{RUNS}/{{setting}}/config.json",
            history=f"{RUNS}/{{setting}}/history.parquet",
            cost=f"{RUNS}/{{setting}}/run.json",
        log:
            f"<results>/logs/{family.rule}/{{dataset}}/{{arm}}/{CELL}/{{setting}}.log",
        wildcard_constraints:
            arm=one_of(catalogue.arms_of(family.name)),
        priority: int(family.weights_key is not None)  # the longest runs first, so that none of them runs alone at the end
        group:
            resources_of.training_group
        conda:
            ENVIRONMENT
        threads: resources_of.training_threads
        resources:
            gpu=resources_of.training_gpus,
            mem_mb=resources_of.training_memory,
            runtime=resources_of.training_minutes,
        params:
            script=family.script,  # not in `script:` itself, which is evaluated after the loop
            recipe=params_of.recipe,
            reads=params_of.reads,
            pretrained=params_of.pretrained,
            selection=EXPERIMENT["selection"],
            validation_max=params_of.validation_max,
            metric={"name": catalogue.metric.name, "sign": catalogue.metric.sign},
            code=params_of.training_code,
        message:
            f"{family.doing} {{wildcards.arm}} on {{wildcards.dataset}}, size {{wildcards.size}}, seed {{wildcards.seed}}, {{wildcards.setting}}; follow it: {{log}}"
        script:
            "../scripts/{params.script}"
