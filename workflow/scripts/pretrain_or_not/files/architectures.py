"""The table of supported architectures of transformers.

Each row is tested: fine-tuning, probes, embeddings, timing, FLOPs, saving. This module is imported whenever the
Snakefile is parsed, so it imports no large library.
"""

from __future__ import annotations

from typing import NamedTuple

from pretrain_or_not.errors import BadInput


class Architecture(NamedTuple):
    """One row of the table.

    model_type: as in config.json. title: its name, for messages and docs. kind: "encoder", "decoder" or
    "encoder-decoder". kept_head: start of the names of weights in the head that come from pretraining if the files have
    them. masked_head: name of the module that predicts masked tokens, None if pretraining does not go on from such a
    model. config: keys of config.json with the values that they must have here.
    """

    model_type: str
    title: str
    kind: str = "encoder"
    kept_head: str | None = None
    masked_head: str | None = None
    config: tuple[tuple[str, str], ...] = ()


ARCHITECTURES = {
    row.model_type: row
    for row in (
        Architecture("bert", "BERT", masked_head="cls"),
        Architecture("roberta", "RoBERTa", masked_head="lm_head"),
        Architecture("distilbert", "DistilBERT"),
        Architecture("electra", "ELECTRA"),
        Architecture("deberta", "DeBERTa"),
        Architecture("deberta-v2", "DeBERTa-v2 and v3"),
        Architecture("albert", "ALBERT", masked_head="predictions"),
        Architecture("xlm-roberta", "XLM-RoBERTa", masked_head="lm_head"),
        Architecture("camembert", "CamemBERT", masked_head="lm_head"),
        Architecture("mpnet", "MPNet", masked_head="lm_head"),
        Architecture("modernbert", "ModernBERT", kept_head="head."),
        # Sparse attention depends on the width of the batch, so a text would be classified otherwise with others.
        Architecture("big_bird", "BigBird", config=(("attention_type", "original_full"),)),
        Architecture("gpt2", "GPT-2", "decoder"),
        Architecture("llama", "Llama", "decoder"),
        Architecture("qwen2", "Qwen2", "decoder"),
        Architecture("bart", "BART", "encoder-decoder"),
        Architecture("t5", "T5", "encoder-decoder"),
    )
}


def find_architecture(model_type: str | None, path: str) -> Architecture:
    """Return the row of a `model_type`; raise BadInput that names the supported ones if there is none.

    path: of the model in the config, for the message.
    """
    if model_type is None or model_type not in ARCHITECTURES:
        titles = ", ".join(row.title for row in ARCHITECTURES.values())
        raise BadInput(
            f"models: path {path!r}: its architecture, {model_type!r}, is not supported; choose a model of one of "
            f"these: {titles}"
        )
    return ARCHITECTURES[model_type]
