"""The families of arms, one module each, all with the same functions.

- ``build(run, about)`` returns what is to be trained: of a neural family a `Network`, of another one a
  `compute.classifier.Fittable`. run: a `training.run.Run`. about: the metadata of the
  file that it is trained on.
- ``load(folder, precision)`` returns the trained model in a folder as a `compute.classifier.Classifier`.
- ``build_untrained(arm, recipe, pretrained, embeddings, length)`` returns an `Untrained` model to time; only neural
  families have it.

How a model is trained is in the room `training`, which these modules do not import: an edit there neither tests nor
times anything again by itself. A module is named as its family is. What the workflow must know of a family to plan is
in the table of `config.families`, which no job imports: a new row there makes nothing run again.
"""

import importlib
from typing import NamedTuple

# The classes of a network to time: five stars, as in the published study. The last layer is too small for it to matter.
LABEL_NAMES = ["0", "1", "2", "3", "4"]


class Network(NamedTuple):
    """A network to train. model: maps input_ids and attention_mask to an output with `logits`. flops: its `Flops`.
    embeddings: its embedding tables, a list of tensors."""

    model: object
    flops: object
    embeddings: list


class Untrained(NamedTuple):
    """A network to time. model: maps input_ids and attention_mask to logits. embeddings: its embedding tables, a list
    of tensors. vocabulary: number of token ids. padding_id: the one that is not drawn."""

    model: object
    embeddings: list
    vocabulary: int
    padding_id: int


def module_name(family: str) -> str:
    """Return the full name of a family's module."""
    return f"{__name__}.{family}"


def family_module(family: str):
    """Return the module of a family."""
    return importlib.import_module(module_name(family))
