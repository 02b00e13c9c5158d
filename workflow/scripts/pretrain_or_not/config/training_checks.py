"""Check the keys of arms that say how they are trained, where these do not fit together."""

from __future__ import annotations

from pretrain_or_not.config.cross_checks import check_name, is_whole, mapping, sequence
from pretrain_or_not.config.made_models import base_of, recipe_of, remembers
from pretrain_or_not.config.prompt_checks import FIELD, check_words
from pretrain_or_not.config.schema import schema
from pretrain_or_not.config.wording import show

# Keys of an adapter, with the one kind that reads them.
KIND_OF_KEY = dict.fromkeys(("rank", "alpha", "dropout", "targets"), "lora") | {"pool": "l2m", "pull": "l2m"}


def check_training(config, mistakes):
    """Note mistakes in how the arms of a config are trained."""
    for name in mapping(config, "arms"):
        check_reselection(config, name, mistakes)
        check_augmentation(config, name, mistakes)
        check_zeros(config, name, mistakes)
        check_adapter(config, name, mistakes)
    check_forgetting(config, mistakes)


def check_reselection(config, name, mistakes):
    """Check that an arm that selects its examples again has validation data for it, one process, and no teacher."""
    arm, path = mapping(mapping(config, "arms"), name), ("arms", name, "reselect")
    keys = arm.get("reselect")
    if not isinstance(keys, dict):
        return
    experiment = mapping(config, "experiment")
    if experiment.get("selection") == "test" and name in sequence(experiment, "arms"):
        text = "needs validation data, and `experiment.selection: test` uses none; leave out one of the two"
        mistakes.add(path, text)
    if arm.get("teacher"):
        mistakes.add(path, "an arm with a `teacher` selects nothing again; leave out one of the two keys")
    if arm.get("processes", 1) != 1:
        mistakes.add(path, "is computed in one process; leave `processes` out")
    batch, candidates = keys.get("batch", 16), keys.get("candidates", 64)
    if is_whole(batch) and is_whole(candidates) and batch > candidates and keys.get("choose") != "uniform":
        text = f"{show(batch)} is more than the {candidates} candidates; give `candidates` at least as many"
        mistakes.add((*path, "batch"), text)


def check_augmentation(config, name, mistakes):
    """Check that an arm for which examples are written has a language model for it, and single texts."""
    arm, path = mapping(mapping(config, "arms"), name), ("arms", name, "augment")
    keys = arm.get("augment")
    if not isinstance(keys, dict):
        return
    generator, models = keys.get("generator"), mapping(config, "models")
    check_name(config, "models", "model", generator, (*path, "generator"), mistakes)
    if isinstance(generator, str) and recipe_of(models, generator):
        text = "is made by `pretrain`, which makes no language model; name one that exists"
        mistakes.add((*path, "generator"), f"{show(generator)} {text}")
    template = keys.get("template")
    fields = FIELD.findall(template) if isinstance(template, str) else []
    if isinstance(template, str) and (sorted(fields) != ["{class}", "{text}"] or not template.endswith("{text}")):
        text = "must have {class} once, and {text} once, at its end"
        mistakes.add((*path, "template"), f"{show(template)} {text}")
    check_words(keys, path, mistakes)
    if keys.get("tune", "lora") != "none" and keys.get("shots") is not None:
        default = schema()["$defs"]["family.bert"]["properties"]["augment"]["properties"]["shots"]["default"]
        if keys["shots"] != default:
            mistakes.add((*path, "shots"), f"{show(keys['shots'])} has no meaning without `tune: none`; leave it out")
    for key in ("reselect", "teacher"):
        if arm.get(key):
            mistakes.add(path, f"an arm with `{key}` has no second phase of its own; leave out one of the two keys")
    if arm.get("processes", 1) != 1:
        mistakes.add(path, "is computed in one process; leave `processes` out")
    experiment = mapping(config, "experiment")
    if name not in sequence(experiment, "arms"):
        return
    for dataset in (one for one in sequence(experiment, "datasets") if isinstance(one, str)):
        if mapping(mapping(config, "datasets"), dataset).get("pair"):
            mistakes.add(path, f"a language model writes single texts, and {show(dataset)} has pairs; leave it out")


def check_zeros(config, name, mistakes):
    """Check that an arm that keeps zeros starts from a model that has some, and that nothing fills them."""
    arm, path = mapping(mapping(config, "arms"), name), ("arms", name, "sparse_finetune")
    if arm.get("sparse_finetune") is not True:
        return
    model, models = arm.get("model"), mapping(config, "models")
    known = isinstance(model, str) and model in models
    recipe = recipe_of(models, model) or {} if known else {}
    if known and not recipe.get("sparsity"):
        mistakes.add(path, f"{show(model)} has no zeros to keep; name a `model` that is made with `sparsity`")
    elif known and is_untrained(models, model):
        text = "has the random weights that it starts from, without zeros, as its `steps` or `amount` is 0"
        mistakes.add(path, f"{show(model)} {text}; leave `sparse_finetune` out")
    if arm.get("init") == "random":
        mistakes.add(path, "random weights have no zeros to keep; leave out one of the two keys")
    if arm.get("adapter"):
        mistakes.add(path, "merging an `adapter` would fill the zeros; leave out one of the two keys")


def is_untrained(models, name):
    """Return whether a model is made from random weights in stages without steps, each of which leaves them random."""
    seen: list[str] = []
    while isinstance(name, str) and name not in seen:
        seen.append(name)
        recipe = recipe_of(models, name)
        if recipe is None or (recipe.get("steps") != 0 and recipe.get("amount") != 0):
            return False
        name = base_of(models, name)
    return name is None


def check_adapter(config, name, mistakes):
    """Check that an adapter has no key of another kind, and that a pool of them has what it can use."""
    arm = mapping(mapping(config, "arms"), name)
    adapter, path = mapping(arm, "adapter"), ("arms", name, "adapter")
    keys = schema()["$defs"]["family.bert"]["properties"]["adapter"]["properties"]
    for key, kind in KIND_OF_KEY.items():
        if adapter.get("kind") not in (kind, None) and adapter.get(key, keys[key]["default"]) != keys[key]["default"]:
            mistakes.add((*path, key), f"{show(adapter[key])} has no meaning without `kind: {kind}`; leave it out")
    if adapter.get("kind") != "l2m":
        return
    if arm.get("processes", 1) != 1:
        mistakes.add(path, "a pool is trained in one process; leave `processes` out")
    if arm.get("layer_decay", 1) != 1:
        mistakes.add(path, "a set of a pool has one learning rate for all layers; leave `layer_decay` out")


def check_forgetting(config, mistakes):
    """Check that forgetting is measured where there is something to forget, and that its models are kept."""
    experiment, arms, path = mapping(config, "experiment"), mapping(config, "arms"), ("experiment", "forgetting")
    if experiment.get("forgetting") is not True:
        return
    if experiment.get("keep_models") == "none":
        mistakes.add(path, "is measured after training, and `keep_models: none` deletes the models; set it to selected")
    names = [name for name in sequence(experiment, "arms") if isinstance(name, str)]
    if not any(remembers(mapping(config, "models"), mapping(arms, name)) for name in names):
        text = "no arm of the experiment (bert, probe, knn) starts from a model that is made by `objective: mlm`"
        mistakes.add(path, f"{text}; leave it out")
