"""The stage `train_tokenizer`: a tokenizer of the words that occur in some texts."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from pretrain_or_not.data.corpus import read_corpus
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
           "mask_token": "[MASK]"}  # fmt: skip


def train_tokenizer(examples: PathLike, size: int, kind: str, output: PathLike) -> None:
    """Train a tokenizer with at most `size` tokens; write tokenizer.json, and tokenizer_config.json next to it.

    examples: examples.parquet; its training texts are read, but for those held out. kind: "wordpiece", of words in
    lower case without accents as in BERT, or "bpe", of bytes as in GPT-2. Both put BERT's special tokens around texts.
    """
    tokenizer, trainer = (wordpiece if kind == "wordpiece" else byte_pairs)(size)
    tokenizer.train_from_iterator(read_corpus(examples, "100%").texts(), trainer)
    ids = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": int(1e30), **SPECIAL}
    with atomic_write(Path(output).parent / "tokenizer_config.json") as partial:
        partial.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    with atomic_write(output) as partial:
        tokenizer.save(str(partial))
    log.info("%d tokens", tokenizer.get_vocab_size())


def wordpiece(size):
    """Return an untrained tokenizer of wordpieces, and its trainer."""
    tokenizer = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=list(SPECIAL.values()), show_progress=False
    )


def byte_pairs(size):
    """Return an untrained tokenizer of byte pairs, and its trainer."""
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL.values()), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
