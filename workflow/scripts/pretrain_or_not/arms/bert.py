"""A transformer, fine-tuned or trained from random weights."""

from pretrain_or_not.arms import Network
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import NetworkClassifier
from pretrain_or_not.compute.token_fit import fit_dataset, takes_of
from pretrain_or_not.compute.transformer import embedding_tables, load_fine_tuned, load_for_classification
from pretrain_or_not.files.pretrained import verified


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
