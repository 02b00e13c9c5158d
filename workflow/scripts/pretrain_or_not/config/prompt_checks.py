"""Check the arms of family prompt, with what only they may name: size 0, GGUF files."""

from __future__ import annotations

import re

from pretrain_or_not.config.cross_checks import mapping, sequence
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.grid import reads_no_labels
from pretrain_or_not.config.made_models import recipe_of
from pretrain_or_not.config.wording import show

FIELD = re.compile(r"{[^{}]*}")


def check_prompts(config, mistakes):
    """Note mistakes in arms of family prompt, and where an arm without labels, or a GGUF file, is out of place."""
    arms = mapping(config, "arms")
    for name in arms:
        arm = mapping(arms, name)
        if arm.get("family") == "prompt":
            check_template(arm, ("arms", name), mistakes)
            check_words(arm, ("arms", name), mistakes)
        check_kind_of_models(config, name, mistakes)
        check_teacher_has_labels(arms, name, mistakes)
    for name in mapping(config, "models"):
        recipe = recipe_of(mapping(config, "models"), name) or {}
        for key in ("from", "tokenizer"):
            check_no_gguf(config, recipe.get(key), ("models", name, "pretrain", key), mistakes)
    check_size_zero(config, mistakes)


def check_template(arm, path, mistakes):
    """Check that a template has a place for the text, and no unknown field."""
    template = arm.get("template")
    if not isinstance(template, str):
        return
    fields = FIELD.findall(template)
    if fields.count("{text}") != 1:
        mistakes.add((*path, "template"), f"{show(template)} must have {{text}} once, where the text is to stand")
    elif unknown := [field for field in fields if field not in ("{text}", "{classes}")]:
        mistakes.add((*path, "template"), f"{show(unknown[0])} is no field; there are {{text}} and {{classes}}")


def check_words(arm, path, mistakes):
    """Check that no two classes have the same word."""
    owner: dict = {}
    for name, word in mapping(arm, "words").items():
        if isinstance(word, str) and (first := owner.setdefault(word.strip(), name)) != name:
            text = f"{show(word)} is the word of class {show(first)} already; give each class another one"
            mistakes.add((*path, "words", name), text)


def check_kind_of_models(config, name, mistakes):
    """Check that an arm that asks a language model names one that exists, and that others name no GGUF file."""
    arm = mapping(mapping(config, "arms"), name)
    family = FAMILIES.get(arm["family"]) if isinstance(arm.get("family"), str) else None
    for key in family.model_keys if family else ():
        if not family.language_model:
            check_no_gguf(config, arm.get(key), ("arms", name, key), mistakes)
        elif isinstance(arm.get(key), str) and recipe_of(mapping(config, "models"), arm[key]):
            text = "is made by `pretrain`, which makes no language model; name one that exists"
            mistakes.add(("arms", name, key), f"{show(arm[key])} {text}")


def check_no_gguf(config, model, path, mistakes):
    """Check that a model that is to be read by an encoder, or lend its tokenizer, is no GGUF file."""
    if isinstance(model, str) and mapping(mapping(config, "models"), model).get("gguf"):
        mistakes.add(path, f"{show(model)} is a GGUF file, which only family prompt reads; name another model")


def check_teacher_has_labels(arms, name, mistakes):
    """Check that a teacher has cells with labels."""
    teacher = mapping(mapping(arms, name), "teacher").get("arm")
    if isinstance(teacher, str) and reads_no_labels(mapping(arms, teacher)):
        text = "reads no labels (`shots: 0`), so it has no cell of this size; set its `shots`, or name another arm"
        mistakes.add(("arms", name, "teacher", "arm"), f"{show(teacher)} {text}")


def check_size_zero(config, mistakes):
    """Check that size 0 stands where, and only where, an arm needs no labels; the reference arm must need some."""
    experiment, arms = mapping(config, "experiment"), mapping(config, "arms")
    names, sizes = sequence(experiment, "arms"), sequence(experiment, "sizes")
    without = [name for name in names if isinstance(name, str) and reads_no_labels(mapping(arms, name))]
    zeros = [i for i, size in enumerate(sizes) if size == 0 and not isinstance(size, bool)]
    if zeros and not without:
        text = "0 is for arms that need no labels: add one of family prompt with `shots: 0`, or leave 0 out"
        mistakes.add(("experiment", "sizes", zeros[0]), text)
    if without and sizes and not zeros:
        text = f"arm {show(without[0])} reads no labels, so it has a cell of size 0 only: add 0, or set its `shots`"
        mistakes.add(("experiment", "sizes"), text)
    if (reference := experiment.get("reference")) in without:
        text = "reads no labels, so there is no size at which others can be compared with it; name another arm"
        mistakes.add(("experiment", "reference"), f"{show(reference)} {text}")
