"""Put texts into the template that a language model goes on from, as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pretrain_or_not.errors import BadInput

TEXT, CLASSES = "{text}", "{classes}"

BETWEEN = "\n\n"  # an example and the next one

MARGIN = 8  # tokens: a text that is cut may become other tokens where it is cut


class Prompts:
    """What a language model is asked, in token ids.

    words: ids of the word of each class, as they follow the template. length: tokens to which a text is cut.
    """

    def __init__(
        self, tokenizer: Any, template: str, words: Sequence[str], shots: Sequence[tuple[str, int]],
        max_length: int | None, limit: int | None,
    ):  # fmt: skip
        """tokenizer: of transformers, a fast one.

        template: with {text} once. words: of the classes, in their order. shots: examples before the text, each a text
        and its class. max_length: to which texts are cut, None for as many tokens as there is room for. limit: the most
        tokens that the model can process, None for any. Raises BadInput if it is too low, or a word is no tokens of its
        own.
        """
        self.tokenizer = tokenizer
        self.head, self.tail = template.replace(CLASSES, ", ".join(words)).split(TEXT)
        space = "" if self.tail[-1:].isspace() else " "
        self.answers = [space + word for word in words]
        self.begin = tokenizer("")["input_ids"][:1]  # of every text, as Llama has it
        self.begin = self.begin if self.begin == [tokenizer.bos_token_id] else []
        self.words = [self.ids_after_template(answer) for answer in self.answers]
        self.length = max_length
        cut, _ = self.cut([text for text, _ in shots])
        self.shots = "".join(
            self.head + text + self.tail + self.answers[label] + BETWEEN
            for text, (_, label) in zip(cut, shots, strict=True)
        )
        if limit is not None:
            self.fit(limit)

    def fit(self, limit):
        """Choose `length` where the config leaves it open; raise BadInput where there is no room for a text."""
        around = len(self.ids("")) + max(map(len, self.words)) + MARGIN
        if self.length is None:
            self.length = limit - around
        if self.length < 1 or around + self.length > limit:
            raise BadInput(
                f"template and examples have {around} tokens, and with {max(self.length, 1)} of a text they are more "
                f"than the {limit} that the language model can process; lower `shots` or `max_length`"
            )

    def ids_after_template(self, answer):
        """Return the ids of the word of a class; raise BadInput if it makes other tokens of the end of the template."""
        before = self.tokens(self.head + self.tail)
        after = self.tokens(self.head + self.tail + answer)
        if after[: len(before)] != before or len(after) == len(before):
            raise BadInput(
                f"template: the word {answer.strip()!r} does not follow it as tokens of its own; let it end with a "
                "mark such as ':', or choose another word"
            )
        return after[len(before) :]

    def tokens(self, text):
        """Return the ids of a text as it stands."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def ids(self, text):
        """Return the ids that the model goes on from, for one text."""
        return self.begin + self.tokens(self.shots + self.head + text + self.tail)

    def of(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        """Return the ids that the model goes on from for each text, and how many texts were cut."""
        cut, count = self.cut(texts)
        return [self.ids(text) for text in cut], count

    def cut(self, texts):
        """Return texts without spaces around them, cut to `length` tokens, and how many were cut."""
        stripped, count = [text.strip() for text in texts], 0
        if self.length is None:
            return stripped, 0
        for i, text in enumerate(stripped):
            encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            if len(encoded["input_ids"]) > self.length:
                stripped[i] = text[: encoded["offset_mapping"][self.length - 1][1]]
                count += 1
        return stripped, count
