"""Check the models of a config, with the recipes of those that the workflow makes."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.cross_checks import check_name, is_whole, mapping, sequence
from pretrain_or_not.config.made_models import POSITIONS, base_of, lineage, recipe_of, seed_name, tokenizer_owner
from pretrain_or_not.config.schema import schema
from pretrain_or_not.config.sizes import size_name
from pretrain_or_not.config.wording import show
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import names_folder

NEED_LABELS = ("labels", "ignore_labels", "folds", "group", "time", "groups")  # keys of a dataset

KEYS_OF_OTHERS = {  # of a recipe, by its objective: keys that only other objectives read
    "mlm": ("examples",),
    "rtd": ("examples", "head_steps"),
    "supervised": ("texts", "amount", "order", "weights", "mask", "head_steps", "without"),
}

INSTEAD = {  # of such keys: what to do
    "texts": "; name them as `tasks`",
    "without": ": the examples of tasks that are tested on are left out of their files; leave it out",
}

FEWEST_BYTE_PAIRS = 300  # 256 bytes, five special tokens, and some pairs


def check_models(config, mistakes):
    """Note mistakes in the models of a config."""
    models = mapping(config, "models")
    for name in models:
        model = mapping(models, name)
        check_place(name, model, mistakes)
        if recipe_of(models, name):
            check_recipe(config, name, mistakes)
    check_targets(config, models, mistakes)
    for i, name in enumerate(sequence(mapping(config, "experiment"), "datasets")):
        if has_no_labels(config, name):
            text = "has no labels (`label: null`); only models can be pretrained on it, as `texts` of `pretrain`"
            mistakes.add(("experiment", "datasets", i), f"{show(name)} {text}")
    for name in mapping(config, "datasets"):
        dataset = mapping(mapping(config, "datasets"), name)
        for key in NEED_LABELS if has_no_labels(config, name) else ():
            if dataset.get(key):
                text = "has no meaning for texts without labels (`label: null`); leave one of the two keys out"
                mistakes.add(("datasets", name, key), f"{show(dataset[key])} {text}")


def check_place(name, model, mistakes):
    """Check that a model either exists or is made, and that only models of the Hub have revisions."""
    path, revision, recipe = (model.get(key) for key in ("path", "revision", "pretrain"))
    if path is None and recipe is None:
        text = "'path' is missing (where the model is); or say by `pretrain` how to make it"
        mistakes.add(("models", name), text, key="path")
    if path is not None and recipe is not None:
        text = f"{show(path)} is the place of a model that exists, and `pretrain` makes one; leave out one of the two"
        mistakes.add(("models", name, "path"), text)
    if recipe is not None:
        for key in ("revision", "sha256"):
            if model.get(key) is not None:
                mistakes.add(("models", name, key), "is of a model that exists, and `pretrain` makes one; leave it out")
    elif isinstance(path, str) and isinstance(revision, str):
        if path.startswith("package:") or names_folder(path) or Path(path).is_dir():
            text = f"{show(path)} is on this machine, and only models of the Hub have them; leave it out"
            mistakes.add(("models", name, "revision"), f"{show(revision)} is a revision: {text}")


def check_recipe(config, name, mistakes):
    """Check the recipe of a model that is made."""
    models, place = mapping(config, "models"), ("models", name, "pretrain")
    recipe = recipe_of(models, name) or {}
    check_start(config, recipe, models, name, mistakes)
    check_texts(config, recipe, place, mistakes)
    amount = recipe.get("amount", "100%")
    try:
        size_name(amount)
    except BadInput:
        text = "is no amount: give 0, a count of texts, or a share such as 10%; a list makes a model of each"
        mistakes.add((*place, "amount"), f"{show(amount)} {text}")
    for i, other in enumerate(sequence(recipe, "without")):
        check_name(config, "datasets", "dataset", other, (*place, "without", i), mistakes)
    check_objective(recipe, place, mistakes)
    check_seeds(models, name, mistakes)


def check_seeds(models, name, mistakes):
    """Check that models of several seeds have names of their own, and start from one model or from as many."""
    recipe, place = recipe_of(models, name) or {}, ("models", name, "pretrain", "seed")
    seeds, start = recipe.get("seed"), base_of(models, name)
    for seed in seeds[1:] if isinstance(seeds, list) else ():
        if (own := seed_name(name, seed)) in models:
            text = f"makes a model {show(own)}, and there is one of this name already; choose another seed"
            mistakes.add(place, f"{show(seed)} {text}")
    before = (recipe_of(models, start) or {}).get("seed") if start else None
    if isinstance(before, list) and len(before) > 1 and len(before) != (len(seeds) if isinstance(seeds, list) else 1):
        text = f"{show(start)}, which it starts from, has {len(before)} seeds"
        given = "" if seeds is None else f"{show(seeds)}: "
        mistakes.add(place, f"{given}{text}; give as many, as each model starts from the one in the same place")


def check_targets(config, models, mistakes):
    """Check that no model of an arm has learned labels of a dataset of the experiment, which would not be counted.

    Nor one of its teacher: what it says of texts would pass them on.
    """
    experiment, arms = mapping(config, "experiment"), mapping(config, "arms")
    targets = sequence(experiment, "datasets")
    asked = [arm for arm in sequence(experiment, "arms") if isinstance(arm, str)]
    asked += [mapping(mapping(arms, arm), "teacher").get("arm") for arm in asked]
    used = [mapping(arms, arm).get(key) for arm in asked if isinstance(arm, str) for key in ("model", "embeddings")]
    for name in dict.fromkeys(one for one in used if isinstance(one, str)):
        seen: list[str] = []
        for one in lineage(models, name):
            if one in seen:
                break
            seen.append(one)
            for i, task in enumerate(sequence(recipe_of(models, one) or {}, "tasks")):
                if task in targets:
                    text = "is a dataset of the experiment: its labels would be learned, and not counted; leave it out"
                    mistakes.add(("models", one, "pretrain", "tasks", i), f"{show(task)} {text}")


def check_start(config, recipe, models, name, mistakes):
    """Check what a model starts from, and whose tokenizer it has."""
    place, start, tokenizer = ("models", name, "pretrain"), recipe.get("from"), recipe.get("tokenizer")
    check_name(config, "models", "model", start, (*place, "from"), mistakes)
    check_name(config, "models", "model", tokenizer, (*place, "tokenizer"), mistakes)
    if any(mistakes.at(place)[:3] == given[:3] for given in mistakes):
        return
    if isinstance(tokenizer, dict) and recipe.get("objective") == "supervised":
        text = "a tokenizer is trained on `texts`, which `objective: supervised` has not; name a model whose it is"
        mistakes.add((*place, "tokenizer"), text)
    if isinstance(tokenizer, dict) and tokenizer.get("kind") == "bpe" and is_whole(size := tokenizer.get("train")):
        if 100 <= size < FEWEST_BYTE_PAIRS:
            text = f"byte pairs begin with 256 bytes and the special tokens; take at least {FEWEST_BYTE_PAIRS}"
            mistakes.add((*place, "tokenizer", "train"), text)
    if check_tokenizers(models, name, place, mistakes):
        return
    if isinstance(start, dict):
        if is_whole(length := recipe.get("length")) and length > POSITIONS:
            text = f"a new model has {POSITIONS} positions; take at most as many, or start `from` a model with more"
            mistakes.add((*place, "length"), f"{length:,} is too long: {text}")
        hidden, heads = start.get("hidden"), start.get("heads")
        if is_whole(hidden) and is_whole(heads) and heads > 0 and hidden % heads:
            mistakes.add(
                (*place, "from", "heads"), f"{heads} heads cannot share a width of {hidden}; take a divisor of it"
            )
        if tokenizer is None:
            text = "'tokenizer' is missing: name a model of which it is taken, or train one: {train: 8000}"
            mistakes.add(place, text, key="tokenizer")
        return
    seen, one = [name], base_of(models, name)
    while one is not None and one not in seen:
        seen.append(one)
        one = base_of(models, one)
    if one == name == min(seen):  # it is told once
        circle = " from ".join(map(show, [*seen, one]))
        mistakes.add((*place, "from"), f"{show(start)} makes a circle: {circle}; let one start from random weights")
    elif tokenizer is not None and one is None:
        mine, its = tokenizer_owner(models, name), tokenizer_owner(models, start) if isinstance(start, str) else None
        if isinstance(tokenizer, dict) or mine != its:
            text = f"is not the tokenizer of {show(start)}, which its weights are for; leave it out"
            mistakes.add((*place, "tokenizer"), f"{show(tokenizer)} {text}")


def check_tokenizers(models, name, place, mistakes):
    """Check that the tokenizers of models do not name each other in a circle; return whether they do."""
    seen, one = [name], (recipe_of(models, name) or {}).get("tokenizer")
    while isinstance(one, str) and one not in seen:
        seen.append(one)
        one = (recipe_of(models, one) or {}).get("tokenizer")
    if one != name:
        return False
    if name == min(seen):  # it is told once
        circle = " of ".join(map(show, [*seen, name]))
        text = f"makes a circle: {circle}; let one train its own: {{train: 8000}}"
        mistakes.add((*place, "tokenizer"), f"{show(recipe_of(models, name)['tokenizer'])} {text}")
    return True


def check_texts(config, recipe, place, mistakes):
    """Check that an objective has what it reads: texts, or tasks with labels."""
    texts, tasks = recipe.get("texts"), sequence(recipe, "tasks")
    check_name(config, "datasets", "dataset", texts, (*place, "texts"), mistakes)
    examples = recipe.get("examples")
    if is_whole(examples) and 0 < examples < len(tasks):
        mistakes.add(
            (*place, "examples"), f"{examples} are fewer than the {len(tasks)} tasks; give one to each at least"
        )
    for i, task in enumerate(tasks):
        check_name(config, "datasets", "dataset", task, (*place, "tasks", i), mistakes)
        if has_no_labels(config, task):
            mistakes.add((*place, "tasks", i), f"{show(task)} has no labels (`label: null`); name it as `texts`")
        if isinstance(task, str) and mapping(mapping(config, "datasets"), task).get("folds"):
            text = (
                "has `folds`, so no texts are held out to validate on; name the files as another dataset without them"
            )
            mistakes.add((*place, "tasks", i), f"{show(task)} {text}")
    if recipe.get("objective") == "supervised":
        if not tasks:
            mistakes.add(place, "'tasks' is missing: the names of datasets whose labels are learned", key="tasks")
        return
    if texts is None:
        mistakes.add(place, "'texts' is missing: the name of a dataset", key="texts")
    if tasks:
        mistakes.add((*place, "tasks"), f"{show(tasks)} are read with `objective: supervised` only; leave them out")


def check_objective(recipe, place, mistakes):
    """Check the keys that not every objective has."""
    objective = recipe.get("objective", "mlm")
    keys = schema()["$defs"]["pretrain"]["properties"]
    for key in KEYS_OF_OTHERS.get(objective, ()) if isinstance(objective, str) else ():
        if recipe.get(key) not in (None, keys[key]["default"]):
            instead = INSTEAD.get(key, "; leave it out")
            mistakes.add((*place, key), f"{show(recipe[key])} has no meaning with `objective: {objective}`{instead}")
    if recipe.get("objective") == "rtd" and isinstance(recipe.get("weights"), dict):
        text = "self-influence weights are for `objective: mlm`; leave them out"
        mistakes.add((*place, "weights"), f"{show(recipe['weights'])}: {text}")
    if isinstance(recipe.get("from"), dict) and recipe.get("head_steps") is not None:
        text = "is for a model that goes on from another one (`from: NAME`); of a new one, all weights are trained"
        mistakes.add((*place, "head_steps"), f"{show(recipe['head_steps'])} {text}")
    alone = recipe.get("objective") == "rtd" or isinstance(recipe.get("weights"), dict)
    if alone and recipe.get("processes", 1) != 1:
        text = "`objective: rtd` and self-influence weights are computed in one process; leave `processes` out"
        mistakes.add((*place, "processes"), f"{show(recipe['processes'])}: {text}")


def has_no_labels(config, name):
    """Return whether a dataset of a config says that it has no labels."""
    dataset = mapping(mapping(config, "datasets"), name) if isinstance(name, str) else {}
    return "label" in dataset and dataset["label"] is None
