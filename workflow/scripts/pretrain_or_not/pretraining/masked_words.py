"""The objective `mlm`: predict masked tokens (Devlin et al. 2019)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.pretraining.flops import encoder_flops, head_flops
from pretrain_or_not.pretraining.masking import MASKED, REPLACED, Masked, Masker
from pretrain_or_not.pretraining.packed_rows import PackedRows
from pretrain_or_not.pretraining.self_influence import influence_weights
from pretrain_or_not.training.task import Step

TEXTS_PER_MICROBATCH = 4  # rows whose gradients are weighted together
COUNTED_AT_ONCE = 1_000_000  # tokens


class MaskedModel(nn.Module):
    """A masked language model that predicts only the tokens that it is asked for."""

    def __init__(self, model, head: str):
        """model: of transformers. head: name of the module that maps hidden states to logits."""
        super().__init__()
        self.model, self.head = model, head

    @property
    def encoder(self):
        """Return the transformer without the head."""
        return self.model.base_model

    def forward(self, input_ids, attention_mask, places):
        """Return logits, (n, vocabulary). places: of the tokens to predict in the flattened batch, (n,)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return getattr(self.model, self.head)(hidden.flatten(0, 1)[places])

    def save_pretrained(self, folder):
        """Write the model with its head, as transformers loads it."""
        self.model.save_pretrained(folder)

    def flops(self, share: float, sparsity: float) -> Flops:
        """Return the Flops of a training step; see `flops`. share: of the tokens that are predicted."""
        return encoder_flops(self.encoder, sparsity).plus(head_flops(getattr(self.model, self.head), share))


class MaskedWords(PackedRows):
    """Packed rows with masked tokens.

    factors: of self-influence in the first and second half of the steps, or None. head_steps: first steps in which only
    the head is trained.
    """

    def __init__(
        self, rows: Examples, held_out: Examples, masker: Masker, recipe: dict, steps: int, head_steps: int = 0
    ):
        super().__init__(rows, held_out, masker, recipe, steps)
        self.head_steps = head_steps
        self.factors = None if recipe["weights"] == "uniform" else recipe["weights"]["self_influence"]

    def step(self, model, batch, accelerator):
        """Add the gradients of the mean loss over all masked tokens of a batch."""
        step, rows = batch
        factor = 0.0 if self.factors is None else self.factors[int(step >= self.steps / 2)]
        if factor:
            done = self.weighted_step(model, step, rows, accelerator, factor)
        else:
            loss, width = self.loss(model, self.masked(step, rows), accelerator)
            accelerator.backward(loss)
            done = Step(loss, len(rows), width)
        if step < self.head_steps:
            for weights in accelerator.unwrap_model(model).encoder.parameters():
                weights.grad = None  # the optimizer leaves them as they are
        return done

    def masked(self, step, rows):
        """Return the rows of a step with masked tokens: (batch, Masked)."""
        batch = self.rows.padded(rows)
        return batch, self.hidden(self.masker, batch, step)

    def loss(self, model, masked: tuple[dict, Masked], accelerator):
        """Return the mean loss over the masked tokens of a batch, of which processes share the rows, and its width."""
        batch, hidden = masked
        n, width = hidden.input_ids.shape
        mine = np.arange(accelerator.process_index, n, accelerator.num_processes)
        own = np.isin(hidden.places // width, mine)
        places = np.searchsorted(mine, hidden.places[own] // width) * width + hidden.places[own] % width
        mine = mine if len(mine) else np.zeros(1, dtype=int)  # more processes than rows: one, of which no token counts
        given = {"input_ids": hidden.input_ids[mine], "attention_mask": batch["attention_mask"][mine], "places": places}
        given = tensors(given, accelerator.device)
        targets = torch.from_numpy(hidden.targets[own]).to(accelerator.device)
        with accelerator.autocast():
            logits = model(**given)
        loss = cross_entropy(logits.float(), targets, reduction="sum")
        return loss * (accelerator.num_processes / max(1, len(hidden.targets))), width

    def weighted_step(self, model, step, rows, accelerator, factor):
        """Add the gradients of a batch, in which each few rows count by the influence that they have on themselves."""
        whole, hidden = self.masked(step, rows)
        parts, width = [], hidden.input_ids.shape[1]
        for start in range(0, len(rows), TEXTS_PER_MICROBATCH):
            some = slice(start, start + TEXTS_PER_MICROBATCH)
            inside = (hidden.places // width >= start) & (hidden.places // width < start + TEXTS_PER_MICROBATCH)
            part = Masked(hidden.input_ids[some], hidden.places[inside] - start * width, hidden.targets[inside])
            parts.append(({"attention_mask": whole["attention_mask"][some]}, part))
        losses = [lambda part=part: self.loss(model, part, accelerator)[0] for part in parts if len(part[1].targets)]
        if not losses:  # a small batch of which nothing is masked
            losses = [lambda: self.loss(model, (whole, hidden), accelerator)[0]]
        loss = influence_weights(model, losses, accelerator, factor)
        return Step(loss, len(rows), width)

    def guessing_loss(self):
        """Return the loss, in nats per token, of a model that looks at no other token than the one it predicts.

        It knows the frequency f of each token in the training rows. In place of the mask, it expects a token by its f.
        Where it sees another token, that may be the original, or one of `words` tokens that was drawn in its place.
        """
        words = self.masker.words
        counts = token_counts(self.rows.tokens, self.masker.vocabulary) + 1.0  # none has a chance of 0
        f = counts / counts[words].sum()
        held_out = f[self.held_out.tokens[np.isin(self.held_out.tokens, words)]]
        kept, drawn = np.log1p(1 / (len(words) * held_out)).mean(), np.log1p(len(words) * f[words]).mean()
        unseen = MASKED + REPLACED  # shares of the tokens to predict whose original is not seen
        return float(-unseen * np.log(held_out).mean() + (1 - unseen) * kept + REPLACED * drawn)

    def held_out_loss(self, model, batch, hidden, accelerator, step):
        """Return the mean loss over the masked tokens of a batch, and their number."""
        return self.loss(model, (batch, hidden), accelerator)[0], len(hidden.targets)


def token_counts(tokens: np.ndarray, vocabulary: int) -> np.ndarray:
    """Return how often each token occurs, (vocabulary,); NumPy counts in 8 bytes per token, so not all at once."""
    counts = np.zeros(vocabulary, np.int64)
    for start in range(0, len(tokens), COUNTED_AT_ONCE):
        counts += np.bincount(tokens[start : start + COUNTED_AT_ONCE], minlength=vocabulary)
    return counts
