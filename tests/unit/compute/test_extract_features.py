"""Features are the means of hidden states, whatever the parts that they are written in."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import pretrain_or_not.compute.extract_features as module
from helpers.texts import make_rows
from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.extract_features import extract_features
from pretrain_or_not.compute.inference import infer
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.transformer import load_encoder
from pretrain_or_not.data.examples import read_examples, read_subset
from pretrain_or_not.data.features import Features
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.paths import subset_name


@pytest.fixture(autouse=True)
def fp32(monkeypatch):
    """Use one precision in all tests of a process, because accelerate requires it."""
    monkeypatch.setattr(module, "InferenceDevice", lambda _: InferenceDevice("fp32"))


@pytest.fixture
def tokens(tmp_path, tiny_bert):
    """Return the token files of 60 texts of one split and 20 of another, made with the tokenizer of the tiny BERT."""
    rows = make_rows(80)
    table = pa.table(
        {
            "id": range(80),
            "text": [text for text, _ in rows],
            "split": ["train"] * 60 + ["test"] * 20,
            "label": pa.array([len(label) % 3 for _, label in rows], pa.int32()),
        }
    )
    write_table(tmp_path / "examples.parquet", table, dataset="toy", label_names=["a", "b", "c"])
    paths = {split: tmp_path / f"{split}.parquet" for split in ("train", "test")}
    tokenize(tmp_path / "examples.parquet", str(tiny_bert), "tiny", 16, paths)
    return paths


def features(tokens, tiny_bert, folder):
    """Return the paths of the features of all splits."""
    outputs = {split: folder / f"{split}.parquet" for split in tokens}
    max_length = read_metadata(tokens["test"])["max_length"]
    extract_features(tokens, max_length, {"path": str(tiny_bert)}, "tiny", 1, outputs)
    return outputs


def test_features_are_the_mean_of_an_examples_own_states(tiny_bert, make_examples):
    examples, encoder = make_examples(30, vocabulary=40), load_encoder(tiny_bert)
    features, work = infer(encoder, examples, InferenceDevice("fp32"), mean_pooled)
    assert features.shape == (30, 16) and work.examples == 30
    with torch.no_grad():
        for i in range(30):
            tokens = torch.from_numpy(examples.tokens[examples.offsets[i] : examples.offsets[i + 1]].astype(np.int64))
            alone = encoder(input_ids=tokens[None]).last_hidden_state[0].mean(dim=0)
            np.testing.assert_allclose(features[i], alone, rtol=1e-4, atol=1e-5)


def counted_infer(monkeypatch):
    """Return a list of the sizes of the blocks that are encoded from now on; blocks have 10 rows, parts 20."""
    given = []

    def counted(model, examples, *rest, **how):
        given.append(len(examples))
        return infer(model, examples, *rest, **how)

    monkeypatch.setattr(module, "infer", counted)
    monkeypatch.setattr(module, "BLOCK", 10)
    monkeypatch.setattr(module, "PART", 20)
    return given


def test_features_are_encoded_in_blocks_and_written_in_parts(tokens, tiny_bert, tmp_path, monkeypatch):
    whole = features(tokens, tiny_bert, tmp_path / "whole")
    given = counted_infer(monkeypatch)
    parted = features(tokens, tiny_bert, tmp_path / "parted")
    assert given == [10] * 8
    for split, path in parted.items():
        one, other = (
            read_examples(whole[split], build=Features.from_table),
            read_examples(path, build=Features.from_table),
        )
        examples = read_examples(tokens[split])
        assert one.ids.tolist() == other.ids.tolist() == examples.ids.tolist()
        assert one.labels.tolist() == other.labels.tolist() == examples.labels.tolist()
        matrix, _ = infer(load_encoder(tiny_bert), examples, InferenceDevice("fp32"), mean_pooled)
        assert np.array_equal(one.matrix, matrix)  # in one block, to the bit
        np.testing.assert_allclose(other.matrix, matrix, rtol=1e-4, atol=1e-5)  # of other batches
        costs = [about.pop("inference") for about in (one.about, other.about)]
        assert one.about == other.about and other.about["split"] == split and other.about["encoder"] == "tiny"
        assert costs[0]["examples"] == costs[1]["examples"] == len(examples) and costs[1]["seconds"] > 0
        assert costs[0]["flops"] > 0 and costs[0]["parameters"] == costs[1]["parameters"]
        file = pq.ParquetFile(path)
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [20] * (len(examples) // 20)


# Training features


@pytest.fixture
def subset(tokens, tmp_path):
    """Return a function that writes the subset of some rows of the training tokens, and returns its path."""
    ids = pq.read_table(tokens["train"])["id"].to_numpy()

    def write(*rows):
        path = tmp_path / f"subset{'-'.join(map(str, rows))}.parquet"
        write_table(path, pa.table({"id": ids[list(rows)], "row": np.array(rows)}), dataset="toy")
        return path

    return write


def training_features(tokens, tiny_bert, output, subsets, code="code", weights=None):
    """Return the matrix of the features, row by row, after adding those that subsets need: row -> features."""
    module.extract_training_features(
        tokens["train"], 16, subsets, {"path": str(tiny_bert)}, weights, "tiny", 1, code, output
    )
    table = pq.read_table(output)
    matrix = read_examples(output, build=Features.from_table, split="train").matrix
    return dict(zip(table["row"].to_pylist(), matrix, strict=True))


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[row], other[row]) for row in one)


def test_only_blocks_with_rows_that_are_used_are_encoded_and_each_once(
    tokens, tiny_bert, tmp_path, subset, monkeypatch
):
    given, output = counted_infer(monkeypatch), tmp_path / "features.parquet"
    few, more = subset(4, 41, 3), subset(41, 57, 12)
    first = training_features(tokens, tiny_bert, output, [few])
    assert given == [10, 10] and sorted(first) == [*range(10), *range(40, 50)]
    cost = read_metadata(output)["inference"]
    second = training_features(tokens, tiny_bert, output, [few, more])
    assert given == [10] * 4 and sorted(second) == [*range(20), *range(40, 60)]
    assert same(first, {row: second[row] for row in first})
    assert read_metadata(output)["subsets"] == sorted(map(subset_name, [few, more]))
    after = read_metadata(output)["inference"]
    assert (cost["examples"], after["examples"]) == (20, 40) and after["flops"] > cost["flops"]
    # The order in which rows were asked for changes no bit.
    assert same(second, training_features(tokens, tiny_bert, tmp_path / "at-once.parquet", [more, few]))
    # A run reads its rows by their position in the training split, in the order of its subset.
    read = read_subset(output, more, Features.from_table, split="train")
    assert np.array_equal(read.matrix, [second[row] for row in (41, 57, 12)])
    assert read.ids.tolist() == pq.read_table(more)["id"].to_pylist()
    with pytest.raises(
        BadInput, match=r"features.parquet: lacks texts of .*subset25.parquet; are its arm, size and seed"
    ):
        read_subset(output, subset(25), Features.from_table, split="train")


def test_a_subset_less_encodes_nothing_and_touches_the_file(tokens, tiny_bert, tmp_path, subset, monkeypatch):
    output = tmp_path / "features.parquet"
    before = training_features(tokens, tiny_bert, output, [subset(4), subset(59)])
    os.utime(output, (1, 1))
    monkeypatch.setattr(module, "FrozenEncoder", None)  # it is not even loaded
    assert same(before, training_features(tokens, tiny_bert, output, [subset(4)]))
    assert output.stat().st_mtime > 1


def test_features_of_a_model_that_is_made_again_are_not_kept(tokens, tiny_bert, tmp_path, subset, monkeypatch):
    """Its path and version are the same; the rule runs again because the file of its weights is newer."""
    given, output = counted_infer(monkeypatch), tmp_path / "features.parquet"
    weights = tmp_path / "model.safetensors"
    for content, encoded in ((b"one", 1), (b"one", 1), (b"another", 2)):
        weights.write_bytes(content)
        training_features(tokens, tiny_bert, output, [subset(4)], weights=weights)
        assert given == [10] * encoded


@pytest.mark.parametrize("change", ["code", "tokens"])
def test_features_of_other_tokens_or_code_are_not_kept(tokens, tiny_bert, tmp_path, subset, monkeypatch, change):
    given, output = counted_infer(monkeypatch), tmp_path / "features.parquet"
    training_features(tokens, tiny_bert, output, [subset(4), subset(59)])
    if change == "tokens":
        write_table(tokens["train"], pq.read_table(tokens["train"]), **read_metadata(tokens["train"]) | {"x": 1})
    after = training_features(tokens, tiny_bert, output, [subset(4)], code="new" if change == "code" else "code")
    assert given == [10] * 3 and sorted(after) == list(range(10))


def test_texts_longer_than_the_encoder_takes_in_are_refused(tokens, tiny_bert, tmp_path):
    rows = pq.read_table(tokens["test"])
    about = read_metadata(tokens["test"])
    for change, message in (
        (
            {"max_length": 65},
            "datasets: toy: max_length \\(or that of an arm\\) 65 is more than the 64 tokens that model 'tiny' can",
        ),
        (
            {"vocabulary": 10**6},
            "models: tiny: its tokenizer has token ids up to 999999, but it has embeddings up to 48 only; take the ",
        ),
    ):
        write_table(tokens["test"], rows, **about | change)
        with pytest.raises(BadInput, match=message):
            features({"test": tokens["test"]}, tiny_bert, tmp_path / "out")


def test_features_open_like_other_tables(tokens, tiny_bert, tmp_path):
    path = features(tokens, tiny_bert, tmp_path / "features")["train"]
    frame = pd.read_parquet(path)
    assert list(frame) == ["row", "id", "label", "features"] and len(frame["features"][0]) == 16
    assert frame.dtypes[["id", "label"]].tolist() == [np.int64, np.int32]
    assert b"pretrain_or_not" in pq.read_table(path).schema.metadata
    assert read_metadata(path)["label_names"] == ["a", "b", "c"]


def test_the_length_of_features_is_that_of_the_arm_and_cut_texts_are_counted(tokens, tiny_bert, tmp_path):
    def at(length):
        output = {"test": tmp_path / f"{length}.parquet"}
        extract_features({"test": tokens["test"]}, length, {"path": str(tiny_bert)}, "tiny", 1, output)
        return pd.read_parquet(output["test"])["features"], read_metadata(output["test"])

    whole, about = at(None)
    assert (about["max_length"], about["truncated"]) == (64, 0)  # what the model can read
    short, cut = at(4)
    assert cut["max_length"] == 4 and 0 < cut["truncated"] <= 20
    assert not np.allclose(np.stack(whole), np.stack(short))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(bad):
    matrix = np.zeros((5, 3), np.float32)
    module.check_finite(matrix, "tiny", "test")
    matrix[[1, 1, 4], [0, 1, 2]] = bad
    with pytest.raises(BadInput, match=r"model tiny: its features of 2 test texts are not finite"):
        module.check_finite(matrix, "tiny", "test")
