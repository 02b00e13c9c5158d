"""Checks that JSON Schema cannot express. Each looks only at values of the right type: others are noted already."""

from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.made_models import tokenizer_owner
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.schema import resolved, schema
from pretrain_or_not.config.sizes import size_name
from pretrain_or_not.config.splits import DEFAULT_SHARE
from pretrain_or_not.config.wording import did_you_mean, listing, show, text_of
from pretrain_or_not.errors import BadInput


def check_catalogue(config, mistakes):
    """Note mistakes in the sections of a config, and between them."""
    check_experiment(config, mistakes)
    check_datasets(config, mistakes)
    check_arms(config, mistakes)
    check_ngrams(config, mistakes)
    check_target(config, mistakes)
    check_names(config, mistakes)


def check_experiment(config, mistakes):
    """Check that names are in the catalogue, the reference is an arm of the experiment, and sizes are valid."""
    experiment = mapping(config, "experiment")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for i, name in enumerate(sequence(experiment, section)):
            check_name(config, section, noun, name, ("experiment", section, i), mistakes)

    arms = sequence(experiment, "arms")
    reference = experiment.get("reference")
    known = all(("experiment", "arms", i) not in mistakes for i in range(len(arms)))
    if isinstance(reference, str) and arms and known and reference not in arms:
        path = ("experiment", "reference")
        text = f"is not one of experiment.arms (there are: {listing(arms)}); set `reference` to one of them"
        mistakes.add(path, f"{show(reference)} {text}")

    seen = {}
    for i, size in enumerate(sequence(experiment, "sizes")):
        try:
            first = seen.setdefault(size_name(size), i)
            if first != i:
                mistakes.add(("experiment", "sizes", i), f"{show(size)} is in the list already, as sizes[{first}]")
        except BadInput as error:
            mistakes.add(("experiment", "sizes", i), str(error))

    check_titles(config, mistakes)
    check_exclude(config, mistakes)


def check_titles(config, mistakes):
    """Check that no two datasets, and no two arms, of the experiment look the same where their titles are shown."""
    for section in ("datasets", "arms"):
        owner = {}
        for name in sequence(mapping(config, "experiment"), section):
            entry = mapping(mapping(config, section), name) if isinstance(name, str) else {}
            title = entry.get("title") or name
            if isinstance(title, str) and (first := owner.setdefault(" ".join(title.split()), name)) != name:
                text = f"{show(title)} is what {section} {show(first)} and {show(name)} are both called in figures"
                mistakes.add((section, name, "title"), f"{text}; give one of them another title")


def check_target(config, mistakes):
    """Check that a score that is shown times 100 is not given as a share."""
    target, name = config.get("target"), mapping(config, "experiment").get("metric", "accuracy")
    metric = METRICS.get(name) if isinstance(name, str) else None
    if isinstance(target, float) and 0 < target < 1 and metric and metric.scale == 100:
        mistakes.add(("target",), f"{show(target)} is below 1, and scores are shown times 100: write {100 * target:g}")


def check_exclude(config, mistakes):
    """Check that excluded values are in the experiment, and that at least one cell is left."""
    experiment = mapping(config, "experiment")
    for i, pattern in enumerate(sequence(experiment, "exclude")):
        for key in pattern if isinstance(pattern, dict) else ():
            options = sequence(experiment, key)
            if any(place[:2] == ("experiment", key) for place in mistakes):
                continue  # the value may be right, and the list in the experiment wrong
            for j, value in enumerate(sequence(pattern, key)):
                path = ("experiment", "exclude", i, key, j)
                if value not in options:
                    hint = did_you_mean(value, options) if isinstance(value, str) else ""
                    there = ", ".join(map(text_of, options))
                    text = f"is not in experiment.{key}{hint} (there are: {there}); if this `exclude` is that of an "
                    mistakes.add(path, f"{show(value)} {text}earlier file, drop it by `exclude: []`")
    if mistakes:
        return
    left = {cell["arm"] for cell in grid(config)}
    if not left:
        mistakes.add(("experiment", "exclude"), "leaves no cell at all; drop one of its entries")
    for i, arm in enumerate(sequence(experiment, "arms") if left else ()):
        if arm not in left:
            text = "has no cell, as `exclude` leaves out all of them; leave it out of `arms`, or drop an entry"
            mistakes.add(("experiment", "arms", i), f"{show(arm)} {text}")


def check_datasets(config, mistakes):
    """Check that splits are given once, and cuts leave training rows."""
    datasets = mapping(config, "datasets")
    for name in datasets:
        dataset, path = mapping(datasets, name), ("datasets", name)
        if isinstance(dataset.get("split"), str) and mapping(dataset, "files"):
            text = "files names the splits already; leave split out, or give files as one list"
            mistakes.add((*path, "split"), f"{show(dataset['split'])} is one too many: {text}")

        check_form(dataset, path, mistakes)
        check_folds(config, name, mistakes)

        cuts = mapping(dataset, "splits")
        amount = resolved(schema()["$defs"]["cut"])["errorMessage"]
        for key, cut in cuts.items():
            if isinstance(cut, float) and cut >= 1:
                mistakes.add((*path, "splits", key), f"{show(cut)} {amount}")
        shares = [cuts.get(key) or DEFAULT_SHARE for key in ("validation", "test")]
        shares = [cut for cut in shares if isinstance(cut, float) and 0 < cut < 1]
        if sum(shares) >= 1:
            text = f"the shares of validation and test add up to {sum(shares):g}; leave some below 1 for training"
            mistakes.add((*path, "splits"), text)


def check_folds(config, name, mistakes):
    """Check that a dataset with folds has no other splits, and that the seeds make whole rounds."""
    dataset, path = mapping(mapping(config, "datasets"), name), ("datasets", name, "folds")
    folds, experiment = dataset.get("folds"), mapping(config, "experiment")
    if not is_whole(folds):
        return
    given = [key for key in ("split", "time") if isinstance(dataset.get(key), str)]
    given += ["splits.test"] if mapping(dataset, "splits").get("test") is not None else []
    given += [key for key in ("files", "split") if mapping(dataset, key).keys() & {"validation", "test"}]
    if given:
        text = f"each fold is a test set, and {given[0]} makes another one; leave out one of the two"
        mistakes.add(path, f"{folds}: {text}")
    if dataset.get("near_duplicates") == "remove":
        text = "'remove' needs splits, and with folds each row is tested; leave it out, and copies are counted"
        mistakes.add(("datasets", name, "near_duplicates"), text)
    seeds = [seed for seed in sequence(experiment, "seeds") if is_whole(seed)]
    lacking = sorted({seed // folds * folds + i for seed in seeds for i in range(folds)} - set(seeds))
    if lacking and name in sequence(experiment, "datasets"):
        rounds = f"with `folds: {folds}` of dataset {name!r}, 0 to {folds - 1} are a round, {folds} to {2 * folds - 1}"
        mistakes.add(
            ("experiment", "seeds"),
            f"{rounds} the next one, and so on; complete the round: seed {lacking[0]} is missing",
        )


def is_whole(value):
    """Return whether a value is a whole number, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_form(dataset, path, mistakes):
    """Check the keys of a dataset that say how its files are read, and which columns are the text."""
    header, columns, encoding = (dataset.get(key) for key in ("header", "columns", "encoding"))
    if header is False and not columns:
        text = "is false, so name all columns of the files in order: columns: [label, text]"
        mistakes.add((*path, "header"), text)
    if isinstance(columns, list) and header is not False:
        text = "names the columns of files without a header: set `header: false` too, or leave it out"
        mistakes.add((*path, "columns"), text)
    if isinstance(encoding, str) and not is_encoding(encoding):
        text = "is no encoding that Python knows; give one such as utf-8, cp1252, latin-1, utf-16 or gb18030"
        mistakes.add((*path, "encoding"), f"{show(encoding)} {text}")
    if isinstance(dataset.get("pair"), list) and "text" in dataset:
        mistakes.add((*path, "pair"), "names two texts in place of `text`; leave out one of the two keys")
    if isinstance(dataset.get("group"), str) and isinstance(dataset.get("time"), str):
        text = "splits are cut by `group` or by `time`, not by both; leave out one of the two keys"
        mistakes.add((*path, "group"), f"{show(dataset['group'])} is one too many: {text}")
    named = [*(sequence(dataset, "pair") or sequence(dataset, "text") or [dataset.get("text", "text")])]
    label = dataset.get("label", "label")  # the defaults are not filled in yet
    if isinstance(label, str) and label in named:
        mistakes.add((*path, "label"), f"{show(label)} is the column of the text too; name another one")


def is_encoding(name):
    """Return whether Python knows an encoding of text of this name."""
    try:
        return "".encode(name) is not None
    except (LookupError, ValueError):
        return False


def check_arms(config, mistakes):
    """Check that the models of arms are in the catalogue, and that embeddings belong to the tokenizer."""
    arms = mapping(config, "arms")
    for name in arms:
        arm, path = mapping(arms, name), ("arms", name)
        family = arm.get("family")
        row = FAMILIES.get(family) if isinstance(family, str) else None
        for key in row.model_keys if row else ():
            check_name(config, "models", "model", arm.get(key), (*path, key), mistakes)
        check_teacher(config, name, mistakes)
        tokenizer, embeddings = arm.get("tokenizer"), arm.get("embeddings")
        models = mapping(config, "models")
        both = isinstance(embeddings, str) and isinstance(tokenizer, str)
        if both and tokenizer_owner(models, embeddings) != tokenizer_owner(models, tokenizer):
            text = f"is not the tokenizer, {show(tokenizer)}: token ids would not match; name the same model in both"
            mistakes.add((*path, "embeddings"), f"{show(embeddings)} {text}")


def check_teacher(config, name, mistakes):
    """Check that an arm learns from another one, which has no teacher itself and whose models are kept."""
    teacher, path = mapping(mapping(mapping(config, "arms"), name), "teacher"), ("arms", name, "teacher")
    if not teacher:
        return
    check_name(config, "arms", "arm", teacher.get("arm"), (*path, "arm"), mistakes)
    check_name(config, "datasets", "dataset", teacher.get("texts"), (*path, "texts"), mistakes)
    its = mapping(mapping(config, "arms"), teacher["arm"]) if isinstance(teacher.get("arm"), str) else {}
    if teacher.get("arm") == name or its.get("teacher"):
        text = "learns from another arm itself" if teacher.get("arm") != name else "is the arm itself"
        mistakes.add((*path, "arm"), f"{show(teacher['arm'])} {text}; name an arm that learns from labels alone")
    experiment, datasets = mapping(config, "experiment"), mapping(config, "datasets")
    if name not in sequence(experiment, "arms"):
        return
    named = [one for one in sequence(experiment, "datasets") if isinstance(one, str)]
    pairs = [one for one in named if mapping(datasets, one).get("pair")]
    if teacher.get("texts") is not None and pairs:
        text = f"the pairs of {show(pairs[0])} cannot be taught on single texts; leave `texts` out"
        mistakes.add((*path, "texts"), text)
    further = mapping(datasets, teacher["texts"]) if isinstance(teacher.get("texts"), str) else {}
    if further.get("pair"):
        mistakes.add((*path, "texts"), f"{show(teacher['texts'])} has pairs; name a dataset of single texts")
    elif further.get("folds") and teacher["texts"] in named:
        text = "is tested in some fold, so no text is left to ask about; name another dataset, or leave `texts` out"
        mistakes.add((*path, "texts"), f"each row of {show(teacher['texts'])} {text}")
    if teacher.get("texts") is None and teacher.get("amount") not in (None, "100%"):
        mistakes.add((*path, "amount"), f"{show(teacher['amount'])} is of `texts`, and there are none; leave it out")
    if experiment.get("keep_models") == "none":
        mistakes.add(path, "a teacher is asked after its training, and `experiment.keep_models: none` deletes it")


def check_ngrams(config, mistakes):
    """Check that arms on n-grams have some, each range in its order, and those of characters where texts are read."""
    arms = mapping(config, "arms")
    for name in arms:
        arm, path = mapping(arms, name), ("arms", name)
        if arm.get("family") != "tfidf":
            continue
        for key in ("words", "characters"):
            ends = sequence(arm, key)
            if len(ends) == 2 and all(type(end) is int for end in ends) and ends[0] > ends[1]:
                mistakes.add((*path, key), f"{show(ends)} begins above its end; give the shortest n-gram first")
        characters = arm.get("characters")
        if "words" in arm and arm["words"] is None and (characters is None or arm.get("tokenizer")):
            mistakes.add((*path, "words"), "null leaves no feature; give a range such as [1, 2]")
        if isinstance(arm.get("max_length"), int) and not arm.get("tokenizer"):
            text = "counts tokens, and without a tokenizer the arm reads complete texts; leave it out"
            mistakes.add((*path, "max_length"), f"{show(arm['max_length'])} {text}")
        if characters is not None and arm.get("tokenizer"):
            text = "needs texts, and with a tokenizer the arm reads tokens; leave one of the two out"
            mistakes.add((*path, "characters"), f"{show(characters)} {text}")


def check_names(config, mistakes):
    """Check that arms to time, and counterparts of published datasets and arms, are in the catalogue."""
    for i, name in enumerate(sequence(mapping(config, "timing"), "arms")):
        path = ("timing", "arms", i)
        check_name(config, "arms", "arm", name, path, mistakes)
        trained = sequence(mapping(config, "experiment"), "arms")
        if trained and isinstance(name, str) and name in mapping(config, "arms") and name not in trained:
            mistakes.add(path, f"{show(name)} is not in experiment.arms, and only trained arms are timed; leave it out")
    for section, noun in (("datasets", "dataset"), ("arms", "arm")):
        for name in mapping(mapping(config, "published"), section):
            check_name(config, section, noun, name, ("published", section, name), mistakes)


def check_name(config, section, noun, name, path, mistakes):
    """Note a mistake at `path` if `name` is not in a section of the catalogue; both must have the right type."""
    catalogue = config.get(section)
    if isinstance(name, str) and isinstance(catalogue, dict) and name not in catalogue:
        hint = did_you_mean(name, catalogue)
        mistakes.add(path, f"no {noun} {show(name)} in {section}{hint} (there are: {listing(catalogue) or 'none'})")


def mapping(parent, key):
    """Return ``parent[key]`` if it is a mapping, otherwise an empty one."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def sequence(parent, key):
    """Return ``parent[key]`` if it is a list, otherwise an empty one."""
    value = parent.get(key)
    return value if isinstance(value, list) else []
