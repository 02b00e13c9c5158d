"""Decide from the files of a model whether tokenizer.json alone gives the ids of transformers' `AutoTokenizer`.

To import transformers takes seconds, and `AutoTokenizer` builds a tokenizer from several files: settings in
tokenizer_config.json win over those in tokenizer.json. What is decided here holds for BERT's tokenizers only, as the
quickstart's; all others are loaded with transformers.
"""

from pathlib import Path

from pretrain_or_not.files.vocabulary_files import read_settings

SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}

# Settings that change no id.
HARMLESS = {"name_or_path", "do_basic_tokenize", "never_split", "tokenizer_class", "model_max_length", "backend"}

# Keys of tokenizer_config.json with the key of BERT's normalizer that says the same, and their defaults.
NORMALIZER = {
    "do_lower_case": ("lowercase", True),
    "tokenize_chinese_chars": ("handle_chinese_chars", True),
    "strip_accents": ("strip_accents", None),
}

OTHER_FILES = ("added_tokens.json", "chat_template.jinja")


def is_plain(folder: Path, description: dict) -> bool:
    """Return whether the ids are certain to be the same. description: the content of tokenizer.json.

    Raises KeyError or TypeError where the description is of an unusual form.
    """
    config, settings, special = (
        read(folder / name) for name in ("config.json", "tokenizer_config.json", "special_tokens_map.json")
    )
    if config.get("model_type") != "bert" or any((folder / name).exists() for name in OTHER_FILES):
        return False
    kind = settings.get("tokenizer_class")
    added = {token["content"] for token in description["added_tokens"] if token["special"]}
    truncation = description.get("truncation") or {}
    named = {key: value for file in (special, settings) for key, value in file.items() if key in SPECIAL}
    rest = set(special | settings) - HARMLESS - set(SPECIAL)
    usual = all(file.get(key, value) == value for file in (special, settings) for key, value in SPECIAL.items())
    if truncation.get("direction", "Right") != "Right" or not usual:
        return False
    if kind == "TokenizersBackend":
        return not rest and set(named.values()) <= added and description["post_processor"] is not None
    return (
        kind in ("BertTokenizer", "BertTokenizerFast")
        and not rest - set(NORMALIZER)
        and added == set(SPECIAL.values())
        and is_bert(description, settings)
    )


def has_types(folder: Path) -> bool:
    """Return whether transformers gives token types with the ids, where `is_plain`: if its class is BERT's own."""
    return read(folder / "tokenizer_config.json").get("tokenizer_class") != "TokenizersBackend"


def is_bert(description, settings):
    """Return whether a tokenizer is as transformers' BertTokenizer builds it. settings: tokenizer_config.json."""
    model, vocabulary = description["model"], description["model"]["vocab"]
    normalizer = {"type": "BertNormalizer", "clean_text": True} | {
        there: settings.get(here, default) for here, (there, default) in NORMALIZER.items()
    }
    processor = description["post_processor"] or {}
    single = [piece.get("SpecialToken", piece.get("Sequence"))["id"] for piece in processor.get("single", ())]
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    return (
        description["normalizer"] == normalizer
        and description["pre_tokenizer"] == {"type": "BertPreTokenizer"}
        and model["type"] == "WordPiece"
        and (model["unk_token"], model["continuing_subword_prefix"]) == ("[UNK]", "##")
        and model["max_input_chars_per_word"] == 100
        and single == ["[CLS]", "A", "[SEP]"]
        and all(processor["special_tokens"][token]["ids"] == [vocabulary[token]] for token in ("[CLS]", "[SEP]"))
        and all(vocabulary.get(token["content"]) == token["id"] for token in description["added_tokens"])
        and not any(token[flag] for token in description["added_tokens"] for flag in flags)
    )


def read(path):
    """Return the content of a JSON file, an empty dict if there is none."""
    return read_settings(path) if path.is_file() else {}
