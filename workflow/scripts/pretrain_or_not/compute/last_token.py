"""Classify a text by the state of its last token, in an encoder-decoder."""

import types

import torch
from transformers.modeling_outputs import SequenceClassifierOutput


def classify_last_token(model):
    """Make an encoder-decoder with a classification head find the last token by the attention mask, in place.

    transformers finds it by its id, </s>, and then fails on a batch in which a text also holds </s> elsewhere. For all
    other texts the result is the same.
    """
    model.forward = types.MethodType(forward, model)


def forward(model, input_ids, attention_mask):
    """Return an output with logits (batch, classes).

    input_ids, attention_mask: (batch, time), padding on the right.
    """
    start = model.config.decoder_start_token_id
    shifted = input_ids.roll(1, dims=1)
    shifted[:, 0] = model.config.pad_token_id if start is None else start
    # Padding is on the right of the decoder, which only looks to the left.
    states = model.base_model(input_ids, attention_mask=attention_mask, decoder_input_ids=shifted, use_cache=False)[0]
    last = attention_mask.sum(dim=1) - 1
    return SequenceClassifierOutput(
        logits=model.classification_head(states[torch.arange(len(last), device=last.device), last])
    )
