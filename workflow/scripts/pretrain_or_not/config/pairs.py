"""How many pairs of texts an arm is tuned on."""


def pair_count(recipe: dict, examples: int) -> tuple[int, int]:
    """Return how many pairs a run on `examples` draws, and how many `pairs_per_example` asks for.

    recipe: the keys of an arm that is tuned on pairs; `max_steps` bounds the first number.
    """
    wanted = examples * recipe["pairs_per_example"]
    return min(wanted, recipe["max_steps"] * recipe["batch_size"]), wanted
