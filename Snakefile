# To pretrain, or not? Accuracy over labelled examples, for pretrained classifiers and classifiers from scratch.
#
# The files that each stage writes ({setting} is a learning rate, lr0.001, or a regularization strength, C10):
#   <results>/{dataset}/examples.parquet, dataset.json               ingest
#   <results>/{dataset}/tokens/{tokenizer}/{split}.parquet, tokenizer/  tokenize
#   <results>/{dataset}/subsets/n{size}/seed{seed}.parquet            subsample
#   <results>/pretrained/{made}/                                      pack_texts, pretrain (models that are made)
#   <results>/{dataset}/leaks/{made}.json                             check_leaks
#   <results>/{dataset}/shifts/{shift}/leaks/{made}.json              check_shift_leaks
#   <results>/{dataset}/soft_labels/{arm}/n{size}/seed{seed}.parquet  teach (for arms with a teacher)
#   <results>/{dataset}/generated/{arm}/n{size}/seed{seed}.parquet    generate (for arms with augment)
#   <results>/embeddings/{model}.safetensors                          extract_embeddings
#   <results>/{dataset}/features/{model}/length-{length}/{split}.parquet  extract_features
#   <results>/{dataset}/runs/{arm}/n{size}/seed{seed}/{setting}/      one rule per family: train_lstm, …
#   <results>/{dataset}/runs/{arm}/n{size}/seed{seed}/selected.json   select (its model in selected/)
#   <results>/{dataset}/predictions/{arm}/n{size}/seed{seed}.parquet  evaluate (it completes selected/)
#   <results>/predict/{prediction}.parquet, .csv                      predict (new texts)
#   <results>/{dataset}/shifts/{shift}/examples.parquet               shift
#   <results>/{dataset}/shifts/{shift}/predictions/{arm}/n{size}/seed{seed}.parquet  evaluate_shift
#   <results>/scores.parquet, gaps.parquet                            score
#   <results>/forgetting.parquet                                      measure_forgetting (if asked for)
#   <results>/{dataset}/timing/{arm}/n{size}/seed{seed}/{device}.parquet   time_inference
#   <results>/answer.parquet, worth.parquet, beyond.parquet, efficiency.parquet, across.parquet, answer.md, answer_words.html  answer
#   <results>/figures/{figure}.{png,svg,pdf}                          plot_{figure}
#   <results>/tables/{table}.{parquet,md,tex,…}                       table_{table}
#   <results>/plan.parquet, plan.md, speed/                           plan, measure_speed: only for `snakemake plan`
#   <results>/logs/{rule}/…                                           the log of every job

from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.14")


# config.yaml is that of the working directory or, if it has none, the one next to this file.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
if {"{", "}"} & set(str(HERE)):
    raise WorkflowError(f"{HERE}: Snakemake takes braces in this path for a wildcard; rename the folder")


configfile: "config.yaml" if Path("config.yaml").is_file() else str(HERE / "config.yaml")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/start_and_end.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/tokenize.smk"
include: "workflow/rules/subsample.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/frozen.smk"
include: "workflow/rules/teach.smk"
include: "workflow/rules/generate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/select.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/shift.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/forgetting.smk"
include: "workflow/rules/timing.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/answer.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/page.smk"
include: "workflow/rules/plan.smk"


# The complete experiment: scores, answer, figures and tables.
rule all:
    default_target: True
    input:
        rules.score.output,
        rules.measure_forgetting.output if EXPERIMENT["forgetting"] else [],
        rules.answer.output,
        rules.page.output,
        expand("<results>/figures/{name}.{suffix}", name=FIGURES, suffix=("png", "svg", "pdf")),
        rules.table_scores.output,
        rules.table_inference.output if HAS_TIMES else [],
        rules.table_shifts.output if HAS_SHIFTS else [],
        expand("<results>/predict/{name}.{suffix}", name=config["predict"], suffix=("parquet", "csv")),


onstart:
    before_first_job()


onsuccess:
    after_last_job()


onerror:
    after_failure()
