"""Load pretrained transformers for classification, and their token embeddings."""

import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification
from transformers.utils import logging

from stage import BadInput

# The load report warns that the classifier is new, which is the point of fine-tuning; progress bars fill the log.
logging.set_verbosity_error()
logging.disable_progress_bar()

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "mlp_dropout",
            "embedding_dropout", "classifier_dropout", "seq_classif_dropout")  # fmt: skip


def load_for_classification(folder, label_names, dropout, pretrained=True):
    """An encoder with a new classification head, in float32, its DROPOUTS all set to `dropout`.

    pretrained: whether the encoder has the weights in `folder`, or random ones as before its pretraining. Weights
    stored in half precision are trained in single: `precision` decides what is computed in less.
    Raises BadInput where nothing can be loaded from `folder` (a local folder or a Hub id).
    """
    try:
        config = AutoConfig.from_pretrained(folder)
        for name in DROPOUTS:
            if isinstance(getattr(config, name, None), int | float):
                setattr(config, name, dropout)
        config.id2label = dict(enumerate(label_names))
        config.label2id = {name: i for i, name in enumerate(label_names)}
        if not pretrained:
            return AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        return AutoModelForSequenceClassification.from_pretrained(folder, config=config, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise BadInput(f"models: nothing to fine-tune in {folder!r}: {str(error).splitlines()[0]}") from error


def load_encoder(folder):
    """A pretrained encoder without head, in float32. Raises BadInput where nothing can be loaded from `folder`."""
    try:
        return AutoModel.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise BadInput(f"models: no model can be loaded from {folder!r}: {str(error).splitlines()[0]}") from error


def load_fine_tuned(folder):
    """A fine-tuned classifier that `save_pretrained` wrote."""
    return AutoModelForSequenceClassification.from_pretrained(folder)


def input_embeddings(folder):
    """Token-embedding matrix of a pretrained model, shape (vocabulary, width), float32 on CPU."""
    return load_encoder(folder).get_input_embeddings().weight.detach().contiguous()


def embedding_tables(model):
    """The weights of all embedding layers of `model` (tokens, positions, types)."""
    return [m.weight for m in model.modules() if isinstance(m, torch.nn.Embedding)]


def position_limit(model):
    """Tokens the model can take in, or None where its config does not say."""
    positions = getattr(model.config, "max_position_embeddings", None)
    # RoBERTa's positions start behind the padding id.
    if positions and "roberta" in model.config.model_type:
        return positions - (model.config.pad_token_id + 1)
    return positions
