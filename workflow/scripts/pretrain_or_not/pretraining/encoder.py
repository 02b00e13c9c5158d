"""The transformer that is pretrained: new, or loaded, with what its objective puts on top of it."""

from __future__ import annotations

import math

import torch
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, BertConfig, BertModel

from pretrain_or_not.compute.loaded_weights import POOLER
from pretrain_or_not.compute.transformer import (
    RANDOM_WEIGHTS,
    load,
    load_encoder,
    read_config,
    set_dropout,
    speed_up_dropout,
)
from pretrain_or_not.config.made_models import POSITIONS
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.job import log

STANDARD_DEVIATION = 0.02  # of random weights in BERT-base, which is 768 wide (Devlin et al. 2019)


def new_config(shape: dict, vocabulary: int, padding_id: int, dropout: float) -> BertConfig:
    """Return the config of a new BERT. shape: layers, hidden, heads. vocabulary: number of token ids.

    Weights of a narrower model are larger, by the root of the ratio of widths, so that the sums over its inputs vary as
    they do in BERT-base. With BERT's own value, queries and keys of a narrow model are so small that attention is
    nearly uniform, and training needs far longer to leave the plateau at which each word has its frequency.
    """
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=shape["hidden"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], intermediate_size=4 * shape["hidden"], max_position_embeddings=POSITIONS,
        pad_token_id=padding_id, initializer_range=STANDARD_DEVIATION * math.sqrt(768 / shape["hidden"]),
    )  # fmt: skip
    set_dropout(config, dropout)
    return config


class Start:
    """Where a model starts: a config, and weights or none.

    encoder: the pretrained transformer without a head, None for a new one. untrained: whether nothing was ever trained.
    new_head: whether the head for masked words is new and the encoder is not.
    """

    def __init__(self, base: dict | None, recipe: dict, vocabulary: int, padding_id: int):
        """Load the start. base: a model of the config, None for random weights; BadInput if it cannot be loaded."""
        self.encoder, self.folder, self.new_head = None, None, False
        if base is None:
            self.config = new_config(recipe["from"], vocabulary, padding_id, recipe["dropout"])
            self.row, self.untrained = ARCHITECTURES[self.config.model_type], True
            return
        self.folder, self.revision = verified(base), base.get("revision")
        self.config, self.row = read_config(self.folder, self.revision)
        self.untrained = bool(getattr(self.config, RANDOM_WEIGHTS, False))
        self.encoder = load_encoder(self.folder, self.revision, recipe["dropout"])
        set_dropout(self.config, recipe["dropout"])

    def masked_language_model(self):
        """Return a model that predicts masked tokens; its head is that of the start, or new."""
        if self.encoder is None:
            return prepared(AutoModelForMaskedLM.from_config(self.config, dtype=torch.float32))
        if self.row.masked_head is None:
            title = self.row.title
            raise BadInput(f"models: path {self.folder!r}: {title} has no head for masked words; take BERT or RoBERTa")
        model, info = load(AutoModelForMaskedLM, self.folder, self.revision, self.config)
        new = sorted(info["missing_keys"])
        log.info("weights from %s; new: %s", self.folder, ", ".join(new) or "none")
        self.new_head = not self.untrained and any(name.startswith(f"{self.head()}.") for name in new)
        return prepared(with_pooler(model, self.encoder, self.has_pooler()))

    def head(self) -> str:
        """Return the name of the module that predicts masked tokens."""
        assert self.row.masked_head is not None, "there is no model without one"
        return self.row.masked_head

    def plain_bert(self):
        """Return a BERT without a head; raise BadInput if the start is of another architecture."""
        if self.encoder is None:
            return prepared(BertModel(self.config, add_pooling_layer=False))
        if self.config.model_type != "bert":
            raise BadInput(f"models: path {self.folder!r}: `objective: rtd` is for BERT, not {self.config.model_type}")
        if not self.has_pooler():
            self.encoder.pooler = None
        elif self.encoder.pooler is not None:
            self.encoder.pooler.requires_grad_(False)
        return prepared(self.encoder)

    def classifier(self, classes: int):
        """Return a model with a new head for so many classes, all tasks together."""
        if self.row.kind == "encoder-decoder":  # only the encoder of such a model is used here
            text = f"{self.row.title}: `objective: supervised` needs an encoder or a decoder; take another"
            raise BadInput(f"models: path {self.folder!r}: {text}")
        self.config.num_labels = classes
        model = AutoModelForSequenceClassification.from_config(self.config, dtype=torch.float32)
        if self.encoder is not None:
            own = model.base_model.state_dict()
            model.base_model.load_state_dict({name: w for name, w in self.encoder.state_dict().items() if name in own})
        return prepared(model)

    def has_pooler(self) -> bool:
        """Return whether the files of the start hold a pooler, which comes from its pretraining."""
        if self.encoder is None or getattr(self.encoder, "pooler", None) is None:
            return False
        return not any(POOLER.search(name) for name in self.encoder.new_weights)


def with_pooler(model, encoder, has_pooler):
    """Return a model whose encoder has the pooler of another one, if there is one: fine-tuning goes on from it."""
    pooler = getattr(encoder, "pooler", None)
    if has_pooler and pooler is not None:
        model.base_model.pooler = pooler.requires_grad_(False)  # it has no part in this objective
    return model


def prepared(model):
    """Return a model with the fast dropout of this project."""
    speed_up_dropout(model)
    return model


def without_positions(model) -> None:
    """Make the embeddings of positions zero, and keep them so; raise BadInput if the model has none of its own."""
    tables = [table for name, table in model.named_modules() if name.endswith("position_embeddings")]
    if not tables:
        raise BadInput("positions: false: this architecture has no embeddings of positions")
    if any("relative_attention_bias" in name for name, _ in model.named_parameters()):
        raise BadInput("positions: false: this architecture also knows relative positions; take BERT or RoBERTa")
    for table in tables:
        table.weight.data.zero_()
        table.weight.requires_grad_(False)
