"""Decide from a tokenizer's description whether the tokens of a text are those of its chunks; see `chunk_encoder`."""

import json

# Models that encode each word of the pre-tokenizer separately.
MODELS = {"WordPiece", "WordLevel", "BPE"}

# Normalizers that do not move a space, do not move characters across it, and do not look across it.
NORMALIZERS = {"NFC", "NFD", "Lowercase"}

# These also delete characters, so that spaces may come together. If the pre-tokenizer drops spaces, that has no effect.
DELETING_NORMALIZERS = {"BertNormalizer", "StripAccents"}

SPACE_DROPPING_PRETOKENIZERS = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit"}


class Unproven(Exception):
    """Encoding by chunks may not be exact; the message says why."""


def prove(tokenizer):
    """Return the ids that the tokenizer puts before and after a text, two lists.

    Raises Unproven unless encoding by chunks is certain to be exact.
    """
    try:
        description = json.loads(tokenizer.to_str())
    except Exception as error:  # the library raises nothing narrower
        raise Unproven("the tokenizer has parts that cannot be described") from error
    pretokenizer, model = description["pre_tokenizer"] or {}, description["model"]
    drops_spaces = pretokenizer.get("type") in SPACE_DROPPING_PRETOKENIZERS
    if not drops_spaces and not (pretokenizer.get("type") == "ByteLevel" and pretokenizer.get("use_regex", True)):
        raise Unproven(f"its pre-tokenizer is {pretokenizer.get('type')}")
    if model["type"] not in MODELS or model.get("dropout"):
        raise Unproven(f"its model is {model['type']}{' with dropout' if model.get('dropout') else ''}")
    normalizers = set(flat_types(description["normalizer"], "normalizers"))
    if not normalizers <= (NORMALIZERS | DELETING_NORMALIZERS if drops_spaces else NORMALIZERS):
        raise Unproven(f"its normalizer is {', '.join(sorted(normalizers))}")
    for token in description["added_tokens"]:
        content = token["content"]
        if token["normalized"] and tokenizer.normalizer is not None:
            content = tokenizer.normalizer.normalize_str(content)
        # A run of spaces stays in one chunk, unless a normalizer deletes the characters between it and other spaces.
        only_spaces = not content.strip(" ") and normalizers <= NORMALIZERS
        if (" " in content and not only_spaces) or (token["rstrip"] and not drops_spaces):
            raise Unproven(f"its added token {token['content']!r} reaches beyond a space")
    return special_ids(description["post_processor"])


def flat_types(part, parts):
    """Return the types of the steps of a `Sequence` (under the key `parts`), of a single step, or of None: a list."""
    if part is None:
        return []
    if part["type"] == "Sequence":
        return [kind for step in part[parts] for kind in flat_types(step, parts)]
    return [part["type"]]


def special_ids(processor):
    """Return the ids that a post-processor puts before and after a single text, two lists.

    processor: its description, or None. Raises Unproven unless the ids are fixed.
    """
    kind = processor["type"] if processor else "ByteLevel"
    if kind == "ByteLevel":  # affects only offsets
        return [], []
    if kind in ("BertProcessing", "RobertaProcessing"):
        return [processor["cls"][1]], [processor["sep"][1]]
    if kind == "TemplateProcessing":
        ids = [
            processor["special_tokens"][piece["SpecialToken"]["id"]]["ids"] if "SpecialToken" in piece else None
            for piece in processor["single"]
        ]
        if ids.count(None) == 1:
            text = ids.index(None)
            return sum(ids[:text], []), sum(ids[text + 1 :], [])
    raise Unproven(f"its post-processor is {kind}")
