# To pretrain, or not? Accuracy over labelled examples, for classifiers pretrained and from scratch.
#
# What each stage leaves behind ({setting} is a learning rate, lr0.001, or a regularization strength, C10):
#   <results>/{dataset}/examples.parquet, dataset.json               ingest
#   <results>/{dataset}/tokens/{tokenizer}/{split}.parquet            tokenize
#   <results>/{dataset}/subsets/n{size}/seed{seed}.parquet            subsample
#   <results>/embeddings/{model}.safetensors                          extract_embeddings
#   <results>/{dataset}/runs/{arm}/n{size}/seed{seed}/{setting}/      train_lstm, finetune_bert, train_tfidf
#   <results>/{dataset}/runs/{arm}/n{size}/seed{seed}/selected.json   select (its model in selected/)
#   <results>/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet  evaluate
#   <results>/scores.parquet, gaps.parquet                            score
#   <results>/figures/{accuracy,gap}.{png,svg,pdf}                    figures
#   <results>/logs/{rule}/…                                           the log of every job

from snakemake.utils import min_version

min_version("9.14")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/tokenize.smk"
include: "workflow/rules/subsample.smk"
include: "workflow/rules/train_lstm.smk"
include: "workflow/rules/finetune_bert.smk"
include: "workflow/rules/train_tfidf.smk"
include: "workflow/rules/select.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/figures.smk"


# The whole experiment: its two tables and its figures.
rule all:
    default_target: True
    input:
        rules.score.output,
        rules.plot_accuracy.output,
        rules.plot_gap.output,


onstart:
    before_first_job()


onsuccess:
    after_last_job()
