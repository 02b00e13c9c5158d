"""A transformer, fine-tuned or trained from random weights."""

from pretrain_or_not.arms import Network
from pretrain_or_not.compute.adapters import merged, with_adapter
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import NetworkClassifier
from pretrain_or_not.compute.sparsity import ZEROS, keep_zeros, without_zeros
from pretrain_or_not.compute.token_fit import fit_dataset, takes_of
from pretrain_or_not.compute.transformer import embedding_tables, load_fine_tuned, load_for_classification
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.job import log


def build(run, about):
    """Return a transformer with a new classification head for a run, a `Network`."""
    folder, revision = verified(run.pretrained), run.pretrained.get("revision")
    pretrained = run.recipe["init"] == "pretrained"
    model = load_for_classification(folder, about["label_names"], run.recipe["dropout"], pretrained, revision)
    fit_dataset(model, about, run.recipe["model"], run.cell["arm"])
    takes, tables = takes_of(model), embedding_tables(model)
    if run.recipe["adapter"]:
        model = with_adapter(model, run.recipe["adapter"], model.new_weights)
    if run.recipe.get("sparse_finetune"):
        setattr(model.config, ZEROS, zeros_of(model, folder, run.cell["arm"]))
    return Network(model, flops_of(model), tables, takes, merged)


def zeros_of(model, folder, arm):
    """Keep the zeros of a model zero, and return how many there are; raise BadInput if there is none."""
    zeros = keep_zeros(model.base_model)
    if not zeros:
        raise BadInput(f"arms: {arm}: sparse_finetune: the layers of {folder!r} have no zeros; take a sparse model")
    log.info("%d weights of the layers are zero, and stay so", zeros)
    return zeros


def flops_of(model):
    """Return the Flops of a classifier, without the products of zeros that were kept."""
    zeros = getattr(model.config, ZEROS, 0)
    return without_zeros(counted_flops(model), zeros) if zeros else counted_flops(model)


def load(folder, precision):
    """Return the trained transformer in a folder."""
    model = load_fine_tuned(folder)
    return NetworkClassifier(model, flops_of(model), precision, takes_of(model))
