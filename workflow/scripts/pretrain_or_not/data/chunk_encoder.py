"""Encode texts chunk by chunk, each chunk only once: the same ids as the tokenizer's own, many times faster.

A tokenizer of the `tokenizers` library spends nearly all its time on words that it has encoded before. If no part of it
works across a space, the tokens of a text are the tokens of its chunks, one chunk after another. So a chunk such as
" text" is encoded once, and Arrow and NumPy put texts together from known chunks, without a loop over texts. The
tokenizer's own description says whether that is exact (`prove`); if not, `WholeTextEncoder` is used. The complete stage
is about 8 times as fast as `datasets.map` on sentences and 3.4 times on film reviews cut at 256 tokens (two threads;
measured by benchmarks/tokenization.py).

A chunk starts at a space that has no white space before it, and keeps the space: "two  words\tmore here" is "two",
"  words\tmore" and " here". So an added token that includes the white space before it, like RoBERTa's <mask>, finds all
of that white space in its chunk. So does byte-level BPE, which adds the last of several spaces to the next word.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.chunk_proof import Unproven, prove

BYTES_AT_ONCE = 2**22  # of text; bounds the memory for long texts
KNOWN_CHUNKS = 2**17  # about 200 bytes each
LONGEST_KNOWN = 64  # characters; longer chunks hardly ever occur again
CHUNKS_PER_ENCODING = 256

# Unicode's white space beyond ASCII, and the last and second-to-last byte of its characters in UTF-8. A few other
# characters have the same two bytes: after them a chunk continues where it could end, which is exact too.
WHITE_SPACE = ["\u0085", "\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), *"\u2028\u2029\u202f\u205f\u3000"]

LAST_BYTES, LAST_BUT_ONE_BYTES = np.zeros((2, 256), dtype=bool)

LAST_BYTES[[character.encode()[-1] for character in WHITE_SPACE]] = True

LAST_BUT_ONE_BYTES[[character.encode()[-2] for character in WHITE_SPACE]] = True

# The first rows of every `TokenLists`.
PREFIX, SUFFIX, NOTHING = 0, 1, 2


def make_encoder(tokenizer, max_length, dtype, side="right"):
    """Return an encoder, by chunks if that is exact, and a line for the log that says which encoder it is and why.

    tokenizer: a `tokenizers.Tokenizer`; its padding and truncation are changed. max_length: texts are cut to this
    number of tokens, special tokens included. dtype: of the ids. side: where they are cut, "right" or "left". An
    encoder maps a pyarrow string array (texts,) to two NumPy arrays: the concatenated ids of all texts, and the number
    of ids of each text (texts,).
    """
    if side != "right":
        return WholeTextEncoder(tokenizer, max_length, dtype, side), f"texts that are too long are cut on the {side}"
    try:
        return ChunkEncoder(tokenizer, max_length, dtype), "texts are encoded in chunks, each distinct chunk once"
    except Unproven as reason:
        return WholeTextEncoder(tokenizer, max_length, dtype), f"texts are not encoded in chunks: {reason}"


class WholeTextEncoder:
    """An encoder that gives complete texts to any tokenizer."""

    def __init__(self, tokenizer, max_length, dtype, side="right"):
        """See `make_encoder`."""
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length, direction=side)
        self.tokenizer, self.dtype = tokenizer, dtype

    def __call__(self, texts):
        """See `make_encoder`."""
        return flatten([encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts.to_pylist())], self.dtype)


class SlowEncoder:
    """An encoder that gives complete texts to a tokenizer of transformers that is written in Python."""

    def __init__(self, tokenizer, max_length, dtype):
        """See `make_encoder`. tokenizer: of transformers."""
        self.tokenizer, self.max_length, self.dtype = tokenizer, max_length, dtype

    def __call__(self, texts):
        """See `make_encoder`."""
        encoded = self.tokenizer(texts.to_pylist(), truncation=True, max_length=self.max_length)
        return flatten(encoded["input_ids"], self.dtype)


class ChunkEncoder:
    """An encoder that encodes each distinct chunk once; raises Unproven if that may not be exact."""

    def __init__(self, tokenizer, max_length, dtype, known_chunks=KNOWN_CHUNKS):
        """known_chunks: maximum number of chunks to keep, the first ones; for the others see `make_encoder`."""
        prefix, suffix = prove(tokenizer)
        if max_length <= len(prefix) + len(suffix):
            raise Unproven(f"{max_length} tokens leave no space for a text next to the special tokens")
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer, self.dtype, self.known_chunks = tokenizer, dtype, known_chunks
        self.max_length, self.text_length = max_length, max_length - len(prefix) - len(suffix)
        self.known = TokenLists(*flatten([prefix, suffix, []], dtype))
        self.rows = {}  # of each known chunk in `known`

    def __call__(self, texts):
        """See `make_encoder`."""
        texts = texts.cast(pa.large_string())
        offsets = text_offsets(texts)
        cuts = np.searchsorted(offsets, np.arange(offsets[0] + BYTES_AT_ONCE, offsets[-1], BYTES_AT_ONCE))
        cuts = np.unique([0, *cuts, len(texts)])
        parts = [self.encode(texts.slice(start, end - start)) for start, end in zip(cuts[:-1], cuts[1:], strict=True)]
        if not parts:
            return flatten([], self.dtype)
        ids, lengths = zip(*parts, strict=True)
        return np.concatenate(ids), np.concatenate(lengths)

    def encode(self, texts):
        """Encode a large_string array; see `make_encoder`."""
        slots = split(texts, self.text_length)
        encoded = slots.chunks.dictionary_encode()
        rows, lists = self.look_up(encoded.dictionary.to_pylist())
        # For each slot, the row of its tokens; -1 picks a row that is replaced below.
        rows = np.append(rows, NOTHING)[encoded.indices.fill_null(-1).to_numpy()]
        rows[slots.first], rows[slots.last] = PREFIX, SUFFIX
        tokens = np.add.reduceat(lists.lengths[rows], slots.first)
        unfilled = np.flatnonzero(slots.is_cut & (tokens < self.max_length))
        if len(unfilled):
            # Some chunks have no tokens (control characters), so the part that was cut off is needed.
            is_unfilled = np.zeros(len(texts), dtype=bool)
            is_unfilled[unfilled] = True
            rows[np.repeat(is_unfilled, slots.last - slots.first + 1)] = NOTHING
            rows[slots.first[unfilled]], rows[slots.last[unfilled]] = PREFIX, SUFFIX
            rows[slots.first[unfilled] + 1] = len(lists.lengths) + np.arange(len(unfilled))
            lists = lists.plus(*self.encode_each(texts.take(pa.array(unfilled)).to_pylist()))
        return self.assemble(slots, rows, lists)

    def look_up(self, chunks):
        """Return the row of each of the distinct `chunks` in a `TokenLists`, and these lists."""
        rows = np.fromiter(map(self.rows.get, chunks, itertools.repeat(-1)), dtype=np.int64, count=len(chunks))
        new = np.flatnonzero(rows < 0)
        is_short = np.fromiter((len(chunks[i]) <= LONGEST_KNOWN for i in new), dtype=bool, count=len(new))
        is_kept = is_short & (np.cumsum(is_short) <= self.known_chunks - len(self.rows))
        new = np.concatenate([new[is_kept], new[~is_kept]])
        n_kept = is_kept.sum()
        rows[new] = len(self.known.lengths) + np.arange(len(new))
        self.rows.update((chunks[i], int(rows[i])) for i in new[:n_kept])
        ids, lengths = self.encode_each([chunks[i] for i in new])
        n_ids = lengths[:n_kept].sum()
        self.known = self.known.plus(ids[:n_ids], lengths[:n_kept])
        return rows, self.known.plus(ids[n_ids:], lengths[n_kept:])

    def encode_each(self, strings):
        """Return the concatenated ids of the strings, without special tokens, and the number of ids of each string."""
        groups = [strings[i : i + CHUNKS_PER_ENCODING] for i in range(0, len(strings), CHUNKS_PER_ENCODING)]
        # As "words" of one input they are still encoded separately, twice as fast as with an `Encoding` for each.
        encodings = self.tokenizer.encode_batch(groups, is_pretokenized=True, add_special_tokens=False)
        ids, _ = flatten([encoding.ids for encoding in encodings], self.dtype)
        lengths = [
            np.bincount(np.array(encoding.word_ids, dtype=np.int64), minlength=len(group))
            for encoding, group in zip(encodings, groups, strict=True)
        ]
        return ids, np.concatenate([np.zeros(0, dtype=np.int64), *lengths])

    def assemble(self, slots, rows, lists):
        """Return the concatenated ids of all texts and the number of ids of each. rows: of each slot in `lists`."""
        lengths = lists.lengths[rows]
        starts = np.cumsum(lengths) - lengths
        # Tokens of a text before each slot: tokens beyond the limit are cut, except the suffix.
        before = starts - np.repeat(starts[slots.first], slots.last - slots.first + 1)
        n_suffix = lists.lengths[SUFFIX]
        lengths = np.clip(self.max_length - n_suffix - before, 0, lengths)
        lengths[slots.last] = n_suffix
        starts = np.cumsum(lengths) - lengths
        positions = np.repeat(lists.starts[rows] - starts, lengths) + np.arange(lengths.sum())
        return lists.ids[positions], np.add.reduceat(lengths, slots.first)


class TokenLists:
    """Lists of token ids; the first three are the prefix, the suffix and an empty one."""

    def __init__(self, ids, lengths):
        """ids: the concatenated ids of all lists. lengths: of each list, (lists,)."""
        self.ids, self.lengths, self.starts = ids, lengths, np.cumsum(lengths) - lengths

    def plus(self, ids, lengths):
        """Return these lists followed by more."""
        if not len(lengths):
            return self
        return TokenLists(np.concatenate([self.ids, ids]), np.concatenate([self.lengths, lengths]))


class Slots(NamedTuple):
    """The parts of texts, in order: each text has a slot for the prefix, one slot per chunk, and one for the suffix.

    chunks: large_string array (slots,), null in slots that hold no chunk. first, last: each text's slots of the prefix
    and the suffix, (texts,). is_cut: whether a text has more chunks than slots for them, (texts,).
    """

    chunks: pa.LargeStringArray
    first: np.ndarray
    last: np.ndarray
    is_cut: np.ndarray


def split(texts, max_chunks):
    """Split a large_string array without nulls (at least one text) into `Slots`, at most `max_chunks` chunks per text.

    Slots share the memory of the texts: each ends where the next begins, and the slot of the suffix takes what was cut.
    """
    offsets = text_offsets(texts)
    data = texts.buffers()[2].slice(offsets[0], offsets[-1] - offsets[0]) if offsets[-1] else pa.py_buffer(b"")
    offsets = offsets - offsets[0]
    text_bytes, starts, ends = np.frombuffer(data, dtype=np.uint8), offsets[:-1], offsets[1:]
    breaks = chunk_breaks(text_bytes, starts)
    first_breaks = np.searchsorted(breaks, offsets)
    n_breaks = np.diff(first_breaks)
    is_cut = n_breaks >= max_chunks
    tails = ends.copy()
    if is_cut.any():
        tails[is_cut] = breaks[first_breaks[:-1][is_cut] + max_chunks - 1]
        number_in_text = np.arange(len(breaks)) - np.repeat(first_breaks[:-1], n_breaks)
        breaks = breaks[number_in_text < max_chunks - 1]
        n_breaks = np.minimum(n_breaks, max_chunks - 1)
    last = np.cumsum(n_breaks + 3) - 1
    first = last - n_breaks - 2
    slots = len(breaks) + 3 * len(texts)
    is_break, is_chunk = np.ones((2, slots), dtype=bool)
    is_chunk[first] = is_chunk[last] = False
    is_break[first] = is_break[first + 1] = is_break[last] = False
    slot_offsets = np.empty(slots + 1, dtype=np.int64)
    slot_offsets[first] = slot_offsets[first + 1] = starts
    slot_offsets[last] = tails
    slot_offsets[:-1][is_break] = breaks
    slot_offsets[-1] = len(text_bytes)
    validity = pa.py_buffer(np.packbits(is_chunk, bitorder="little"))
    chunks = pa.LargeStringArray.from_buffers(slots, pa.py_buffer(slot_offsets), data, validity)
    return Slots(chunks, first, last, is_cut)


def chunk_breaks(text_bytes, starts):
    """Return the positions of spaces that begin a chunk in `text_bytes` (UTF-8, of texts that begin at `starts`)."""
    is_space = text_bytes == ord(" ")
    is_space[starts[starts < len(text_bytes)]] = False  # a text begins with a chunk anyway
    spaces = np.flatnonzero(is_space)
    last, last_but_one = text_bytes[spaces - 1], text_bytes[spaces - 2]
    # All ASCII control characters count as white space here, because some of them are.
    return spaces[(last > ord(" ")) & ~(LAST_BYTES[last] & LAST_BUT_ONE_BYTES[last_but_one])]


def text_offsets(texts):
    """Return the starts of the texts of a large_string array in its data, and the last end: int64, (texts + 1,)."""
    return np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]


def flatten(lists, dtype):
    """Return the concatenated values of a list of lists, and the length of each list, both as NumPy arrays."""
    lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    return np.fromiter(itertools.chain.from_iterable(lists), dtype=dtype, count=lengths.sum()), lengths
