"""Say what follows from the recipe of a model that the workflow makes: where it starts, whose tokenizer it has."""

from __future__ import annotations

from collections.abc import Iterator

from pretrain_or_not.config.sizes import size_name
from pretrain_or_not.errors import BadInput

POSITIONS = 512  # that a new model can tell apart

MADE = "made"  # the version of a model that the workflow makes: its files are inputs, which Snakemake compares


def recipe_of(models: dict, name: str) -> dict | None:
    """Return how a model is made, the keys of its `pretrain`; None for a model that exists."""
    model = models.get(name)
    recipe = model.get("pretrain") if isinstance(model, dict) else None
    return recipe if isinstance(recipe, dict) else None


def base_of(models: dict, name: str) -> str | None:
    """Return the name of the model that a made model starts from; None for random weights and models that exist."""
    start = (recipe_of(models, name) or {}).get("from")
    return start if isinstance(start, str) else None


def lineage(models: dict, name: str) -> Iterator[str]:
    """Yield a model, the one it starts from, and so on, without end in a circle."""
    while name is not None:
        yield name
        name = base_of(models, name)  # type: ignore[assignment]


def made_in(models: dict, name: str) -> list[str]:
    """Return the models that the workflow makes for a model: itself and those it starts from, the last one first."""
    return [one for one in lineage(models, name) if recipe_of(models, one)]


def begins_elsewhere(models: dict, name: str) -> bool:
    """Return whether the first weights of a model were pretrained elsewhere, at a cost that is not known here."""
    *_, first = lineage(models, name)
    return recipe_of(models, first) is None


def tokenizer_owner(models: dict, name: str) -> str:
    """Return the model whose tokenizer a model has: one that exists, or one that trains its own."""
    seen = []
    while name not in seen:
        seen.append(name)
        recipe = recipe_of(models, name)
        given = recipe.get("tokenizer") if recipe else None
        if recipe is None or isinstance(given, dict):
            return name
        following = given if isinstance(given, str) else base_of(models, name)
        if following is None:
            return name
        name = following
    return name


def texts_read(recipe: dict) -> list[str]:
    """Return the datasets that a model is pretrained on."""
    return list(recipe["tasks"]) if recipe["objective"] == "supervised" else [recipe["texts"]]


def remembers(models: dict, arm: dict) -> bool:
    """Return whether an arm starts from a model whose masked words can be asked for: made by them, in some steps.

    Families that tune the whole model by steps, or leave it as it is, are measured. arm: its keys.
    """
    if arm.get("family") not in ("bert", "probe", "knn") or arm.get("init") == "random":
        return False
    name = arm.get("model")
    recipe = recipe_of(models, name) if isinstance(name, str) else None
    return bool(
        recipe and recipe.get("objective", "mlm") == "mlm" and recipe.get("steps", 1) and recipe.get("amount", 1)
    )


def with_each_amount(models: dict) -> tuple[dict, dict[str, str]]:
    """Return models in which one with a list of amounts is replaced by a model of each, called NAME-AMOUNT.

    Also returns {NAME-AMOUNT: NAME}, how these are written in the config.
    A tokenizer that is trained is that of the first one. An amount that is none stays, and the check finds it. Raises
    BadInput if there is a model of that name already.
    """
    found: dict = {}
    written: dict[str, str] = {}
    for name, model in models.items():
        recipe = recipe_of(models, name)
        amounts = recipe.get("amount") if recipe else None
        if not isinstance(amounts, list) or not amounts or recipe is None:
            found[name] = model
            continue
        first = None
        for amount in amounts:
            keys = recipe | {"amount": amount}
            if isinstance(recipe.get("tokenizer"), dict) and first is not None:
                keys["tokenizer"] = first
            own = f"{name}-{amount_name(amount)}"
            first = first or own
            if own in models or own in found:
                raise BadInput(
                    f"config: models.{name}.pretrain.amount: {amount!r} makes a model {own!r}, and there is one of "
                    "this name already; choose another name or amount"
                )
            found[own] = model | {"pretrain": keys}
            written[own] = name
    return found, written


def with_each_seed(models: dict) -> tuple[dict, dict[str, list[str]]]:
    """Return models in which one with a list of seeds is several: NAME of the first seed, NAME-seedSEED of another.

    All of them have one tokenizer. If the model that they start from has a list of seeds, too, each starts from the
    one in the same place. Also returns {NAME: the names of its models}.
    """
    several = {
        name: [name, *(seed_name(name, seed) for seed in seeds[1:])]
        for name in models
        if isinstance(seeds := (recipe_of(models, name) or {}).get("seed"), list)
    }
    found: dict = {}
    for name, model in models.items():
        if name not in several:
            found[name] = model
            continue
        recipe = model["pretrain"]
        for i, (own, seed) in enumerate(zip(several[name], recipe["seed"], strict=True)):
            keys = recipe | {"seed": seed}
            if (start := base_of(models, name)) in several:
                keys["from"] = several[start][i % len(several[start])]
            if i and isinstance(recipe["tokenizer"], dict):
                keys["tokenizer"] = name
            found[own] = model | {"pretrain": keys}
    return found, several


def seed_name(name: str, seed: int) -> str:
    """Return what the model of a further seed is called."""
    return f"{name}-seed{seed}"


def series_of(name: str, recipe: dict) -> str:
    """Return what the models are called that differ only in their amount: a name without -AMOUNT."""
    return name.removesuffix(f"-{amount_name(recipe['amount'])}")


def amount_name(amount) -> str:
    """Return an amount as in the name of a model: 0, 1000, 10pct."""
    try:
        return size_name(amount)
    except BadInput:
        return str(amount)
