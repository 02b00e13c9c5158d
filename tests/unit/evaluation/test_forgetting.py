"""What fine-tuning has made a model forget: nothing where nothing was trained, and the loss as by hand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForMaskedLM

from helpers.plan import make_catalogue
from helpers.pretraining import SMALL, Workshop, recipe
from helpers.training import no_checkpoints
from pretrain_or_not.compute.adapters import merged, with_adapter
from pretrain_or_not.compute.transformer import load_for_classification
from pretrain_or_not.config.check import check_config
from pretrain_or_not.evaluation.forgetting import OldTask, measure_forgetting
from pretrain_or_not.files.run_files import save_model
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.forgetting_jobs import ForgettingJobs
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.pretraining.packed_rows import HELD_OUT_SEED
from pretrain_or_not.training.classification import fit

KEYS = {
    "from": {"layers": 1, "hidden": 64, "heads": 4},
    "steps": 500,
    "batch_size": 16,
    "dropout": 0.0,
    "learning_rate": 3e-3,
}
TRAINING = {"batch_size": 8, "epochs": 1, "validations": 1, "patience": None, "warmup": 0.0, "schedule": "constant",
            "weight_decay": 0.01, "clip": 1.0, "precision": "fp32", "class_weights": None}  # fmt: skip
ADAPTERS = {
    "lora": {"kind": "lora", "rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention"},
    "ia3": {"kind": "ia3"},
    "l2m": {"kind": "l2m", "pool": 4, "pull": 0.5},
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """Return texts that count round in a circle: a masked word follows from its neighbours, and can be forgotten."""
    words, starts = [f"{a}{b}" for a in "bdg" for b in "aeiou"], np.random.default_rng(0).integers(0, 15, 200)
    rows = [(" ".join(words[(start + i) % 15] for i in range(30)), "cooking") for start in starts]
    workshop = Workshop(tmp_path_factory.mktemp("workshop"), rows)
    workshop.make("old", **KEYS)
    return workshop


def test_words_that_were_shuffled_predict_natural_texts_worse(workshop):
    """In these texts a word follows from its neighbours, which a model of shuffled words has never seen."""
    shuffled = workshop.make("shuffled", **KEYS, order={"ngrams": 1})
    natural, without = (json.loads((workshop.folder / name / "run.json").read_text()) for name in ("old", "shuffled"))
    assert shuffled.name == without["model"] and without["validation_score"] > natural["validation_score"] + 0.5


def old_model(workshop):
    """Return what `measure_forgetting` is told of the pretrained model."""
    folder = workshop.folder / "old"
    return {"folder": str(folder), "held_out": str(folder / "rows" / "held_out.parquet"), "recipe": recipe(**KEYS)}


def tuned(workshop, steps, make_examples, rate=1e-2, adapter=None):
    """Return a classifier that starts from the pretrained model and has taken so many steps."""
    torch.manual_seed(0)
    model = load_for_classification(str(workshop.folder / "old"), ["a", "b", "c"], 0.1)
    if adapter:
        model = with_adapter(model, adapter)
    if steps:
        train, validation = (make_examples(60, vocabulary=20, seed=seed) for seed in (1, 2))
        fit(model, train, validation, TRAINING | {"min_steps": steps}, rate, 0, no_checkpoints())
    return merged(model)


def test_what_each_kind_of_training_forgets(workshop, make_examples, tmp_path):
    networks = {
        "untouched": tuned(workshop, 0, make_examples),
        "full": tuned(workshop, 30, make_examples),
        "full again": tuned(workshop, 30, make_examples),
        **{kind: tuned(workshop, 30, make_examples, adapter=ADAPTERS[kind]) for kind in ADAPTERS},
        **{f"untouched {kind}": tuned(workshop, 0, make_examples, adapter=ADAPTERS[kind]) for kind in ADAPTERS},
        "head": None,
    }
    cells, selected = [], []
    for name, network in networks.items():
        place = tmp_path / name
        (place / "selected").mkdir(parents=True)
        (place / "selected.json").write_text(json.dumps({"selected": {"n": 60}}))
        if network is not None:
            save_model(network, *(place / "selected" / file for file in ("model.safetensors", "config.json")))
        trained = "head" if name == "head" else "full"
        cells.append(
            {"dataset": "toy", "arm": name, "size": "60", "seed": 0, "model": "old", "trained": trained},
        )
        selected.append(place / "selected.json")
    measure_forgetting(cells, selected, {"old": old_model(workshop)}, 1, tmp_path / "forgetting.parquet")
    table = pd.read_parquet(tmp_path / "forgetting.parquet").set_index("arm")
    forgotten = table["forgetting"]
    assert (forgotten[["untouched", *(f"untouched {kind}" for kind in ADAPTERS), "head"]] == 0.0).all()  # exactly
    assert forgotten["full"] > 0.5 and forgotten["full"] == forgotten["full again"]
    assert all(0 != forgotten[kind] < forgotten["full"] for kind in ADAPTERS)
    history = pd.read_parquet(workshop.folder / "old" / "history.parquet")
    assert (table["loss_before"] == history["validation_score"].iloc[-1]).all()  # the same rows and masks
    assert (table["n"] == 60).all() and (table["loss_after"] == table["loss_before"] + forgotten).all()


def test_the_loss_is_that_of_the_pretrained_head_on_another_encoder(workshop, make_examples):
    """The head keeps its matrix, which pretraining shares with the embeddings of the encoder."""
    told = old_model(workshop)
    old = OldTask("old", **told)
    encoder = tuned(workshop, 10, make_examples).base_model.eval()
    found = old.loss(encoder)
    reference = AutoModelForMaskedLM.from_pretrained(told["folder"]).eval()
    task, batch_size = old.task, told["recipe"]["batch_size"]
    masker, losses = replace(task.masker, seed=HELD_OUT_SEED), []
    for i, start in enumerate(range(0, len(task.held_out), batch_size)):
        batch = task.held_out.padded(np.arange(start, min(start + batch_size, len(task.held_out))))
        hidden = masker(batch, i)
        with torch.no_grad():
            states = encoder(torch.from_numpy(hidden.input_ids), torch.from_numpy(batch["attention_mask"]))
            logits = reference.cls(states.last_hidden_state).flatten(0, 1)[torch.from_numpy(hidden.places)]
        losses.append(cross_entropy(logits, torch.from_numpy(hidden.targets), reduction="none"))
    assert found == pytest.approx(float(torch.cat(losses).mean()), rel=1e-5)
    assert not torch.equal(encoder.embeddings.word_embeddings.weight, reference.cls.predictions.decoder.weight)


def test_a_text_is_measured_with_the_set_that_it_selects(workshop, make_examples):
    """The loss is that of plain encoders into whose weights the vectors of one set are multiplied."""
    model = tuned(workshop, 30, make_examples, adapter=ADAPTERS["l2m"]).eval()
    pool, old = model.base_model.modulations, OldTask("old", **old_model(workshop))
    plain = [load_for_classification(str(workshop.folder / "old"), ["a"], 0.1).base_model.eval() for _ in pool.vectors]
    with torch.no_grad():
        for i, vectors in enumerate(pool.vectors):
            vectors.mul_(1 + i / 4)  # sets that differ
        for i, row in enumerate((0, len(old.task.held_out) - 1)):  # and that are not all nearest to the same key
            batch = old.task.held_out.padded(np.array([row]))
            states = plain[0].embeddings(torch.from_numpy(batch["input_ids"]))
            pool.keys[i] = states[0, batch["attention_mask"][0] == 1].mean(dim=0)
    found = old.loss(model.base_model)
    with torch.no_grad():
        for encoder, vectors in zip(plain, pool.vectors, strict=True):
            (layer,) = encoder.encoder.layer
            keys, values, inner = vectors.split([64, 64, 256])
            for linear, scale in ((layer.attention.self.key, keys), (layer.attention.self.value, values)):
                linear.weight.mul_(scale.unsqueeze(1))
                linear.bias.mul_(scale)
            layer.output.dense.weight.mul_(inner)
    reference = AutoModelForMaskedLM.from_pretrained(workshop.folder / "old").eval()
    task, masker = old.task, replace(old.task.masker, seed=HELD_OUT_SEED)
    losses, sets, batch_size = [], [], KEYS["batch_size"]
    for i, start in enumerate(range(0, len(task.held_out), batch_size)):
        batch = task.held_out.padded(np.arange(start, min(start + batch_size, len(task.held_out))))
        hidden, width = masker(batch, i), batch["input_ids"].shape[1]
        for row, (ids, mask) in enumerate(zip(hidden.input_ids, batch["attention_mask"], strict=True)):
            given = torch.from_numpy(ids[None]), torch.from_numpy(mask[None])
            of_row = hidden.places // width == row
            with torch.no_grad():
                query = plain[0].embeddings(given[0])[0, mask == 1].mean(dim=0)
                cosines = [float(torch.cosine_similarity(query, key, dim=0)) for key in pool.keys]
                sets.append(int(np.argmax(cosines)))
                logits = reference.cls(plain[sets[-1]](*given).last_hidden_state)[0]
            logits, targets = logits[hidden.places[of_row] % width], torch.from_numpy(hidden.targets[of_row])
            losses.append(cross_entropy(logits, targets, reduction="none"))
    assert found == pytest.approx(float(torch.cat(losses).mean()), rel=1e-5)
    assert len(set(sets)) > 1
    with torch.no_grad():  # it is not the same whichever set is taken
        pool.vectors[max(sets)].fill_(1)  # from which it is the farthest
    assert abs(old.loss(model.base_model) - found) > 1e-3


def test_which_cells_are_measured():
    start = SMALL["from"]
    models = {
        "old": {"pretrain": {"from": start, "tokenizer": "tiny", "texts": "toy", "sparsity": 0.5}},
        "none": {"pretrain": {"from": start, "tokenizer": "tiny", "texts": "toy", "steps": 0}},
    }
    kinds = {"full": {}, "lora": {"adapter": {"kind": "lora"}}, "l2m": {"adapter": {"kind": "l2m"}},
             "sparse": {"sparse_finetune": True}, "random": {"init": "random"}, "untrained": {"model": "none"},
             "elsewhere": {"model": "tiny"}}  # fmt: skip
    tuned = {"family": "bert", "learning_rates": [1e-3], "model": "old"}
    catalogue = make_catalogue()
    config = {**catalogue.config, "models": catalogue.config["models"] | models}
    config["arms"] = config["arms"] | {name: tuned | keys for name, keys in kinds.items()}
    config["arms"]["probe"] = config["arms"]["probe"] | {"model": "old"}
    config["experiment"] = config["experiment"] | {"arms": [*kinds, "probe", "lstm"], "reference": "lstm"}

    jobs = ForgettingJobs(JobInputs(Catalogue(check_config(config))))
    found = {cell["arm"]: cell["trained"] for cell in jobs.cells()}
    assert found == {"full": "full", "lora": "lora", "l2m": "l2m", "sparse": "sparse", "probe": "head"}
    assert not [path for path in jobs.weights(None) if "/probe/" in path]
    assert jobs.models(None) == [
        "<results>/pretrained/old/model.safetensors",
        "<results>/pretrained/old/rows/held_out.parquet",
    ]
