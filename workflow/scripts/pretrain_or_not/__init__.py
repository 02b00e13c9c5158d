"""The code of the workflow, with `load`, which classifies texts with a model that it selected."""

import importlib


def load(folder):
    """Return the model in a folder `selected`: a `TextClassifier`, with `classes` and `predict(texts)`.

    folder: a path. Raises `pretrain_or_not.errors.BadInput` if it is not complete as it was written.
    """
    # By name, as otherwise the digest of every job would cover this code.
    return importlib.import_module(f"{__name__}.evaluation.text_classifier").load(folder)
