# New texts, classified by the selected model of a cell.
rule predict:
    input:
        texts=inputs_of.new_texts,
        candidates=inputs_of.candidates,
        weights=inputs_of.candidate_files,
    output:
        parquet="<results>/predict/{prediction}.parquet",
        csv="<results>/predict/{prediction}.csv",
    log:
        "<results>/logs/predict/{prediction}.log",
    conda:
        ENVIRONMENT
    threads: EXPERIMENT["threads"]
    resources:
        gpu=lambda wildcards: resources_of.gpus(),
    params:
        texts=params_of.new_texts,
        sign=catalogue.metric.sign,
        code=params_of.prediction_code,
    message:
        "Classifying the new texts {wildcards.prediction}"
    script:
        "../scripts/predict_texts.py"
