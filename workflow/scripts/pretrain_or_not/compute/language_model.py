"""Load a language model, with its tokenizer; compute how likely it goes on with some words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import TOKENS_PER_BATCH, infer
from pretrain_or_not.compute.token_fit import position_limit
from pretrain_or_not.compute.transformer import SAFE, loading, read_config
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.language_model_files import check_decoder, check_language_model
from pretrain_or_not.files.pretrained import verified


def load_language_model(given: dict) -> tuple[Any, Any]:
    """Return a language model in float32, on the CPU, and its tokenizer.

    given: path, revision, sha256 and, of a GGUF file, `gguf`, as a model of the config. Weights that are quantized are
    turned into float32. Raises BadInput if nothing can be loaded, or the weights are not the expected ones.
    """
    folder, gguf, revision = verified(given), given.get("gguf"), given.get("revision")
    check_language_model(folder, gguf)
    options = {"revision": revision, "trust_remote_code": False} | ({"gguf_file": gguf} if gguf else {})
    if not gguf:
        check_decoder(read_config(folder, revision)[0].model_type, folder)
    with loading(folder), redirect_stderr(StringIO()):  # a progress bar of gguf
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **SAFE | options)
    check_decoder(model.config.model_type, folder)
    if not tokenizer.is_fast:
        raise BadInput(f"models: path {folder!r}: its tokenizer has no tokenizer.json; choose another model")
    return model.eval(), tokenizer


class LastLogits(nn.Module):
    """A language model that returns its logits at the last `places` tokens of each text, and computes no others."""

    def __init__(self, model, places):
        super().__init__()
        self.model, self.places = model, places

    def forward(self, input_ids, attention_mask):
        """Return logits (batch, places, vocabulary); texts are padded on the right, so no token sees padding."""
        states = self.model.base_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)[0]
        places = torch.arange(-self.places, 0, device=states.device) + attention_mask.sum(dim=1, keepdim=True)
        kept = states.gather(1, places[..., None].expand(-1, -1, states.shape[-1]))
        with torch.autocast(kept.device.type, enabled=False):  # logits in bf16 are so coarse that classes tie
            return self.model.get_output_embeddings()(kept.float())


class WordScorer:
    """Scores words by the probability that a language model goes on with them. limit: most tokens it can process."""

    def __init__(self, model: Any, device):
        """device: see `compute.devices.InferenceDevice`."""
        self.flops = counted_flops(LastLogits(model, 1)).forward
        self.model, self.device = model.to(device.device), device
        self.limit = position_limit(model)
        self.tokens_per_batch: float = TOKENS_PER_BATCH

    def score(self, prompts: Sequence[list[int]], words: Sequence[list[int]]) -> tuple[np.ndarray, int]:
        """Return the log-probability of each word after each prompt, float64 (n, words), and the FLOPs used.

        It is the sum over the tokens of the word. prompts, words: token ids.
        """
        scores, flops = np.zeros((len(prompts), len(words))), 0
        for context, members in contexts(words).items():
            network = LastLogits(self.model, len(context) + 1)
            chosen = [words[i] for i in members]

            def result(logits, _mask, chosen=chosen):
                logs = logits.float().log_softmax(dim=-1)
                return torch.stack([sum(logs[:, i, token] for i, token in enumerate(word)) for word in chosen], dim=1)

            rows = padded_rows([[*prompt, *context] for prompt in prompts])
            found, work = infer(network, rows, self.device, result, tokens_per_batch=self.tokens_per_batch)
            if len(prompts):
                scores[:, members] = found
            head = 2 * self.model.get_output_embeddings().weight.numel()  # per further place
            flops += work.flops(self.flops) + len(context) * head * len(prompts)
        return scores, flops


def contexts(words: Sequence[list[int]]) -> dict[tuple, list[int]]:
    """Return after which tokens the model must be run: tokens -> positions of the words whose logits it then has.

    The logits at the last tokens of a prompt and all but the last token of a word are those of each shorter beginning
    of it too.
    """
    beginnings = sorted({tuple(word[:-1]) for word in words}, key=len, reverse=True)
    found: dict[tuple, list[int]] = {}
    for own in beginnings:
        if not any(longer[: len(own)] == own for longer in found):
            found[own] = []
    for i, word in enumerate(words):
        own = tuple(word[:-1])
        found[next(longer for longer in found if longer[: len(own)] == own)].append(i)
    return found


def padded_rows(sequences: Sequence[list[int]]) -> Examples:
    """Return sequences of token ids as Examples; what pads them does not matter."""
    offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in sequences], dtype=np.int64)]).astype(np.int64)
    tokens = np.array([token for ids in sequences for token in ids], dtype=np.int64)
    nothing = np.zeros(len(sequences), dtype=np.int64)
    return Examples(nothing, nothing, tokens, offsets, {"padding_id": 0})
