"""Measure what fine-tuning has made a model forget: the loss on masked words, after it minus before it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import torch

from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.transformer import load_encoder, load_fine_tuned
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.run_files import check_model
from pretrain_or_not.job import log
from pretrain_or_not.pretraining.encoder import Start
from pretrain_or_not.pretraining.masked_words import MaskedModel, MaskedWords
from pretrain_or_not.pretraining.rows import read_packed
from pretrain_or_not.pretraining.stage import masker_of

COLUMNS = pa.schema(
    [
        ("dataset", pa.string()),
        ("arm", pa.string()),
        ("size", pa.string()),
        ("n", pa.int64()),
        ("seed", pa.int64()),
        ("model", pa.string()),
        ("trained", pa.string()),
        ("loss_before", pa.float64()),
        ("loss_after", pa.float64()),
        ("forgetting", pa.float64()),
    ]
)


def measure_forgetting(cells: list[dict], selected: list[PathLike], models: dict, threads: int, output: PathLike):
    """Write one row of COLUMNS per cell whose arm starts from a model that is made by masked words.

    The loss is that of the head of pretraining on the encoder of the cell, in nats per masked token, on the texts that
    were held out then, with the same masks for all cells. `forgetting` is the loss after minus the loss before.

    cells: dataset, arm, size, seed, `model`, and `trained`, which part of the model is. selected: selected.json of each
    cell. models: name -> `folder`, `held_out` (packed rows) and `recipe`.
    """
    torch.set_num_threads(threads)
    rows, old = [], {}
    for cell, path in zip(cells, selected, strict=True):
        name = cell["model"]
        if name not in old:
            old[name] = OldTask(name, **models[name])
            log.info("%s: loss %.4f on its held-out texts, before", name, old[name].before)
        run, folder = read_json(path)["selected"], Path(path).parent / "selected"
        after = old[name].loss(encoder_of(cell, folder, models[name]["folder"]))
        before = old[name].before
        rows.append(cell | {"n": run["n"], "loss_before": before, "loss_after": after, "forgetting": after - before})
        log.info("%s on %s, %s examples, seed %d: loss %.4f", *(cell[key] for key in COLUMNS.names[1::-1]),
                 cell["size"], cell["seed"], after)  # fmt: skip
    write_table(output, pa.Table.from_pylist(rows, schema=COLUMNS))


def encoder_of(cell: dict, folder: Path, pretrained: str):
    """Return the encoder that a cell classifies with: fine-tuned, in `folder`, or the pretrained one as it is."""
    if cell["trained"] == "head":
        return load_encoder(pretrained)
    check_model(folder)
    return load_fine_tuned(folder).base_model


class OldTask:
    """What a model was pretrained for: to predict masked words of held-out texts. before: its loss."""

    def __init__(self, name: str, folder: str, held_out: PathLike, recipe: dict):
        """Load a model. folder: its files. recipe: how it was made. Raises BadInput if it has no head for this."""
        tokenizer, rows = load_tokenizer(folder), read_packed(held_out, name)
        base = {"path": folder, "revision": None, "sha256": None}
        start = Start(base, recipe, tokenizer.vocabulary, tokenizer.padding_id)
        model = start.masked_language_model()
        if start.new_head:
            raise BadInput(f"{folder}: the model has no head for masked words any more; delete it and run again")
        self.model, self.accelerator = MaskedModel(model, start.head()), build_accelerator("fp32")
        self.task = MaskedWords(rows, rows, masker_of(rows, tokenizer, recipe, name), recipe, 0)
        self.before = self.loss(model.base_model)

    def loss(self, encoder) -> float:
        """Return the mean loss of masked words with another encoder, NaN if it is not finite.

        The head stays that of pretraining: its matrix is no longer shared with the embeddings of the encoder.
        """
        language_model = self.model.model
        setattr(language_model, language_model.base_model_prefix, encoder)
        self.model.to(self.accelerator.device)
        score, _ = self.task.validate(self.model, self.accelerator, lambda: None)
        return float("nan") if score is None else score
