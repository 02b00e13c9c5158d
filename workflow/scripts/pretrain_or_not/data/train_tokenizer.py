"""The stage `train_tokenizer`: a tokenizer of the words that occur in some texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from pretrain_or_not.data.corpus import read_corpus
from pretrain_or_not.data.unknown_tokens import MOST_UNKNOWN
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
           "mask_token": "[MASK]"}  # fmt: skip

INSIDE = "##"  # begins each wordpiece that continues a word


def train_tokenizer(
    examples: PathLike, size: int, kind: str, output: PathLike, without: Sequence[PathLike] = ()
) -> None:
    """Train a tokenizer with at most `size` tokens; write tokenizer.json, and tokenizer_config.json next to it.

    examples: examples.parquet; its training texts are read, but for those held out. kind: "wordpiece", of words in
    lower case without accents as in BERT, or "bpe", of bytes as in GPT-2. Both put BERT's special tokens around texts.
    The same texts give the same tokenizer. without: see `corpus.read_corpus`.
    """
    corpus = read_corpus(examples, "100%", without)
    tokenizer = wordpieces(corpus.texts, size) if kind == "wordpiece" else byte_pairs(corpus.texts(), size)
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


def wordpieces(texts, size):
    """Return a tokenizer of wordpieces. texts: function that returns the texts, which are read twice.

    The trainer numbers the characters inside words in the order of a hash table, which differs from process to process,
    and numbers decide between pairs that are equally frequent. As "special" tokens they get their numbers from here.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    alphabet, inside = characters(words_of(tokenizer, texts()), size)
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[*SPECIAL.values(), *(f"{INSIDE}{one}" for one in inside)],
        initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts(), trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] in SPECIAL.values()]
    return Tokenizer.from_str(json.dumps(content))


def words_of(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    """Return how often each word occurs in texts, as a tokenizer parts them."""
    words: Counter[str] = Counter()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    return words


def characters(words: Counter[str], size: int) -> tuple[list[str], list[str]]:
    """Return the characters that become tokens, and those of them that occur inside a word; both sorted.

    The most frequent ones, at most a third of `size`, so that both kinds fit and leave room for longer pieces. A word
    with another character becomes one unknown token.
    """
    counts: Counter[str] = Counter()
    for word, n in words.items():
        for one in word:
            counts[one] += n
    kept = set(sorted(counts, key=lambda one: (-counts[one], one))[: size // 3])
    if left_out := len(counts) - len(kept):
        unknown = sum(n for word, n in words.items() if not kept.issuperset(word))
        say = warn if unknown > MOST_UNKNOWN * words.total() else log.info
        say(
            f"tokenizer: {left_out:,} rare characters are no tokens of their own: "
            f"{100 * unknown / words.total():.2g} % of the words have one, and become unknown; a larger `train` knows "
            "more of them, and `kind: bpe` all"
        )
    inside = {one for word in words for one in word[1:]}
    return sorted(kept), sorted(kept & inside)


def byte_pairs(texts, size):
    """Return a tokenizer of byte pairs."""
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL.values()), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
