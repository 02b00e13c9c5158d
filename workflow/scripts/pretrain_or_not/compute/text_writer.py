"""Let a language model write texts that are like given ones (after FewGen, Meng et al. 2023)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from pretrain_or_not.compute.flops import Work, counted_flops
from pretrain_or_not.compute.token_fit import position_limit
from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log

AT_ONCE = 32  # texts that are written side by side
BATCH = 4  # texts that are tuned on in one step
PREFIX = 10  # virtual tokens of `tune: prefix`
IGNORED = -100  # label of a token that is not learned, in transformers


class Written(NamedTuple):
    """A text, and the logarithm of its probability, which is summed over its tokens and that which ends it."""

    text: str
    log_probability: float


class TextWriter:
    """A language model that goes on from a line, such as ``A text of the class sports:``, to the end of the line.

    flops: operations so far. losses: mean loss of each pass of the tuning, in nats per token.
    """

    def __init__(self, model: Any, tokenizer: Any, keys: dict, device):
        """model, tokenizer: see `language_model.load_language_model`. keys: `augment` of the arm.

        device: see `compute.devices.InferenceDevice`.
        """
        self.model, self.tokenizer, self.keys, self.device = model.to(device.device), tokenizer, keys, device
        self.flops, self.losses = 0, []  # type: ignore[var-annotated]
        pieces = (tokenizer.decode([token]) for token in range(len(tokenizer)))
        breaks = [token for token, piece in enumerate(pieces) if "\n" in piece]
        ends = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        self.ends = ends + breaks
        if not self.ends:
            raise BadInput(
                "augment: the tokenizer of the generator has no token that ends a line; choose another model"
            )
        self.padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.ends[0]
        self.limit = position_limit(model)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text as it stands."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def cut(self, text: str) -> list[int]:
        """Return the ids of a text in one line, after a space, cut to `max_tokens` tokens."""
        return self.ids(" " + " ".join(text.split()))[: self.keys["max_tokens"]]

    def tune(self, head: str, texts: Sequence[str], seed: int) -> None:
        """Train small additions to the model, so that it writes such texts after `head`. They stay until `reset`."""
        from peft import LoraConfig, PrefixTuningConfig, TaskType, get_peft_model  # here, as it takes a second

        torch.manual_seed(seed)
        kind: Any = TaskType.CAUSAL_LM
        settings: Any = (
            LoraConfig(task_type=kind)
            if self.keys["tune"] == "lora"
            else PrefixTuningConfig(task_type=kind, num_virtual_tokens=PREFIX)
        )
        self.model = get_peft_model(self.model, settings)
        flops, work = counted_flops(self.model), Work()
        trained = [weights for weights in self.model.parameters() if weights.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=self.keys["tuning_rate"], weight_decay=0.0)
        begin, rows = self.ids(head), [[*self.cut(text), self.ends[0]] for text in texts]
        random = np.random.default_rng(seed)
        for _ in range(self.keys["tuning_epochs"]):
            order, losses = random.permutation(len(rows)), []
            for first in range(0, len(rows), BATCH):
                chosen = [rows[i] for i in order[first : first + BATCH]]
                losses.append(self.step(begin, chosen, optimizer, work))
            self.losses.append(float(np.mean(losses)))
        self.model.eval()
        self.flops += work.flops(flops.training)
        log.info("%r: tuned on %d texts, loss per token in each pass: %s", head, len(texts),
                 ", ".join(f"{loss:.2f}" for loss in self.losses[-self.keys["tuning_epochs"] :]))  # fmt: skip

    def step(self, begin: list[int], rows: list[list[int]], optimizer, work: Work) -> float:
        """Train on rows of token ids that follow `begin`, which is not learned itself; return the loss per token."""
        batch = padded([[*begin, *row] for row in rows], self.padding, self.device.device)
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)
        labels[:, : len(begin)] = IGNORED
        self.model.train()
        with self.device.autocast():
            loss = self.model(**batch, labels=labels, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        work.add(*batch["input_ids"].shape)
        return loss.item()

    def reset(self) -> None:
        """Take the additions out of the model again."""
        if self.keys["tune"] == "lora":
            self.model = self.model.unload()
        elif self.keys["tune"] == "prefix":
            self.model = self.model.get_base_model()

    def write(self, head: str, texts: Sequence[str], seed: int) -> Iterator[Written]:
        """Yield texts that follow `head`, without end. texts: those from which `shots` are shown before it."""
        torch.manual_seed(seed)
        random, flops = np.random.default_rng(seed), counted_flops(self.model)
        while True:
            shots = [random.permutation(len(texts))[: self.keys["shots"]] for _ in range(AT_ONCE)]
            prompts = ["".join(f"{head} {' '.join(texts[i].split())}\n" for i in row) + head for row in shots]
            yield from self.continued(prompts, flops)

    @torch.inference_mode()
    def continued(self, prompts: Sequence[str], flops) -> list[Written]:
        """Return one text that follows each prompt; raise BadInput if prompts are longer than the model can read."""
        batch = padded([self.ids(prompt) for prompt in prompts], self.padding, self.device.device, left=True)
        width = batch["input_ids"].shape[1]
        if self.limit is not None and width + self.keys["max_tokens"] > self.limit:
            raise BadInput(
                f"augment: the examples before a text have {width} tokens, and with {self.keys['max_tokens']} of a new "
                f"text they are more than the {self.limit} that the generator can read; take fewer `shots`"
            )
        with self.device.autocast():
            found = self.model.generate(
                **batch, do_sample=True, top_k=self.keys["top_k"], top_p=1.0, temperature=self.keys["temperature"],
                max_new_tokens=self.keys["max_tokens"], eos_token_id=self.ends, pad_token_id=self.padding,
                output_logits=True, return_dict_in_generate=True,
            )  # fmt: skip
        new = found.sequences[:, width:]
        steps = zip(found.logits, new.split(1, dim=1), strict=True)
        of_tokens = torch.cat([logits.float().log_softmax(dim=-1).gather(1, tokens) for logits, tokens in steps], dim=1)
        ended = torch.isin(new, torch.tensor(self.ends, device=new.device))
        inside = (ended.cumsum(dim=1) - ended.int()) == 0  # up to the first token that ends the line
        work = Work()
        work.add(len(prompts), found.sequences.shape[1])
        self.flops += work.flops(flops.forward)
        sums = (of_tokens * inside).sum(dim=1).tolist()
        rows = [row[kept].tolist() for row, kept in zip(new, inside, strict=True)]
        lines = [self.tokenizer.decode(row, skip_special_tokens=True).partition("\n")[0].strip() for row in rows]
        return [Written(*pair) for pair in zip(lines, sums, strict=True)]


def padded(rows: Sequence[list[int]], padding: int, device, left: bool = False) -> dict[str, torch.Tensor]:
    """Return rows of token ids as one batch, `input_ids` and `attention_mask`, padded at their ends, or on the left."""
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), padding)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    for i, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(len(row))
        ids[i, place], mask[i, place] = torch.tensor(row), 1
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
