"""The objective `rtd`: find the tokens that a small model has replaced (ELECTRA, Clark et al. 2020; METRO).

An auxiliary model, as wide as the main one and a third as deep, fills in masked tokens; the main model says of every
token whether it was replaced. Both are trained together and share their embeddings; the auxiliary one is discarded.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import BertForMaskedLM

from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.pretraining.flops import encoder_flops, head_flops
from pretrain_or_not.pretraining.masking import Masked
from pretrain_or_not.pretraining.packed_rows import HELD_OUT_SEED, PackedRows
from pretrain_or_not.training.task import Step

LOSS_WEIGHT = 50.0  # of the main model's loss beside that of the auxiliary one (Clark et al. 2020, appendix A)


class Discriminator(nn.Module):
    """An encoder, an auxiliary masked language model that shares its embeddings, and a head that finds replacements.

    encoder: a BERT without a head. A call returns the logits of the auxiliary model, or of the head.
    """

    def __init__(self, encoder):
        super().__init__()
        config = copy.deepcopy(encoder.config)
        config.num_hidden_layers = max(1, config.num_hidden_layers // 3)
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            setattr(config, name, 0.0)  # as in METRO
        self.encoder = encoder
        self.auxiliary = BertForMaskedLM(config)
        self.auxiliary.bert.embeddings = encoder.embeddings
        self.auxiliary.cls.predictions.decoder.weight = encoder.embeddings.word_embeddings.weight
        width = config.hidden_size
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, input_ids, attention_mask, places=None):
        """Return the auxiliary model's logits at `places` of the flattened batch, (n, vocabulary); without places, the
        logit of each token that it was replaced, (batch, time).
        """
        if places is not None:
            hidden = self.auxiliary.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return self.auxiliary.cls(hidden.flatten(0, 1)[places])
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.head(hidden).squeeze(-1)

    def save_pretrained(self, folder):
        """Write the encoder alone, as transformers loads it."""
        self.encoder.save_pretrained(folder)

    def flops(self, share: float, sparsity: float) -> Flops:
        """Return the Flops of a training step of both models; see `flops`. share: of the tokens that are masked."""
        auxiliary = encoder_flops(self.auxiliary.bert).plus(head_flops(self.auxiliary.cls, share))
        return encoder_flops(self.encoder, sparsity).plus(head_flops(self.head, 1.0)).plus(auxiliary)


class ReplacedTokens(PackedRows):
    """Packed rows in which some tokens are replaced by what the auxiliary model takes for likely, in one process.

    held_out_tokens: at the last validation, how many were replaced, and all.
    """

    held_out_tokens = np.zeros(2)

    def hidden(self, masker, batch, step):
        """Return a batch in which all hidden tokens are the mask."""
        return masker(batch, step, only_mask=True)

    def step(self, model, batch, accelerator):
        """Add the gradients of the losses of both models on a batch."""
        step, rows = batch
        padded = self.rows.padded(rows)
        masked = self.hidden(self.masker, padded, step)
        auxiliary, main, _ = self.losses(model, padded, masked, accelerator, (self.seed, step))
        loss = auxiliary + LOSS_WEIGHT * main
        accelerator.backward(loss)
        return Step(loss, len(rows), padded["input_ids"].shape[1])

    def losses(self, model, padded: dict, masked: Masked, accelerator, seeds: tuple[int, int]):
        """Return the losses of the auxiliary and of the main model, means over their tokens, and the share of replaced
        ones.

        seeds: of what is drawn.
        """
        given = tensors({"masked": masked.input_ids, "original": padded["input_ids"], "places": masked.places,
                         "attention_mask": padded["attention_mask"], "targets": masked.targets},
                        accelerator.device)  # fmt: skip
        with accelerator.autocast():
            logits = model(given["masked"], given["attention_mask"], given["places"])
        auxiliary = cross_entropy(logits.float(), given["targets"], reduction="sum") / max(1, len(masked.targets))
        sampled = sample(logits.detach().float(), seeds)
        corrupt = given["original"].flatten().scatter(0, given["places"], sampled).view_as(given["original"])
        labels = replaced(corrupt, given["original"])
        with accelerator.autocast():
            found = model(corrupt, given["attention_mask"])
        here = given["attention_mask"].bool()
        labels = labels[here].float()
        main = binary_cross_entropy_with_logits(found.float()[here], labels)
        return auxiliary, main, labels.mean()

    def held_out_loss(self, model, batch, hidden, accelerator, step):
        """Return the loss of the main model, with the auxiliary model as it is, and the number of tokens."""
        _, main, share = self.losses(model, batch, hidden, accelerator, (HELD_OUT_SEED, step))
        tokens = int(batch["attention_mask"].sum())
        self.held_out_tokens = (np.zeros(2) if step == 0 else self.held_out_tokens) + [tokens * float(share), tokens]
        return main, tokens

    def guessing_loss(self):
        """Return the loss, in nats per token, of always giving a token the share of replaced ones as its chance.

        The share is that of the held-out rows at the last validation: it depends on the auxiliary model.
        """
        share = self.held_out_tokens[0] / self.held_out_tokens[1]
        return float(-sum(p * np.log(p) for p in (share, 1 - share) if p))

    def state(self):
        """Return what a checkpoint has to hold: how many tokens were replaced at the last validation."""
        return {"held_out_tokens": self.held_out_tokens.tolist()}

    def restore(self, state):
        """Go on from what `state` returned."""
        self.held_out_tokens = np.array(state["held_out_tokens"])


def sample(logits: torch.Tensor, seeds: tuple[int, ...]) -> torch.Tensor:
    """Return a token drawn from each row of logits, (n,), by the Gumbel-max trick; the draws depend on `seeds` only."""
    seed = int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> 1)
    random = torch.Generator(device=logits.device).manual_seed(seed)
    noise = torch.empty_like(logits).exponential_(generator=random).log()
    return (logits - noise).argmax(dim=-1)


def replaced(corrupt: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """Return which tokens were replaced: those that differ. A draw that is the original token is none."""
    return corrupt != original
