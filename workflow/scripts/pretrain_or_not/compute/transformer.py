"""Load pretrained transformers: with a new head for classification, without a head, or their token embeddings alone."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.utils import logging

from pretrain_or_not.compute.dropout import dropout as fast_dropout
from pretrain_or_not.compute.dropout import replace_dropouts
from pretrain_or_not.errors import BadInput

# The load report warns that the classifier is new, which is intended in fine-tuning; progress bars fill the log.
logging.set_verbosity_error()

logging.disable_progress_bar()

# Pickled weights are not loaded, and code that comes with a model is not run.
SAFE = {"use_safetensors": True, "trust_remote_code": False}

UNREADABLE = (OSError, ValueError, SafetensorError)

# The name of `attention` below in transformers.
ATTENTION = "sdpa_with_fast_dropout"

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "mlp_dropout",
            "embedding_dropout", "classifier_dropout", "classifier_dropout_prob", "seq_classif_dropout", "dropout_rate",
            "embd_pdrop", "attn_pdrop", "resid_pdrop")  # fmt: skip


def load_for_classification(folder, label_names, dropout, pretrained=True, revision=None):
    """Return an encoder with a new classification head, in float32, with all its DROPOUTS set to `dropout`.

    pretrained: whether the encoder has the weights in `folder`, or random ones as before its pretraining. Weights
    stored in half precision are trained in single precision: `precision` sets the precision of computations. revision:
    of a Hub id. Raises BadInput if nothing can be loaded from `folder` (a local folder or a Hub id).
    """
    try:
        config = AutoConfig.from_pretrained(folder, revision=revision, trust_remote_code=False)
        for name in DROPOUTS:
            if isinstance(getattr(config, name, None), int | float):
                setattr(config, name, dropout)
        config.id2label = dict(enumerate(label_names))
        config.label2id = {name: i for i, name in enumerate(label_names)}
        if pretrained:
            model = AutoModelForSequenceClassification.from_pretrained(
                folder, revision=revision, config=config, dtype=torch.float32, **SAFE
            )
        else:
            model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    except UNREADABLE as error:
        raise unreadable(folder, error) from error
    replace_dropouts(model)
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(ATTENTION)
    return model


def attention(module, query, key, value, attention_mask, dropout=0.0, scaling=None, **options):
    """Return scaled dot-product attention as transformers computes it, but with `dropout.dropout` on a CPU.

    query, key, value: (batch, heads, time, width of a head). Returns ((batch, time, heads, width), None).
    """
    causal = options.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal  # as in transformers
    maskable = not causal if attention_mask is None else attention_mask.dtype == torch.bool
    plain = key.shape == query.shape and "position_bias" not in options
    if not (dropout > 0 and query.device.type == "cpu" and maskable and plain):
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **options)
    scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
    if attention_mask is not None:
        # Not infinity: a row of padding without any visible token, as in a sliding window, would become NaN and spread.
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    attended = fast_dropout(scores.softmax(dim=-1), dropout) @ value
    return attended.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attention)

AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def unreadable(folder, error):
    """Return BadInput that says why no model can be loaded from `folder`, and what to do."""
    reason = str(error).splitlines()[0]
    if isinstance(error, SafetensorError):
        reason = f"its model.safetensors is broken ({reason}); get it again"
    elif "trust_remote_code" in str(error):
        reason = "it needs code that comes with it, which is not run; choose a model that transformers knows"
    elif "safetensors" in reason and (Path(folder) / "pytorch_model.bin").is_file():
        reason = (
            "its weights are a pickle (pytorch_model.bin), which could run code and is not read; "
            "save them as model.safetensors with save_pretrained"
        )
    return BadInput(f"models: no model can be loaded from {folder!r}: {reason}")


def load_encoder(folder, revision=None):
    """Return a pretrained encoder without a head, in float32; raise BadInput if nothing can be loaded from `folder`.

    folder: a local folder or a Hub id. revision: of a Hub id.
    """
    try:
        return AutoModel.from_pretrained(folder, revision=revision, dtype=torch.float32, **SAFE)
    except UNREADABLE as error:
        raise unreadable(folder, error) from error


def load_fine_tuned(folder):
    """Return the fine-tuned classifier that `save_pretrained` wrote to a folder."""
    return AutoModelForSequenceClassification.from_pretrained(folder, **SAFE)


def input_embeddings(folder, revision=None):
    """Return the token-embedding matrix of a pretrained model, float32 (vocabulary, width) on CPU."""
    return load_encoder(folder, revision).get_input_embeddings().weight.detach().contiguous()


def embedding_tables(model):
    """Return the weights of all embedding layers of `model` (tokens, positions, types), a list of tensors."""
    return [m.weight for m in model.modules() if isinstance(m, torch.nn.Embedding)]


def position_limit(model):
    """Return the maximum number of tokens that the model can process, or None if its config does not say."""
    positions = getattr(model.config, "max_position_embeddings", None)
    # RoBERTa's positions start after the padding id.
    if positions and "roberta" in model.config.model_type:
        return positions - (model.config.pad_token_id + 1)
    return positions


def check_length(model, length, given, name):
    """Raise BadInput if `model` cannot process `length` tokens.

    given: key of the config that sets the length, for the message. name: what the message calls the model.
    """
    limit = position_limit(model)
    if limit and length > limit:
        raise BadInput(f"{given} {length} is more than the {limit} tokens that {name} can process; lower it")


def check_tokens(model, about, path, name):
    """Raise BadInput if `model`, called `name` in the config, cannot process the tokens at `path`; about: metadata."""
    check_length(model, about["max_length"], f"datasets: {about['dataset']}: max_length", f"model {name!r}")
    rows = model.get_input_embeddings().num_embeddings
    if about["vocabulary"] > rows:
        raise BadInput(
            f"{path}: token ids up to {about['vocabulary']}, and model {name!r} has {rows}: made by another tokenizer? "
            "Delete it and run again"
        )
