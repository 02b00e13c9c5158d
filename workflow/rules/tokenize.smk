# Texts as token ids, made once for all arms that share the tokenizer.
rule tokenize:
    input:
        examples=rules.ingest.output.examples,
        trained=model_jobs.made_tokenizer,
    output:
        **{split: f"<results>/{{dataset}}/tokens/{{tokenizer}}/{split}.parquet" for split in SPLITS},
        tokenizer="<results>/{dataset}/tokens/{tokenizer}/tokenizer/about.json",
    log:
        "<results>/logs/tokenize/{dataset}/{tokenizer}.log",
    priority: 50  # before training: on two cores, it would wait until both are free at once
    conda:
        ENVIRONMENT
    threads: 2
    params:
        tokenizer=params_of.tokenizer,
        max_length=params_of.stored_length,
        code=code_digest("tokenize_texts.py"),
    message:
        "Tokenizing {wildcards.dataset} with the tokenizer of {wildcards.tokenizer}"
    script:
        "../scripts/tokenize_texts.py"
