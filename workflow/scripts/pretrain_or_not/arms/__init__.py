"""The families of arms: one module per family, all with the same functions.

- ``build(run, about)`` returns the model to train: a `Network` for a neural family, a `compute.classifier.Fittable` for
  other families. run: a `training.run.Run`. about: the metadata of the file that it is trained on.
- ``load(folder, precision)`` returns the trained model in a folder as a `compute.classifier.Classifier`.
- ``build_untrained(arm, recipe, pretrained, embeddings, length)`` returns an `Untrained` model to time; only neural
  families have it.

The code that trains a model is in the folder `training`. These modules do not import it, so an edit there does not by
itself test or time anything again. A module has the name of its family. What the workflow needs to know of a family to
plan jobs is in the table of `config.families`. No job imports that table, so a new row makes nothing run again.
"""

import importlib
from typing import NamedTuple

from pretrain_or_not.data.examples import Takes

# The classes of a network to time: five stars, as in the published study. The last layer is too small to affect times.
LABEL_NAMES = ["0", "1", "2", "3", "4"]


class Network(NamedTuple):
    """A network to train.

    model: maps input_ids and attention_mask to an output with `logits`. flops: its `Flops`. embeddings: its embedding
    tables, a list of tensors. takes: what it can read.
    """

    model: object
    flops: object
    embeddings: list
    takes: Takes = Takes()


class Untrained(NamedTuple):
    """A network to time.

    model: maps input_ids and attention_mask to an output with `logits`. embeddings: its embedding tables, a list of
    tensors. vocabulary: number of token ids. padding_id: the token id that random batches leave out.
    """

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
