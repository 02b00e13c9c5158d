"""What a schema cannot say of a config. Each check looks only at what has the right type: the rest is noted already."""

from pathlib import Path

from config_schema import resolved, schema
from config_words import did_you_mean, listing, show, text_of
from data_files import as_label, names_folder
from families import NEURAL
from sizes import grid, size_name
from stage import BadInput


def check_catalogue(config, mistakes):
    """Note what is wrong in or between the sections of a config."""
    check_experiment(config, mistakes)
    check_datasets(config, mistakes)
    check_models(config, mistakes)
    check_arms(config, mistakes)
    check_names(config, mistakes)


def check_experiment(config, mistakes):
    """Names in the experiment are in the catalogue, the reference is one of its arms, and sizes are sizes."""
    experiment = mapping(config, "experiment")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for i, name in enumerate(sequence(experiment, section)):
            check_name(config, section, noun, name, ("experiment", section, i), mistakes)

    arms = sequence(experiment, "arms")
    reference = experiment.get("reference")
    known = all(("experiment", "arms", i) not in mistakes for i in range(len(arms)))
    if isinstance(reference, str) and arms and known and reference not in arms:
        path = ("experiment", "reference")
        hint = did_you_mean(reference, arms)
        mistakes.add(path, f"{show(reference)} is not one of experiment.arms{hint} (there are: {listing(arms)})")

    seen = {}
    for i, size in enumerate(sequence(experiment, "sizes")):
        try:
            first = seen.setdefault(size_name(size), i)
            if first != i:
                mistakes.add(("experiment", "sizes", i), f"{show(size)} is in the list already, as sizes[{first}]")
        except BadInput as error:
            mistakes.add(("experiment", "sizes", i), str(error))

    check_exclude(experiment, mistakes)


def check_exclude(experiment, mistakes):
    """What is to be left out is in the experiment, and something is left."""
    for i, pattern in enumerate(sequence(experiment, "exclude")):
        for key in pattern if isinstance(pattern, dict) else ():
            there = sequence(experiment, key)
            if any(place[:2] == ("experiment", key) for place in mistakes):
                continue  # it may name what a mistake there spoils
            for j, value in enumerate(sequence(pattern, key)):
                path = ("experiment", "exclude", i, key, j)
                if value not in there:
                    hint = did_you_mean(value, there) if isinstance(value, str) else ""
                    text = f"is not in experiment.{key}{hint} (there are: {', '.join(map(text_of, there))})"
                    mistakes.add(path, f"{show(value)} {text}")
    if not mistakes and not grid(experiment):
        mistakes.add(("experiment", "exclude"), "leaves no cell at all; drop one of its entries")


def check_datasets(config, mistakes):
    """Classes share no raw label and no package, splits are given once, and cuts leave something to train on."""
    datasets = mapping(config, "datasets")
    for name in datasets:
        dataset, path = mapping(datasets, name), ("datasets", name)
        owner = {}
        for label, values in mapping(dataset, "labels").items():
            for i, value in enumerate(values if isinstance(values, list) else []):
                if type(value) in (str, int, float) and (first := owner.setdefault(as_label(value), label)) != label:
                    text = f"{show(value)} belongs to class {show(first)} already; a value can have one class only"
                    mistakes.add((*path, "labels", label, i), text)
        owner = {}
        for label, package in mapping(dataset, "packages").items():
            if isinstance(package, str) and (first := owner.setdefault(package, label)) != label:
                text = f"{show(package)} belongs to class {show(first)} already; a package can have one class only"
                mistakes.add((*path, "packages", label), text)

        if isinstance(dataset.get("split"), str) and mapping(dataset, "files"):
            text = "files names the splits already; leave split out, or give files as one list"
            mistakes.add((*path, "split"), f"{show(dataset['split'])} is one too many: {text}")

        cuts = mapping(dataset, "splits")
        amount = resolved(schema()["$defs"]["cut"])["errorMessage"]
        for key, cut in cuts.items():
            if isinstance(cut, float) and cut >= 1:
                mistakes.add((*path, "splits", key), f"{show(cut)} {amount}")
        default = resolved(schema()["$defs"]["splits"])["default"]
        shares = [cut for key in default if isinstance(cut := cuts.get(key, default[key]), float) and 0 < cut < 1]
        if sum(shares) >= 1:
            text = f"the shares of validation and test add up to {sum(shares):g}; leave some below 1 for training"
            mistakes.add((*path, "splits"), text)


def check_models(config, mistakes):
    """Only models of the Hub have revisions."""
    models = mapping(config, "models")
    for name in models:
        path, revision = (mapping(models, name).get(key) for key in ("path", "revision"))
        if isinstance(path, str) and isinstance(revision, str):
            if path.startswith("package:") or names_folder(path) or Path(path).is_dir():
                text = f"{show(path)} is on this machine, and only models of the Hub have them; leave it out"
                mistakes.add(("models", name, "revision"), f"{show(revision)} is a revision: {text}")


def check_arms(config, mistakes):
    """Models that arms name are there, and embeddings belong to the tokenizer."""
    arms = mapping(config, "arms")
    keys = {"bert": ["model"], "lstm": ["tokenizer", "embeddings"], "tfidf": ["tokenizer"], "probe": ["model"]}
    for name in arms:
        arm, path = mapping(arms, name), ("arms", name)
        family = arm.get("family")
        for key in keys.get(family, []) if isinstance(family, str) else []:
            check_name(config, "models", "model", arm.get(key), (*path, key), mistakes)
        tokenizer, embeddings = arm.get("tokenizer"), arm.get("embeddings")
        if isinstance(embeddings, str) and isinstance(tokenizer, str) and embeddings != tokenizer:
            text = f"is not the tokenizer, {show(tokenizer)}: token ids would not match; name the same model in both"
            mistakes.add((*path, "embeddings"), f"{show(embeddings)} {text}")


def check_names(config, mistakes):
    """Arms to time, and what stands for a published dataset or arm, are in the catalogue."""
    for i, name in enumerate(sequence(mapping(config, "timing"), "arms")):
        path = ("timing", "arms", i)
        check_name(config, "arms", "arm", name, path, mistakes)
        if isinstance(name, str) and mapping(mapping(config, "arms"), name).get("family") not in (*NEURAL, None):
            mistakes.add(path, f"{show(name)} is no neural network, and only those are timed; leave it out")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for name in mapping(mapping(config, "published"), section):
            check_name(config, section, noun, name, ("published", section, name), mistakes)


def check_name(config, section, noun, name, path, mistakes):
    """Note that there is no `name` in a section of the catalogue, if both are what they should be otherwise."""
    there = config.get(section)
    if isinstance(name, str) and isinstance(there, dict) and name not in there:
        hint = did_you_mean(name, there)
        mistakes.add(path, f"no {noun} {show(name)} in {section}{hint} (there are: {listing(there) or 'none'})")


# Parts of a config that may be wrong in themselves


def mapping(parent, key):
    """``parent[key]`` if it is a mapping, else an empty one."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def sequence(parent, key):
    """``parent[key]`` if it is a list, else an empty one."""
    value = parent.get(key)
    return value if isinstance(value, list) else []
