"""The texts that a model is pretrained on: which ones, packed how, and never those that are tested on."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers.pretraining import Workshop, recipe, write_examples
from helpers.texts import make_rows
from pretrain_or_not.config.shifts import as_labelled
from pretrain_or_not.data.corpus import keys_of_tested, read_corpus
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.leaks import check_leaks
from pretrain_or_not.data.packing import pack_texts
from pretrain_or_not.data.shift import write_shift
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.teach import further_texts
from pretrain_or_not.files.parquet import read_metadata

UNLABELLED = {"source": "files", "text": "text", "label": None, "labels": None, "ignore_labels": [], "seed": 0,
              "deduplicate": "splits", "splits": {"validation": None, "test": None}}  # fmt: skip


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


def test_a_smaller_amount_is_part_of_a_larger_one_and_none_is_held_out(workshop):
    read = {amount: list(read_corpus(workshop.texts, amount).texts()) for amount in (0, 10, "50%", "100%")}
    assert [len(texts) for texts in read.values()] == [0, 10, 98, 196]
    assert read["100%"][:98] == read["50%"] and read["50%"][:10] == read[10]
    held_out = list(read_corpus(workshop.texts, 10).texts(held_out=True))
    assert len(held_out) == 4 and held_out == list(read_corpus(workshop.texts, "100%").texts(held_out=True))
    assert not set(held_out) & set(read["100%"])
    with pytest.raises(BadInput, match="amount 197: there are 196 texts, without the 4 that are held out"):
        read_corpus(workshop.texts, 197)
    with pytest.raises(BadInput, match=r"amount '0\.1%': .* that are held out; this is less than one; take more"):
        read_corpus(workshop.texts, "0.1%")


def test_packed_rows_hold_every_token_between_special_ones(workshop, tmp_path):
    from tokenizers import Tokenizer

    outputs = {split: tmp_path / f"{split}.parquet" for split in ("train", "held_out")}
    pack_texts(workshop.texts, "m", workshop.tokenizer, recipe(length=16), [], outputs)
    tokenizer = Tokenizer.from_file(workshop.tokenizer["path"] + "/tokenizer.json")
    begin, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    texts = list(read_corpus(workshop.texts, "100%").texts())
    stream = [i for text in texts for i in [*tokenizer.encode(text, add_special_tokens=False).ids, end]]
    rows = pd.read_parquet(outputs["train"])["input_ids"].tolist()
    assert all(row[0] == begin and row[-1] == end for row in rows)
    assert [int(i) for row in rows for i in row[1:-1]] == stream
    assert {len(row) for row in rows[:-1]} == {16} and 2 < len(rows[-1]) <= 16
    about = read_metadata(outputs["train"])
    assert (about["texts"], about["rows"], about["special"]) == (196, len(rows), sorted([begin, end]))
    assert about["words"] == sum(len(text.split()) for text in texts)


def test_a_model_that_would_read_no_text_is_refused(workshop, tmp_path):
    """All texts are tested on; with an amount of 0 that is what is asked for."""
    texts = pd.read_parquet(workshop.texts)["text"].tolist()
    tested = write_examples(tmp_path / "tested.parquet", [(text, "sports") for text in texts], train=0)
    outputs = {split: tmp_path / f"{split}.parquet" for split in ("train", "held_out")}
    with pytest.raises(BadInput, match="no text is left to pretrain on: all of the 196 texts are validated or"):
        pack_texts(workshop.texts, "m", workshop.tokenizer, recipe(length=16), [tested], outputs)
    pack_texts(workshop.texts, "m", workshop.tokenizer, recipe(length=16, amount=0), [tested], outputs)


def test_held_out_texts_that_are_all_tested_on_are_said_to_be(workshop, tmp_path):
    texts = pd.read_parquet(workshop.texts)["text"].tolist()
    tested = write_examples(tmp_path / "tested.parquet", [(text, "sports") for text in texts[-4:]], train=0)
    outputs = {split: tmp_path / f"{split}.parquet" for split in ("train", "held_out")}
    with pytest.raises(
        BadInput, match="to measure the loss on: all of the last 4, which are held out, are validated or"
    ):
        pack_texts(workshop.texts, "m", workshop.tokenizer, recipe(length=16), [tested], outputs)


def test_a_teacher_holds_no_text_out(workshop):
    assert len(list(read_corpus(workshop.texts, "100%", hold_out=False).texts())) == 200
    with pytest.raises(BadInput, match="amount 201: there are 200 texts; take fewer, or a share"):
        read_corpus(workshop.texts, 201, hold_out=False)


def test_another_order_keeps_the_tokens_and_leaves_the_held_out_texts(workshop, tmp_path):
    tokens = {}
    for name, order in (("natural", "natural"), ("shuffled", {"ngrams": 1})):
        outputs = {split: tmp_path / name / f"{split}.parquet" for split in ("train", "held_out")}
        pack_texts(workshop.texts, name, workshop.tokenizer, recipe(order=order), [], outputs)
        tokens[name] = {s: np.concatenate(pd.read_parquet(p)["input_ids"].tolist()) for s, p in outputs.items()}
    one, other = tokens["natural"], tokens["shuffled"]
    np.testing.assert_array_equal(np.sort(one["train"]), np.sort(other["train"]))
    assert not np.array_equal(one["train"], other["train"])
    np.testing.assert_array_equal(one["held_out"], other["held_out"])


def test_an_order_that_changes_few_texts_and_unknown_tokens_are_told(workshop, tmp_path, capsys):
    rows = [("".join(chr(0x4E00 + (7 * i + j) % 500) for j in range(20)), "travel") for i in range(100)]
    for name, some in (("words", make_rows(100, 1)), ("signs", rows)):
        texts = write_examples(tmp_path / f"{name}.parquet", some, 100, labelled=False)
        for order in ({"ngrams": 1}, {"block": 4}, "corpus"):
            outputs = {split: tmp_path / name / f"{split}.parquet" for split in ("train", "held_out")}
            pack_texts(texts, name, workshop.tokenizer, recipe(order=order), [], outputs)
            told = capsys.readouterr().err
            assert ("models: signs: `order` leaves 100 % of the texts as they are" in told) == (name == "signs")
            assert ("models: signs: 100 % of its tokens are unknown to its tokenizer" in told) == (name == "signs")
            assert "models: words" not in told


def leaks(workshop, tested, output, without=(), **read):
    check_leaks(
        [workshop.texts],
        list(without),
        tested,
        "m",
        "toy",
        {"amount": "100%", "labelled": False} | read,
        output,
    )
    return json.loads(output.read_text())


def test_texts_that_are_tested_on_are_refused_whatever_their_case_and_spacing(workshop, tmp_path):
    own = list(read_corpus(workshop.texts, "100%").texts())
    rows = make_rows(40, 9)
    rows[25:28] = [(own[0].upper(), "sports"), (own[1].replace(" ", "  ") + " ", "sports"), (own[150], "travel")]
    tested = write_examples(tmp_path / "toy.parquet", rows, 20)
    with pytest.raises(BadInput, match=r"m: 3 of its 196 texts are among the validation and test texts of 'toy'.*"
                       r"leave them out by `without: \[toy\]`"):  # fmt: skip
        leaks(workshop, tested, tmp_path / "leaks.json")
    assert not (tmp_path / "leaks.json").exists()
    with pytest.raises(BadInput, match="2 of its 100 texts"):
        leaks(workshop, tested, tmp_path / "leaks.json", amount=100)
    found = leaks(workshop, tested, tmp_path / "leaks.json", without=[tested])
    assert (found["texts"], found["shared"], found["tested"]) == (196, 0, 20)
    left = list(read_corpus(workshop.texts, "100%", [tested]).texts())
    assert left == [text for i, text in enumerate(own) if i not in (0, 1, 150)]


def test_training_rows_may_be_among_the_texts_but_not_where_each_is_tested_in_a_fold(workshop, tmp_path):
    own = list(read_corpus(workshop.texts, "100%").texts())
    rows = [(text, "sports") for text in own[:5]] + make_rows(40, 9)
    tested = write_examples(tmp_path / "toy.parquet", rows, 20)
    assert leaks(workshop, tested, tmp_path / "leaks.json")["shared"] == 0
    folds = write_examples(tmp_path / "folds.parquet", rows, 45, folds={"folds": 5})
    assert len(keys_of_tested(folds)) == 45
    with pytest.raises(BadInput, match=r"5 of its 196 texts.*as each row is tested in some fold"):
        leaks(workshop, folds, tmp_path / "other.json")


def test_texts_of_further_test_sets_are_compared_and_left_out_too(workshop, tmp_path):
    own = list(read_corpus(workshop.texts, "100%").texts())
    tested = write_examples(tmp_path / "toy.parquet", make_rows(40, 9), 20)
    pd.DataFrame({"text": [own[3].upper(), own[7] + "  ", "of another shop"], "label": "sports"}).to_csv(
        tmp_path / "shop.csv", index=False
    )
    entry = dict.fromkeys(("files", "format", "member", "where")) | {"files": str(tmp_path / "shop.csv")}
    dataset = UNLABELLED | {"label": "label"}
    shift = tmp_path / "shift.parquet"
    write_shift("shop", "toy", tested, None, as_labelled(entry, dataset), shift)
    assert leaks(workshop, tested, tmp_path / "leaks.json")["shared"] == 0
    with pytest.raises(
        BadInput, match="2 of its 196 texts are among the texts of the further test set 'shop' of 'toy'"
    ):
        leaks(workshop, shift, tmp_path / "other.json")
    found = leaks(workshop, shift, tmp_path / "leaks.json", [tested, shift])
    assert (found["shared"], found["tested"]) == (0, 3)
    texts = [text for part in further_texts(workshop.texts, "100%", [tested, shift], NO_ROWS, False)
             for text in part["text"].to_pylist()]  # fmt: skip
    every = list(read_corpus(workshop.texts, "100%", hold_out=False).texts())
    assert texts == [text for i, text in enumerate(every) if i not in (3, 7)]  # what a teacher says nothing of


NO_ROWS = pa.table({"text": pa.array([], pa.string())})


@pytest.mark.parametrize(("amount", "last"), [(10, 12), ("100%", 200), (1000, 200)])
def test_a_teacher_is_asked_about_texts_that_have_no_label_in_the_cell(workshop, amount, last, caplog):
    """Instead of those of the subset, written in another way here, it is asked about the next ones."""
    every = list(read_corpus(workshop.texts, "100%", hold_out=False).texts())
    own = pa.table({"text": [every[2].upper(), every[9] + " "]})
    parts = list(further_texts(workshop.texts, amount, [], own, False))
    found = pa.concat_tables(parts)["text"].to_pylist()
    assert found == [text for i, text in enumerate(every[:last]) if i not in (2, 9)]
    told = "198 further texts instead of 1,000: there are 200, and those that are labelled, tested or validated on"
    assert (told in caplog.text) == (amount == 1000)


def test_labelled_tasks_are_compared_too(workshop, tmp_path):
    rows = make_rows(40, 9)
    rows[30] = make_rows(160, 2)[99]  # the last training row of the task
    tested = write_examples(tmp_path / "toy.parquet", rows, 20)
    read = {"amount": None, "labelled": True}
    with pytest.raises(BadInput, match=r"1 of its 100 texts .* take them out of the files of its `tasks`"):
        check_leaks([workshop.labelled], [], tested, "m", "toy", read, tmp_path / "a.json")
    check_leaks([workshop.labelled], [], tested, "m", "toy", read | {"amount": 99}, tmp_path / "a.json")


def test_texts_without_labels_become_training_rows(tmp_path):
    texts = [f"text number {i}" for i in range(50)] + ["", " ", "text number 3"]
    pd.DataFrame({"text": texts}).to_parquet(tmp_path / "texts.parquet")
    dataset = UNLABELLED | {"files": str(tmp_path / "texts.parquet")}
    ingest(dataset, "texts", [], 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")
    rows, facts = pd.read_parquet(tmp_path / "examples.parquet"), json.loads((tmp_path / "dataset.json").read_text())
    assert facts["rows"] == {"train": 51, "validation": 0, "test": 0} and facts["label_names"] == []
    assert facts["dropped"]["blank or null text"] == 2
    assert rows["label"].isna().all() and set(rows["split"]) == {"train"}
    assert sorted(rows["text"]) == sorted(text for text in texts if text.strip())
    assert rows["text"].tolist() != [text for text in texts if text.strip()]  # shuffled
    pd.DataFrame({"text": ["a", "b"], "split": ["train", "test"]}).to_parquet(tmp_path / "split.parquet")
    split = dataset | {"files": str(tmp_path / "split.parquet"), "split": "split"}
    with pytest.raises(BadInput, match=r"texts without labels \(`label: null`\) have no test split"):
        ingest(split, "texts", [], 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")
