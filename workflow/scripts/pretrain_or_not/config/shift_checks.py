"""Check what JSON Schema cannot express of `shifts`: further test sets."""

from pretrain_or_not.config.cross_checks import check_form, mapping, sequence
from pretrain_or_not.config.shifts import CHANGES, READING, as_labelled
from pretrain_or_not.config.wording import listing, show


def check_shifts(config, mistakes):
    """Check that each entry of `shifts` is one test set, of a dataset whose models can be tested on it."""
    experiment, datasets = mapping(config, "experiment"), mapping(config, "datasets")
    for dataset in datasets:
        keys, place = mapping(datasets, dataset), ("datasets", dataset, "shifts")
        shifts = mapping(keys, "shifts")
        if not shifts:
            continue
        if "label" in keys and keys["label"] is None:
            mistakes.add(place, "texts without labels (`label: null`) are tested on nothing; leave out one of the two")
        if keys.get("folds"):
            mistakes.add(place, "each fold has its own test examples, so there is no set to change; leave out `folds`")
        if experiment.get("keep_models") == "none" and dataset in sequence(experiment, "datasets"):
            text = "need the trained models, and `experiment: {keep_models: none}` deletes them; set it to selected"
            mistakes.add(place, text)
        for name in shifts:
            check_shift(mapping(shifts, name), keys, (*place, name), mistakes)


def check_shift(entry, dataset, path, mistakes):
    """Check one entry: files or one change, how the files are read, and that its classes are those of the dataset."""
    if not entry.keys() <= {"files", *CHANGES, *READING}:
        return  # a misspelt key is noted already
    given = [key for key in ("files", *CHANGES) if entry.get(key) is not None]
    if len(given) != 1:
        what = f"has {listing(given)}, which are several test sets" if given else "says nothing of its texts"
        mistakes.add(path, f"{what}; give `files:`, or one change of the test texts (one of {', '.join(CHANGES)})")
        return
    if given != ["files"]:
        for key in READING:
            if entry.get(key) is not None:
                mistakes.add(
                    (*path, key), f"says how files are read, and {given[0]} changes the test texts; leave it out"
                )
        return
    if isinstance(entry.get("text"), str | list) and isinstance(entry.get("pair"), list):
        mistakes.add((*path, "pair"), "names two texts in place of `text`; leave out one of the two keys")
        return
    texts = as_labelled(entry, dataset)
    check_form(texts, path, mistakes)
    if bool(texts.get("pair")) != bool(dataset.get("pair")):
        wanted = "pairs: name two columns by `pair:`" if dataset.get("pair") else "single texts: name one by `text:`"
        mistakes.add((*path, "text" if dataset.get("pair") else "pair"), f"models of {show(path[1])} read {wanted}")
    known = mapping(dataset, "labels") or mapping(dataset, "packages")
    for label in mapping(entry, "labels"):
        if known and label not in known:
            text = f"is no class of {show(path[1])} (there are: {listing(list(known))}); map its labels to these"
            mistakes.add((*path, "labels", label), f"{show(label)} {text}")
