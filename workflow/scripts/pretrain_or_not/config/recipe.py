"""What follows from the keys of an arm."""


def tokenizer_of(arm: dict) -> str | None:
    """Return the name in `models` of an arm's tokenizer, None if it has none.

    arm: its keys in the config, or its recipe.
    """
    return arm.get("tokenizer") or arm.get("model")
