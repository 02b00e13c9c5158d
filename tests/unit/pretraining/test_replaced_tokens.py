"""Replaced tokens: which are, what the models are told of them, and that they are found."""

import json

import numpy as np
import pytest
import torch

from helpers.pretraining import Workshop, task_of, validated
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.pretraining import replaced_tokens
from pretrain_or_not.pretraining.replaced_tokens import ReplacedTokens, replaced, sample
from pretrain_or_not.training.optimizer import build_optimizer

VOCABULARY = 500


def test_no_unmasked_token_and_no_lucky_draw_counts_as_replaced():
    original = torch.tensor([[5, 6, 7, 8]])
    corrupt = torch.tensor([[5, 9, 7, 8]])
    assert replaced(corrupt, original).tolist() == [[False, True, False, False]]
    logits = torch.full((4, 20), 0.0)
    logits[range(4), original[0]] = 1e9  # a perfect generator
    assert not replaced(sample(logits, (0, 1)).view(1, 4), original).any()


def test_draws_have_the_probabilities_of_the_logits_and_depend_on_the_seeds_only():
    logits = torch.tensor([[0.0, 1.0, 2.0]]).repeat(20_000, 1)
    drawn = sample(logits, (3, 4))
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    torch.testing.assert_close(shares, logits[0].softmax(0), rtol=0, atol=0.015)
    assert torch.equal(drawn, sample(logits, (3, 4))) and not torch.equal(drawn, sample(logits, (3, 5)))


def test_no_gradient_of_finding_replacements_reaches_the_auxiliary_head(workshop, accelerator):
    model, task = task_of(workshop, ReplacedTokens)
    step, rows = next(task.batches(0))
    padded = task.rows.padded(rows)
    _, main, _ = task.losses(model, padded, task.masker(padded, step, only_mask=True), accelerator, (0, step))
    main.backward()
    assert model.auxiliary.cls.predictions.transform.dense.weight.grad is None
    assert model.auxiliary.bert.encoder.layer[0].attention.self.query.weight.grad is None
    assert model.encoder.encoder.layer[0].attention.self.query.weight.grad.any()
    assert model.auxiliary.bert.embeddings is model.encoder.embeddings


class Perfect(torch.nn.Module):
    """An auxiliary model that is sure of one token, or of the original ones; a main one that knows what differs."""

    def __init__(self, original, token=None):
        super().__init__()
        self.original, self.token, self.asked = torch.from_numpy(original), token, []

    def forward(self, input_ids, attention_mask, places=None):
        if places is not None:
            logits = torch.zeros(len(places), VOCABULARY)
            wanted = self.original.flatten()[places] if self.token is None else self.token
            logits[torch.arange(len(places)), wanted] = 1e9
            return logits
        self.asked.append(input_ids)
        return torch.where(input_ids != self.original, 20.0, -20.0)


def test_tokens_are_replaced_at_the_masked_places_and_nowhere_else(workshop, accelerator):
    """A perfect auxiliary model replaces nothing; one that always gives one token replaces all that are not it."""
    _, task = task_of(workshop, ReplacedTokens)
    padded = task.rows.padded(np.arange(8))
    masked = task.masker(padded, 0, only_mask=True)
    original = padded["input_ids"]
    perfect = Perfect(original)
    _, main, share = task.losses(perfect, padded, masked, accelerator, (0, 0))
    assert np.array_equal(perfect.asked[0], original) and share == 0 and main < 1e-6
    token = int(masked.targets[0])
    same = Perfect(original, token)
    _, main, share = task.losses(same, padded, masked, accelerator, (0, 0))
    differs = np.flatnonzero(same.asked[0].numpy().ravel() != original.ravel())
    assert set(differs) == {
        place for place, target in zip(masked.places, masked.targets, strict=True) if target != token
    }
    assert main < 1e-6 and share == pytest.approx(len(differs) / padded["attention_mask"].sum())


def test_padding_has_no_part_in_finding_replacements(workshop, accelerator):
    model, task = task_of(workshop, ReplacedTokens)
    padded = task.rows.padded(np.arange(8))
    masked = task.masker(padded, 0, only_mask=True)
    with torch.no_grad():
        expected = task.losses(model, padded, masked, accelerator, (0, 0))
        names = ("input_ids", "attention_mask")
        longer = {name: np.pad(padded[name], ((0, 1), (0, 0))) for name in names}  # a row of padding alone
        hidden = masked._replace(input_ids=np.pad(masked.input_ids, ((0, 1), (0, 0))))
        found = task.losses(model, longer, hidden, accelerator, (0, 0))
    for one, other in zip(found, expected, strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-5)


def test_the_loss_of_the_main_model_counts_fifty_times(workshop, accelerator, monkeypatch):
    """Without it, the main model's encoder stays as it is, but for the embeddings that it shares."""
    model, task = task_of(workshop, ReplacedTokens)
    step, rows = next(task.batches(0))
    padded = task.rows.padded(rows)
    auxiliary, main, _ = task.losses(model, padded, task.masker(padded, step, only_mask=True), accelerator, (0, step))
    assert float(task.step(model, (step, rows), accelerator).loss) == pytest.approx(
        float(auxiliary + 50 * main), rel=1e-5
    )
    model.zero_grad()
    monkeypatch.setattr(replaced_tokens, "LOSS_WEIGHT", 0.0)
    task.step(model, (step, rows), accelerator)
    own = [weights.grad for module in (model.encoder.encoder, model.head) for weights in module.parameters()]
    assert not any(gradient is not None and gradient.any() for gradient in own)
    assert model.encoder.embeddings.word_embeddings.weight.grad.any()


def test_replacements_become_rarer_and_are_found(tmp_path, accelerator):
    """The auxiliary model learns; the main one tells replaced tokens from others on held-out texts."""
    random = np.random.default_rng(0)  # every second word is the same, and all others are as likely
    words = [f"{a}{b}" for a in "bdgkm" for b in "aeiou"]
    texts = [
        (" ".join(word for _ in range(11) for word in ("the", random.choice(words))), "sports") for _ in range(300)
    ]
    model, task = task_of(Workshop(tmp_path, texts), ReplacedTokens)
    optimizer, batches, rates = build_optimizer(model, 0.0), task.batches(0), []

    def found():
        padded = task.held_out.padded(np.arange(len(task.held_out)))
        masked = task.masker(padded, 10**6, only_mask=True)
        given = tensors({"ids": masked.input_ids, "mask": padded["attention_mask"], "at": masked.places}, "cpu")
        with torch.no_grad():
            logits = model.eval()(given["ids"], given["mask"], given["at"])
            original = torch.from_numpy(padded["input_ids"])
            corrupt = original.flatten().scatter(0, given["at"], sample(logits, (1, 1))).view_as(original)
            scores = model(corrupt, given["mask"])[given["mask"].bool()]
        return scores.numpy(), replaced(corrupt, original)[given["mask"].bool()].numpy()

    for step in range(800):
        if step in (0, 799):
            rates.append(found()[1].mean())
        task.step(model.train(), next(batches), accelerator)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
        optimizer.step()
        optimizer.zero_grad()
    from sklearn.metrics import roc_auc_score

    scores, labels = found()
    assert rates[1] < rates[0]
    assert roc_auc_score(labels, scores) > 0.75
    permuted = np.random.default_rng(0).permutation(labels)
    assert abs(roc_auc_score(permuted, scores) - 0.5) < 0.1


def test_guessing_replaced_tokens_is_to_know_their_share(workshop, accelerator):
    model, task = task_of(workshop, ReplacedTokens)
    validated(task, model, accelerator)
    share = np.divide(*task.held_out_tokens)
    with torch.no_grad():
        model.head[2].weight.zero_()
        model.head[2].bias.fill_(float(np.log(share / (1 - share))))
    assert 0.05 < share < 0.3
    assert validated(task, model, accelerator) == pytest.approx(task.guessing_loss(), rel=1e-4)
    again = task_of(workshop, ReplacedTokens)[1]
    again.restore(json.loads(json.dumps(task.state())))
    assert again.guessing_loss() == task.guessing_loss()
