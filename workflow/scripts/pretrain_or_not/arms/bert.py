"""A transformer, fine-tuned or trained from random weights."""

from pretrain_or_not.arms import LABEL_NAMES, Network, Untrained
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import NetworkClassifier
from pretrain_or_not.compute.token_fit import check_length, fit_dataset, fit_tokens, takes_of
from pretrain_or_not.compute.transformer import embedding_tables, load_fine_tuned, load_for_classification
from pretrain_or_not.files.pretrained import locate, verified


def build(run, about):
    """Return a transformer with a new classification head for a run, a `Network`."""
    folder, revision = verified(run.pretrained), run.pretrained.get("revision")
    pretrained = run.recipe["init"] == "pretrained"
    model = load_for_classification(folder, about["label_names"], run.recipe["dropout"], pretrained, revision)
    fit_dataset(model, about, run.recipe["model"], run.cell["arm"])
    return Network(model, counted_flops(model), embedding_tables(model), takes_of(model))


def load(folder, precision):
    """Return the trained transformer in a folder."""
    model = load_fine_tuned(folder)
    return NetworkClassifier(model, counted_flops(model), precision, takes_of(model))


def build_untrained(arm, recipe, pretrained, embeddings, length):
    """Return a transformer to time, with random weights, which take the same time as trained ones.

    arm: its name, for messages. recipe, embeddings: have no effect. pretrained: the model of the config that gives the
    architecture. length: tokens per example; BadInput is raised if the transformer cannot process as many.
    """
    from pretrain_or_not.data.tokenizer import load_tokenizer  # here, as training does not need it

    revision = pretrained.get("revision")
    tokenizer = load_tokenizer(pretrained["path"], revision)
    model = load_for_classification(locate(pretrained["path"]), LABEL_NAMES, 0.0, False, revision)
    check_length(model, length, "timing.lengths:", f"arm {arm!r}")
    fit_tokens(model, tokenizer.vocabulary, tokenizer.padding_id, f"path {pretrained['path']!r}")
    return Untrained(model, embedding_tables(model), tokenizer.vocabulary, tokenizer.padding_id)
