"""The stage `pretrain`: make a model from texts, as a folder that transformers loads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.sparsity import make_sparse
from pretrain_or_not.compute.token_fit import check_length, fit_tokens, takes_of
from pretrain_or_not.compute.transformer import RANDOM_WEIGHTS
from pretrain_or_not.config.made_models import MADE
from pretrain_or_not.data.examples import Examples, form_of_tokens, read_examples
from pretrain_or_not.data.saved_tokenizer import save_tokenizer
from pretrain_or_not.data.tokenizer import LoadedTokenizer, load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.provenance import digest, versions
from pretrain_or_not.files.run_files import COST_PACKAGES, save_model, write_history
from pretrain_or_not.job import log, warn
from pretrain_or_not.pretraining.encoder import Start, without_positions
from pretrain_or_not.pretraining.masked_words import MaskedModel, MaskedWords
from pretrain_or_not.pretraining.masking import Masker
from pretrain_or_not.pretraining.recipe import BY_HEART, FREQUENCIES, Pretraining, learnt_instead
from pretrain_or_not.pretraining.replaced_tokens import Discriminator, ReplacedTokens
from pretrain_or_not.pretraining.rows import read_packed
from pretrain_or_not.pretraining.supervised import MOST_VALIDATED, Heads, Labels, share_of
from pretrain_or_not.training.arrays_digest import arrays_digest
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.schedule import batches_per_epoch

HEAD_STEPS = 500  # most steps that train only a new head

WARNINGS = {  # of a model that is hardly better than guessing
    FREQUENCIES: "it has learnt at most how frequent words or labels are; give it more `steps`, or another "
    "`learning_rate`",
    BY_HEART: "it has learnt its texts by heart; give it more texts, fewer `steps`, or `dropout`",
}

MASKS = ("[MASK]", "<mask>")  # what tokenizers call the mask


def work(run: dict) -> None:
    """Do a pretraining run. run: the fields of a Pretraining."""
    pretrain(Pretraining(**run))


def pretrain(run: Pretraining) -> None:
    """Pretrain a model and write its folder: weights, config, tokenizer, history.parquet, run.json.

    A run that was interrupted goes on from its last checkpoint, and ends in the same weights. Raises BadInput if the
    model it starts from, its tokenizer and the texts do not fit together.
    """
    recipe = run.recipe
    torch.set_num_threads(run.threads)
    torch.manual_seed(recipe["seed"])
    facts = device_facts(build_accelerator(recipe["precision"]))
    tokenizer = load_tokenizer(run.tokenizer["path"], run.tokenizer["revision"])
    start = Start(run.base, recipe, tokenizer.vocabulary, tokenizer.padding_id)
    before = ancestors(run.base)
    model, task, read = prepare(run, start, tokenizer)
    if not recipe["positions"]:
        without_positions(model)
    encoder = model.encoder
    check_length(encoder, recipe["length"], f"models: {run.name}: pretrain: length", f"model {run.name!r}")
    if recipe["sparsity"]:
        make_sparse(encoder, recipe["sparsity"], recipe["seed"])
    flops = model.flops(recipe["mask"], recipe["sparsity"])
    fingerprint = {
        "code": run.code,
        "recipe": recipe,
        "computed on": facts,
        "data": read.pop("digest"),
        "weights": arrays_digest(tensor.numpy() for tensor in model.state_dict().values()),
        "versions": versions("torch", "transformers", "accelerate"),
    }
    folder = Path(run.outputs["cost"]).parent
    checkpoints = Checkpoints(folder / "checkpoint", digest(fingerprint), run.checkpoint_seconds)
    log.info("%s: %d steps on %s", recipe["objective"], task.steps, ", ".join(f"{n:,} {k}" for k, n in read.items()))
    history: list[dict] = []
    cost: dict[str, Any] = {"steps": 0, "seconds": 0.0, "tokens_seen": 0, "training_flops": 0}
    if task.steps:
        history, cost, done = run_task(model, task, recipe, recipe["learning_rate"], recipe["seed"], checkpoints)
        cost |= {
            "training_flops": done.flops(flops.training),
            "guessing_loss": task.guessing_loss(),
            "lowest_loss": min(row[key] for row in history for key in ("loss", "validation_score") if row[key]),
        }
    if not PartialState().is_main_process:
        return
    if history and history[-1]["validation_score"] is None:
        raise BadInput(f"models: {run.name}: the loss is not finite; lower `learning_rate` of its `pretrain`")
    if not task.steps and not start.has_pooler() and hasattr(encoder, "pooler"):
        encoder.pooler = None  # a new one, that has learned nothing
    setattr(encoder.config, RANDOM_WEIGHTS, start.untrained and not task.steps)
    save_model(model, run.outputs["model"], run.outputs["config"])
    save_tokenizer(tokenizer, run.tokenizer["path"], run.outputs["tokenizer"])
    write_history(run.outputs["history"], history, model=run.name)
    parameters = sum(weights.numel() for weights in encoder.parameters())
    about = {"model": run.name, "recipe": recipe, "base": run.base, "ancestors": before} | read | cost
    about |= {"parameters": parameters, "config_digest": digest(recipe), "versions": versions(*COST_PACKAGES)}
    write_json(run.outputs["cost"], about)
    if instead := learnt_instead(about):
        loss, guessing = about["validation_score"], about["guessing_loss"]
        beside = "hardly below" if loss < guessing else "not below"
        warn(
            f"models: {run.name}: the loss on held-out texts, {loss:.2f}, is {beside} that of guessing, "
            f"{guessing:.2f}: {WARNINGS[instead]}"
        )
    checkpoints.delete()


def ancestors(base: dict | None) -> list[dict]:
    """Return name and digest of the recipe of each made model that a run starts from, the nearest first.

    A model that an earlier version made does not name those before it: in their place is a last one without a name.
    """
    if base is None or base["version"] != MADE:
        return []
    about = read_json(Path(base["path"]) / "run.json")
    unknown = [] if about["base"] is None else [{"model": None, "config_digest": None}]
    return [{key: about[key] for key in ("model", "config_digest")}, *about.get("ancestors", unknown)]


def prepare(run: Pretraining, start: Start, tokenizer: LoadedTokenizer):
    """Return the model to train, its task, and what is read: `digest`, and counts of texts, words, tokens, rows."""
    if run.recipe["objective"] == "supervised":
        return prepare_labels(run, start, tokenizer)
    rows, held_out = (read_packed(run.inputs[split][0], run.name) for split in ("train", "held_out"))
    steps = planned(run.recipe, len(rows), run.name)
    if run.recipe["objective"] == "mlm":
        language_model = start.masked_language_model()
        fit_tokens(language_model, tokenizer.vocabulary, tokenizer.padding_id, run.name)
        model: Any = MaskedModel(language_model, start.head())
        head_steps = steps_of_head(run.recipe, steps) if start.new_head else 0
        kind: Any = partial(MaskedWords, head_steps=head_steps)
        if run.recipe["head_steps"] and not start.new_head:
            log.info("head_steps: none, as the head for masked words is that of the start")
        if head_steps:
            log.info("the first %d steps train only the new head", head_steps)
    else:
        encoder = start.plain_bert()
        fit_tokens(encoder, tokenizer.vocabulary, tokenizer.padding_id, run.name)
        model, kind = Discriminator(encoder), ReplacedTokens
    masker = masker_of(held_out, tokenizer, run.recipe, run.name)
    read = {
        "texts": rows.about["texts"],
        "words": rows.about["words"],
        "tokens": rows.about["tokens"],
        "rows": len(rows),
    }
    read["digest"] = [arrays_digest([e.tokens, e.offsets]) for e in (rows, held_out)]
    task = kind(rows, held_out, masker, run.recipe, steps)
    if steps and not task.measures_something():
        raise BadInput(
            f"models: {run.name}: pretrain: mask {run.recipe['mask']:g}: of the {len(held_out.tokens):,} tokens of the "
            "texts that are held out, none is masked, so there is no loss on them; give more texts, or a larger `mask`"
        )
    return model, task, read


def prepare_labels(run: Pretraining, start: Start, tokenizer: LoadedTokenizer):
    """Return what `prepare` does, for the labels of tasks."""
    n = run.recipe["examples"]
    each = None if n is None else n // len(run.recipe["tasks"])
    if each == 0:
        raise BadInput(f"models: {run.name}: pretrain: examples {n} are fewer than tasks; give each one at least")
    length = run.recipe["length"]
    tasks, validation = [], []
    names = [read_examples(path, 1).about["label_names"] for path in run.inputs["train"]]
    model = start.classifier(sum(map(len, names)))
    fit_tokens(model, tokenizer.vocabulary, tokenizer.padding_id, run.name)
    form = form_of_tokens(length, takes_of(model))
    for train, held_out in zip(run.inputs["train"], run.inputs["held_out"], strict=True):
        tasks.append(share_of(read_examples(train, build=form), each))
        validation.append(read_examples(held_out, MOST_VALIDATED, build=form))
    steps = planned(run.recipe, sum(map(len, tasks)), run.name)
    read: dict[str, Any] = {
        "examples": sum(map(len, tasks)),
        "tasks": len(tasks),
        "fewest_examples": min(map(len, tasks)),
        "tokens": int(sum(len(e.tokens) for e in tasks)),
    }
    read["digest"] = [arrays_digest([e.tokens, e.offsets, e.labels]) for e in (*tasks, *validation)]
    return Heads(model, list(map(len, names))), Labels(tasks, validation, run.recipe, steps), read


def planned(recipe: dict, rows: int, name: str) -> int:
    """Return the steps of a run on so many rows: those of the recipe, but no more than `max_epochs` passes take.

    Raises BadInput, which names the model, if these passes are less than a step.
    """
    most = recipe["max_epochs"]
    if not rows or most is None:
        return recipe["steps"] if rows else 0
    steps = min(recipe["steps"], round(most * batches_per_epoch(rows, recipe["batch_size"])))
    if recipe["steps"] and not steps:
        raise BadInput(
            f"models: {name}: max_epochs {most:g}: so many passes over {rows:,} rows are less than a step; give more, "
            "or `steps: 0`"
        )
    return steps


def steps_of_head(recipe: dict, steps: int) -> int:
    """Return in how many of the `steps` only a new head is trained, before a pretrained encoder is.

    Its first gradients are noise, which would spoil the encoder.
    """
    given = recipe["head_steps"]
    return min(HEAD_STEPS, steps // 10) if given is None else min(given, steps)


def masker_of(held_out: Examples, tokenizer: LoadedTokenizer, recipe: dict, name: str) -> Masker:
    """Return what hides tokens of packed rows, for the model called `name`."""
    special = [*held_out.about["special"], tokenizer.padding_id]
    return Masker(recipe["mask"], mask_id(tokenizer, name), special, tokenizer.vocabulary, recipe["seed"])


def mask_id(tokenizer: LoadedTokenizer, name: str) -> int:
    """Return the id of the mask; raise BadInput if a tokenizer has none."""
    vocabulary = tokenizer.fast.get_vocab() if tokenizer.fast is not None else tokenizer.slow.get_vocab()
    for mask in MASKS:
        if mask in vocabulary:
            return vocabulary[mask]
    raise BadInput(
        f"models: {name}: its tokenizer has no token for a masked word ({' or '.join(MASKS)}); take another "
        "tokenizer, or train one: tokenizer: {train: 8000}"
    )
