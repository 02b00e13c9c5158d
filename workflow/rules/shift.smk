# Further test sets of a dataset, with the same classes: only tested on, never trained or selected on.


# One of them, from files or from the changed test texts; the same for all arms.
rule shift:
    input:
        files=shift_jobs.files,
        examples=rules.ingest.output.examples,
    output:
        f"<results>/{SHIFT_FOLDER}/examples.parquet",
    log:
        "<results>/logs/shift/{dataset}/{shift}.log",
    priority: 100  # nothing is trained before its classes are known to be those of the dataset
    conda:
        ENVIRONMENT
    params:
        shift=shift_jobs.shift,
        code=further_texts_code(),
    message:
        "Making the test set {wildcards.shift} of {wildcards.dataset}"
    script:
        "../scripts/shift.py"


# The predictions of a cell's selected model on it.
rule evaluate_shift:
    input:
        unpack(shift_jobs.model),
        examples=rules.shift.output[0],
    output:
        f"<results>/{SHIFT_FOLDER}/predictions/{{arm}}/{CELL}.parquet",
    log:
        f"<results>/logs/evaluate_shift/{{dataset}}/{{shift}}/{{arm}}/{CELL}.log",
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=resources_of.shift_gpus,
    params:
        code=shift_jobs.code,
    message:
        "Testing {wildcards.arm} of {wildcards.dataset}, size {wildcards.size}, seed {wildcards.seed}, on {wildcards.shift}"
    script:
        "../scripts/evaluate_shift.py"
