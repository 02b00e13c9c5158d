"""Check that each raw label, or package, of a dataset belongs to one class."""

from pretrain_or_not.config.cross_checks import mapping, sequence
from pretrain_or_not.config.labels import as_label
from pretrain_or_not.config.shifts import as_labelled
from pretrain_or_not.config.wording import show


def check_labels(config, mistakes):
    """Check the classes of each dataset, and of each further test set that names its own."""
    datasets = mapping(config, "datasets")
    for name in datasets:
        dataset, path = mapping(datasets, name), ("datasets", name)
        check_classes(dataset, path, mistakes)
        shifts = mapping(dataset, "shifts")
        for shift in shifts:
            if mapping(mapping(shifts, shift), "labels"):
                check_classes(as_labelled(mapping(shifts, shift), dataset), (*path, "shifts", shift), mistakes)
        owner = {}
        for label, package in mapping(dataset, "packages").items():
            if isinstance(package, str) and (first := owner.setdefault(package, label)) != label:
                text = f"{show(package)} belongs to class {show(first)} already; a package can have one class only"
                mistakes.add((*path, "packages", label), text)


def check_classes(entry, path, mistakes):
    """Check that a value is in one class of `labels`, and in none of them if its rows are left out."""
    owner = {}
    for label, values in mapping(entry, "labels").items():
        for i, value in enumerate(values if isinstance(values, list) else []):
            if is_raw(value) and (first := owner.setdefault(as_label(value), label)) != label:
                text = (
                    f"{show(value)} belongs to class {show(first)} already; a value can have one class only (to "
                    "replace the classes of an earlier config file, give the dataset a new name)"
                )
                mistakes.add((*path, "labels", label, i), text)
    for i, value in enumerate(sequence(entry, "ignore_labels")):
        if is_raw(value) and (label := owner.get(as_label(value))):
            text = f"{show(value)} belongs to class {show(label)} of `labels`; leave it out of one of the two"
            mistakes.add((*path, "ignore_labels", i), text)


def is_raw(value):
    """Return whether a value of the config can be a raw label; another one is a mistake that is noted already."""
    return type(value) in (str, int, float)
