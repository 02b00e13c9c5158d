# New texts, classified by the selected model of a cell.
rule predict:
    input:
        unpack(prediction_jobs.recommendation),
        texts=prediction_jobs.files,
        candidates=prediction_jobs.candidates,
        weights=prediction_jobs.candidate_files,
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
        texts=prediction_jobs.texts,
        models=prediction_jobs.models,
        sign=catalogue.metric.sign,
        code=prediction_jobs.code,
    message:
        "Classifying the new texts {wildcards.prediction}"
    script:
        "../scripts/predict_texts.py"
