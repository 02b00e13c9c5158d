"""The table of families: the kinds of arms, with what the workflow needs to know of each to plan jobs.

A family `NAME` has its code in ``arms/NAME.py`` and its keys in ``schemas/arms/NAME.yaml``. This module is imported
whenever the Snakefile is parsed, so it imports no large library.
"""

from __future__ import annotations

from typing import NamedTuple

from pretrain_or_not.config.sweeps import LEARNING_RATES, NEIGHBOURS, REGULARIZATION, Sweep


class Family(NamedTuple):
    """One row of the table.

    name: as in ``family: NAME``. title: a short description, for the schema and the docs. rule: name of the rule that
    trains a run. doing: verb for the message of that rule. neural: whether it is a network; if so, it can have a
    GPU. fitted: whether a run is one call of `fit`; otherwise the common loop trains in steps, with
    checkpoints. reads: "tokens", "features" (of a frozen encoder) or "texts" (tokens, if an arm names a `tokenizer`).
    model_keys: keys of an arm that name a model in `models`. weights_key: the one of them whose weights the arm loads.
    embeddings_key: the one of them whose token embeddings the arm starts from. sweep: None for a family without
    a sweep. language_model: whether the model that it names goes on writing texts; others read them.
    memory_mb: memory of a training run on a cluster, in MB.
    """

    name: str
    title: str
    rule: str
    doing: str
    neural: bool
    fitted: bool
    reads: str
    model_keys: tuple[str, ...]
    weights_key: str | None = None
    embeddings_key: str | None = None
    sweep: Sweep | None = None
    language_model: bool = False
    memory_mb: int = 4000

    @property
    def script(self) -> str:
        """Return the script that trains a run."""
        return "fit_classifier.py" if self.fitted else "train_network.py"

    def reads_of(self, arm: dict) -> str:
        """Return what an arm of the family reads. arm: its keys."""
        return "tokens" if self.reads == "texts" and arm.get("tokenizer") else self.reads

    @property
    def module(self) -> str:
        """Return the path of the module, relative to the folder of the scripts."""
        return f"pretrain_or_not/arms/{self.name}.py"


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "bert", "a transformer", "finetune_bert", "Fine-tuning",
            neural=True, fitted=False, reads="tokens", model_keys=("model",), weights_key="model", sweep=LEARNING_RATES,
            memory_mb=16000,
        ),
        Family(
            "lstm", "an LSTM", "train_lstm", "Training",
            neural=True, fitted=False, reads="tokens", model_keys=("tokenizer", "embeddings"),
            embeddings_key="embeddings", sweep=LEARNING_RATES,
            memory_mb=8000,
        ),
        Family(
            "tfidf", "a logistic regression on counts of words", "train_tfidf", "Fitting",
            neural=False, fitted=True, reads="texts", model_keys=("tokenizer",), sweep=REGULARIZATION,
        ),
        Family(
            "probe", "a logistic regression on a frozen transformer", "train_probe", "Fitting",
            neural=False, fitted=True, reads="features", model_keys=("model",), sweep=REGULARIZATION,
        ),
        Family(
            "bag", "a bag of trained word embeddings", "train_bag", "Training",
            neural=True, fitted=False, reads="tokens", model_keys=("tokenizer",),
            sweep=LEARNING_RATES,
        ),
        Family(
            "static", "a logistic regression on static embeddings", "train_static", "Fitting",
            neural=False, fitted=True, reads="tokens", model_keys=("model",), embeddings_key="model",
            sweep=REGULARIZATION,
        ),
        Family(
            "contrastive", "a transformer tuned on pairs", "tune_contrastive", "Tuning",
            neural=True, fitted=True, reads="tokens", model_keys=("model",), weights_key="model", sweep=LEARNING_RATES,
            memory_mb=16000,
        ),
        Family(
            "knn", "nearest neighbours in a frozen transformer", "train_knn", "Fitting",
            neural=False, fitted=True, reads="features", model_keys=("model",), sweep=NEIGHBOURS,
        ),
        Family(
            "prompt", "a language model that is asked", "ask_model", "Asking",
            neural=True, fitted=True, reads="texts", model_keys=("model",), weights_key="model", language_model=True,
            memory_mb=8000,
        ),
        Family(
            "majority", "the most frequent class", "count_classes", "Counting for",
            neural=False, fitted=True, reads="texts", model_keys=(),
        ),
    )
}  # fmt: skip
