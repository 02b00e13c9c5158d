"""The families of arms: one module per family, all with the same functions.

- ``build(run, about)`` returns the model to train: a `Network` for a neural family, a `compute.classifier.Fittable` for
  other families. run: a `training.run.Run`. about: the metadata of the file that it is trained on.
- ``load(folder, precision)`` returns the trained model in a folder as a `compute.classifier.Classifier`.

The code that trains a model is in the folder `training`. These modules do not import it, so an edit there does not by
itself test or time anything again. A module has the name of its family. What the workflow needs to know of a family to
plan jobs is in the table of `config.families`. No job imports that table, so a new row makes nothing run again.
"""

import importlib
from collections.abc import Callable
from typing import NamedTuple

from pretrain_or_not.data.examples import Takes


def as_it_is(model):
    """Return a model unchanged."""
    return model


class Network(NamedTuple):
    """A network to train.

    model: maps input_ids and attention_mask to an output with `logits`. flops: its `Flops`. embeddings: its embedding
    tables, a list of tensors. takes: what it can read. finish: what of the trained model is saved, a function of it.
    """

    model: object
    flops: object
    embeddings: list
    takes: Takes = Takes()
    finish: Callable = as_it_is


def module_name(family: str) -> str:
    """Return the full name of a family's module."""
    return f"{__name__}.{family}"


def family_module(family: str):
    """Return the module of a family."""
    return importlib.import_module(module_name(family))
