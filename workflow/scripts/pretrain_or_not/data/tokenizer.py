"""Load the tokenizer of a pretrained model: its ids are those of transformers' `AutoTokenizer`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pretrain_or_not.data.chunk_encoder import SlowEncoder, make_encoder
from pretrain_or_not.data.pairs import PairTemplate
from pretrain_or_not.data.plain_tokenizer import SPECIAL, has_types, is_plain
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.files.static_table import static_table
from pretrain_or_not.files.vocabulary_files import check_vocabulary_files

NO_LIMIT = 2**30  # tokens

SAMPLE = "a"  # a text with at least one token, to find the special tokens next to it


@dataclass(frozen=True)
class LoadedTokenizer:
    """A tokenizer that can encode texts.

    fast: of the library tokenizers, or None. slow: of transformers, written in Python, if there is no fast one.
    vocabulary: the largest id + 1. padding_id: of batches; a tokenizer without one pads with the end of a text.
    unknown_id: of characters or words that it does not know, None if it has no such id. side: where texts that are too
    long are cut, "right" or "left". added: number of special tokens that each text gets. typed: whether token types
    tell the texts of a pair apart.
    """

    fast: Tokenizer | None
    slow: Any
    vocabulary: int
    padding_id: int
    unknown_id: int | None
    side: str
    added: int
    typed: bool

    def __post_init__(self):
        """Turn off padding and truncation, which a tokenizer may come with: padding looks like special tokens."""
        if self.fast is not None:
            self.fast.no_padding()
            self.fast.no_truncation()

    def encoder(self, max_length: int | None, dtype):
        """Return an encoder of texts, and a line about it for the log; see `make_encoder`.

        max_length: None for complete texts.
        """
        limit = NO_LIMIT if max_length is None else max_length
        if self.fast is None:
            return SlowEncoder(self.slow, limit, dtype), "texts are encoded by a tokenizer written in Python"
        return make_encoder(self.fast, limit, dtype, self.side)

    def special_tokens(self) -> tuple[int, int]:
        """Return the number of special tokens before a text and after it."""
        if self.fast is None:
            mask = self.slow(SAMPLE, return_special_tokens_mask=True)["special_tokens_mask"]
        else:
            mask = self.fast.encode(SAMPLE).special_tokens_mask
        return mask.index(0), mask[::-1].index(0)

    def pair_template(self) -> PairTemplate:
        """Return what the tokenizer puts around the two texts of a pair."""
        if self.fast is None:
            first, second = (self.slow.encode(SAMPLE, add_special_tokens=False) for _ in range(2))
            ids = self.slow.build_inputs_with_special_tokens(first, second)
            types = self.slow.create_token_type_ids_from_sequences(first, second)
            begin = next(i for i in range(len(ids)) if ids[i : i + len(first)] == first)
            middle = begin + len(first)
            again = next(i for i in range(middle, len(ids)) if ids[i : i + len(second)] == second)
            sides = [None] * begin + [0] * len(first) + [None] * (again - middle) + [1] * len(second)
        else:
            encoded = self.fast.encode(SAMPLE, SAMPLE)
            ids, types, sides = encoded.ids, encoded.type_ids, encoded.sequence_ids
        at = sides.index(0), sides.index(1)
        end = at[0] + sides.count(0), at[1] + sides.count(1)
        return PairTemplate(
            ids[: at[0]],
            ids[end[0] : at[1]],
            ids[end[1] :],
            types.index(1) - at[1] if self.typed and 1 in types else None,
        )


def load_tokenizer(path: str, revision: str | None = None) -> LoadedTokenizer:
    """Return the tokenizer of a model; transformers is imported only if necessary.

    path, revision: of a model of the config. Raises BadInput if it has no tokenizer, or it cannot be loaded.
    """
    folder = locate(path)
    check_vocabulary_files(folder)
    if static_table(folder):
        return load_of_table(Path(folder), path)
    return load_plain(Path(folder), path) or load_any(folder, revision, path)


def load_of_table(folder, path):
    """Return the tokenizer of a table of embeddings alone; it adds no special tokens, as in model2vec."""
    try:
        description = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_str(json.dumps(description | {"post_processor": None}))
    except Exception as error:  # the library raises nothing narrower
        raise BadInput(f"models: path {path!r}: its tokenizer.json is missing or broken ({error})") from error
    model, vocabulary = description["model"], tokenizer.get_vocab()
    padding = next((vocabulary[token] for token in ("[PAD]", "<pad>") if token in vocabulary), 0)
    unknown = vocabulary.get(model.get("unk_token"), model.get("unk_id"))
    return LoadedTokenizer(tokenizer, None, size(vocabulary), padding, unknown, "right", 0, False)


def load_plain(folder, path):
    """Return the tokenizer of a model without importing transformers, None if its ids could be others."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise BadInput(f"models: path {path!r}: its tokenizer.json is broken ({error}); get it again") from error
    try:
        plain = is_plain(folder, json.loads(text))
    except (KeyError, TypeError):  # what the library reads, and is not as BERT's
        plain = False
    padding = tokenizer.token_to_id(SPECIAL["pad_token"])
    if not plain or padding is None:
        return None
    check_words(tokenizer.get_vocab(), SPECIAL.values(), path)
    unknown, added = tokenizer.token_to_id(SPECIAL["unk_token"]), tokenizer.num_special_tokens_to_add(False)
    typed = has_types(folder)
    return LoadedTokenizer(tokenizer, None, size(tokenizer.get_vocab()), padding, unknown, "right", added, typed)


def load_any(folder, revision, path):
    """Return the tokenizer of a model as transformers loads it."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, revision=revision, trust_remote_code=False)
    except Exception as error:  # of many kinds, as files are incomplete in many ways
        reason = " ".join(str(error).split()) or type(error).__name__
        fetch = (
            ""
            if Path(folder).is_dir()
            else f"; without network, fetch it before by `hf download {path}`, or give `path:` a folder that holds it"
        )
        raise BadInput(f"models: path {path!r}: no tokenizer can be loaded from it ({reason}){fetch}") from error
    check_words(tokenizer.get_vocab(), tokenizer.all_special_tokens, path)
    ids = (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.unk_token_id, 0)
    unknown = tokenizer.unk_token_id if tokenizer.unk_token_id != tokenizer.eos_token_id else None  # as in GPT-2
    return LoadedTokenizer(
        tokenizer.backend_tokenizer if tokenizer.is_fast else None,
        tokenizer,
        size(tokenizer.get_vocab()),
        next(i for i in ids if i is not None),
        unknown,
        tokenizer.truncation_side,
        tokenizer.num_special_tokens_to_add(pair=False),
        "token_type_ids" in tokenizer.model_input_names,
    )


def check_words(vocabulary, special, path):
    """Raise BadInput if a vocabulary holds nothing but special tokens, as that of a tokenizer without its files."""
    if not any(any(map(str.isalnum, token)) for token in vocabulary.keys() - set(special)):
        raise BadInput(
            f"models: path {path!r}: its tokenizer knows no word, only {len(vocabulary)} special tokens; copy the "
            "tokenizer files of the model there"
        )


def size(vocabulary):
    """Return the number of rows that a table for all ids needs: the largest id + 1. vocabulary: token -> id."""
    return max(vocabulary.values()) + 1
