"""Find the keys in which the recipe of a cell differs from that of the reference arm."""

from __future__ import annotations

# Keys that are compared on purpose, or follow from such keys.
COMPARED = ("model", "tokenizer", "embeddings", "init", "adapter", "teacher", "augment", "reselect", "sparse_finetune")


def place_of_run(run):
    """Return what the run of a cell has in common with those of other arms. run: the content of its run.json."""
    return tuple(run[key] for key in ("dataset", "size", "seed"))


def other_keys(recipe, of_reference):
    """Return the keys in which a recipe differs from that of the reference arm, of the same family, joined; or None.

    Those that experiments compare, see COMPARED, are left out: what remains may not be meant.
    """
    if of_reference is None or recipe["family"] != of_reference["family"]:
        return None
    keys = sorted({*recipe, *of_reference} - {*COMPARED})
    return ", ".join(key for key in keys if recipe.get(key) != of_reference.get(key)) or None
