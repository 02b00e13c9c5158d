"""Check what JSON Schema cannot express of `predict`: new texts to classify."""

from pretrain_or_not.config.cross_checks import check_form, mapping, sequence
from pretrain_or_not.config.predictions import as_dataset, cells_for, dataset_of
from pretrain_or_not.config.sizes import size_name
from pretrain_or_not.config.wording import did_you_mean, listing, show, text_of
from pretrain_or_not.errors import BadInput


def check_predictions(config, mistakes):
    """Check that each entry of `predict` names cells of the experiment whose models are kept, and how to read texts."""
    experiment, datasets = mapping(config, "experiment"), mapping(config, "datasets")
    for name in mapping(config, "predict"):
        entry, path = mapping(mapping(config, "predict"), name), ("predict", name)
        for key in ("dataset", "arm", "seed"):
            check_one_of(entry.get(key), sequence(experiment, f"{key}s"), (*path, key), mistakes)
        check_size(entry.get("size"), sequence(experiment, "sizes"), (*path, "size"), mistakes)
        if experiment.get("keep_models") == "none":
            text = "needs a trained model, and `experiment: {keep_models: none}` deletes them; set it to selected"
            mistakes.add(path, text)
        if isinstance(entry.get("text"), str | list) and isinstance(entry.get("pair"), list):
            mistakes.add((*path, "pair"), "names two texts in place of `text`; leave out one of the two keys")
        if mistakes:
            continue  # the rest would only repeat them
        dataset = dataset_of(experiment, entry)
        if dataset is None:
            names = listing(experiment["datasets"])
            text = f"'dataset' is missing: the experiment has several ({names}); name the one whose model is to be used"
            mistakes.add(path, text)
            continue
        keys = mapping(datasets, dataset)
        texts = as_dataset(entry, keys)
        check_form(texts, path, mistakes)
        if bool(texts.get("pair")) != bool(keys.get("pair")):
            wanted = (
                "pairs: name two columns by `pair:`" if keys.get("pair") else "single texts: name a column by `text:`"
            )
            mistakes.add((*path, "text" if keys.get("pair") else "pair"), f"models of {show(dataset)} read {wanted}")
        if not mistakes and not cells_for(entry, config):
            mistakes.add(path, "the experiment has no such cell; see `exclude`, or leave out `size` and `seed`")


def check_one_of(value, options, path, mistakes):
    """Note a mistake unless a value is None or one of the options."""
    if value is not None and value not in options:
        hint = did_you_mean(value, options) if isinstance(value, str) else ""
        there = listing(list(map(text_of, options))) or "none"
        mistakes.add(path, f"{show(value)} is not in experiment.{path[-1]}s{hint} (there are: {there})")


def check_size(size, sizes, path, mistakes):
    """Note a mistake unless a size is None or one of those of the experiment."""
    if size is None:
        return
    try:
        known = size_name(size) in map(size_name, sizes)
    except BadInput as error:
        mistakes.add(path, str(error))
        return
    if not known:
        mistakes.add(path, f"{show(size)} is not in experiment.sizes (there are: {listing(list(map(text_of, sizes)))})")
