"""Training of the rows that are used: the same weights as training the whole table."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, RobertaConfig

import pretrain_or_not.training.classification as loop
import pretrain_or_not.training.used_rows as used_rows
from helpers.training import NEVER, RECIPE
from pretrain_or_not.arms.lstm import build_lstm
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.used_rows import keep_used_rows

# Rows of the table; those that training texts look up, those that only validation texts do, and that of padding.
ROWS, TRAINED, VALIDATED, PADDING = 60, range(6, 30), range(30, 40), 3
OTHERS = [row for row in range(ROWS) if row not in {*TRAINED, *VALIDATED, PADDING}]
STEPS, BEST = 45, 30  # 3 epochs of 120 examples in batches of 8; the best of three validations is the second
HARSH = RECIPE | {"epochs": 3, "warmup": 0.3, "weight_decay": 0.5, "layer_decay": 0.9, "clip": 0.2, "dropout": 0.1}
CPU = torch.device("cpu")


@pytest.fixture
def texts(make_examples):
    """Training and validation Examples."""
    about = make_examples().about | {"vocabulary": ROWS, "padding_id": PADDING}
    train, validation = make_examples(120), make_examples(60, seed=1)
    return [
        replace(train, about=about, tokens=TRAINED[0] + train.tokens % len(TRAINED)),
        replace(validation, about=about, tokens=TRAINED[0] + validation.tokens % (len(TRAINED) + len(VALIDATED))),
    ]


def build(name, texts, recipe=HARSH):
    torch.manual_seed(0)
    if name == "lstm":
        return build_lstm(recipe, texts[0].about)
    config = {"bert": BertConfig, "roberta": RobertaConfig}[name](
        vocab_size=ROWS, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=32, pad_token_id=PADDING, num_labels=3,
    )  # fmt: skip
    return AutoModelForSequenceClassification.from_config(config)


def table(model):
    return model.get_input_embeddings().weight.detach()


def fit(model, texts, folder, seconds=NEVER):
    torch.manual_seed(0)
    return loop.fit(model, *texts, HARSH, 1e-2, 0, Checkpoints(folder, "", seconds))


@pytest.mark.parametrize("name", ["lstm", "bert", "roberta"])
def test_weights_are_those_of_training_the_whole_table(name, texts, tmp_path, monkeypatch):
    measure, seen = loop.validation_score, []

    def watched(model, *arguments):
        seen.append((len(table(model)), measure(model, *arguments)))
        return [0.5, 0.9, 0.1][(len(seen) - 1) % 3], 1.0

    monkeypatch.setattr(loop, "validation_score", watched)
    start, few, whole = (build(name, texts) for _ in range(3))
    _, cost, _ = fit(few, texts, tmp_path)
    monkeypatch.setattr(used_rows, "own_table", lambda model: None)
    fit(whole, texts, tmp_path)
    assert (cost["steps"], cost["best_step"]) == (STEPS, BEST)
    assert [rows for rows, _ in seen] == 3 * [ROWS - len(OTHERS)] + 3 * [ROWS]
    assert [accuracy for _, accuracy in seen[:3]] == [accuracy for _, accuracy in seen[3:]]
    for key, weights in whole.state_dict().items():
        moved = (weights - start.state_dict()[key]).abs().max()
        torch.testing.assert_close(few.state_dict()[key], weights, rtol=1e-6, atol=float(moved) * 1e-3, msg=key)
    torch.testing.assert_close(table(few), table(whole), rtol=1e-5, atol=1e-6)
    assert (table(few)[OTHERS].norm() / table(start)[OTHERS].norm()) < 0.95  # their decay matters
    assert (table(few)[TRAINED] - table(start)[TRAINED]).abs().amax(dim=1).min() > 0.01


@pytest.mark.parametrize("name", ["lstm", "bert"])
def test_a_run_that_was_broken_off_ends_in_the_same_bits(name, texts, tmp_path, monkeypatch):
    whole, broken, resumed = (build(name, texts) for _ in range(3))
    fit(whole, texts, tmp_path / "never")
    visit = Checkpoints.visit

    def visit_and_end(self, accelerator, progress, *arguments, **options):
        visit(self, accelerator, progress, *arguments, **options)
        if progress.done == 20:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "visit", visit_and_end)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, texts, tmp_path / "often", seconds=0)
    monkeypatch.setattr(Checkpoints, "visit", visit)
    assert [path.name for path in (tmp_path / "often").iterdir()] == ["step20"]
    fit(resumed, texts, tmp_path / "often")
    for key, weights in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], weights), key


@pytest.mark.parametrize("name", ["lstm", "bert", "roberta"])
def test_the_model_reads_the_same_ids(name, texts):
    model = build(name, texts).eval()
    batch = {key: torch.from_numpy(value) for key, value in texts[1].padded(np.arange(60)).items() if key != "labels"}
    before = model(**batch).logits
    put_back = keep_used_rows(model, texts, CPU)
    assert torch.equal(model(**batch).logits, before)
    with pytest.raises(IndexError):
        model(**batch | {"input_ids": torch.full_like(batch["input_ids"], OTHERS[-1])})
    put_back(1.0)
    assert torch.equal(model(**batch).logits, before)
    assert len(table(model)) == ROWS and model.get_input_embeddings().padding_idx == PADDING


def test_a_table_that_is_frozen_or_used_elsewhere_stays_whole(texts):
    frozen, tied = build("lstm", texts), build("lstm", texts)
    frozen.embedding.weight.requires_grad_(False)
    tied.head = torch.nn.Linear(12, ROWS)
    tied.head.weight = tied.embedding.weight
    for model in (frozen, tied):
        keep_used_rows(model, texts, CPU)(0.5)
        assert torch.equal(table(model), table(build("lstm", texts)))
        assert len(table(model)) == ROWS
