"""Broken files, or files of something else, give an error that names the file and says what to do."""

import json

import numpy as np
import pyarrow as pa
import pytest
import torch
import yaml
from safetensors.torch import save_file

from helpers.models import make_tiny_bert
from helpers.project import CONFIG, Project
from helpers.tables import DATASET, write_csv
from helpers.texts import make_rows
from pretrain_or_not.arms.lstm import LSTMClassifier
from pretrain_or_not.compute.embeddings import read_embeddings
from pretrain_or_not.compute.transformer import input_embeddings, load_for_classification
from pretrain_or_not.data.examples import read_cell, read_examples
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.subsets import write_subset
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predict import load_classifier
from pretrain_or_not.evaluation.select import select_run
from pretrain_or_not.files import parquet
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import open_parquet, read_metadata, table_writer, write_table
from pretrain_or_not.files.run_files import save_model


def flip(path, byte, bit=0):
    """Flip one bit of a file; `byte` may count from its end."""
    data = bytearray(path.read_bytes())
    data[byte] ^= 1 << bit
    path.write_bytes(data)


# Parquet


@pytest.fixture
def table():
    """Return a table with every type of column that the workflow writes."""
    return pa.table(
        {
            "id": pa.array(range(40), pa.int64()),
            "text": pa.array([f"text {i * i}" for i in range(40)], pa.large_string()),
            "split": ["train"] * 40,
            "label": pa.array([i % 3 for i in range(40)], pa.int32()),
            "input_ids": pa.array([[i] * (i % 4) for i in range(40)], pa.list_(pa.uint16())),
            "p": pa.array(np.linspace(0, 1, 40), pa.float32()),
        }
    )


def write_in_parts(path, table, **about):
    """Write a table like `write_table`, but add metadata after the rows."""
    later = {}
    with table_writer(path, table.schema, later) as writer:
        writer.write_table(table)
        later |= about


@pytest.mark.parametrize("write", [write_table, write_in_parts])
def test_no_flipped_bit_changes_what_is_read(tmp_path, table, write):
    """Flips each bit of the file, one after another: in pages, their headers, the footer and the metadata."""
    path, about = tmp_path / "a.parquet", {"label_names": ["a", "b", "c"], "n": 3}
    write(path, table, **about)
    whole, noticed = path.read_bytes(), 0
    for position in range(8 * len(whole)):
        data = bytearray(whole)
        data[position // 8] ^= 1 << position % 8
        try:
            with open_parquet(pa.BufferReader(bytes(data))) as file:
                found = file.read()
                assert found.equals(table), position
                assert json.loads(file.schema_arrow.metadata[b"pretrain_or_not"]) == about, position
                assert file.metadata.num_rows == len(table), position
        except BadInput:
            noticed += 1
    assert noticed > 0.6 * 8 * len(whole)  # the rest are statistics and spare bits


def test_a_truncated_file_is_not_read(tmp_path, table):
    path = tmp_path / "a.parquet"
    write_table(path, table)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"a\.parquet: not a complete Parquet file \(.*\); delete it and run again"):
            open_parquet(path)


def test_damage_in_a_later_page_is_found_on_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 100)
    path = tmp_path / "a.parquet"
    write_table(path, pa.table({"x": np.random.default_rng(0).random(1000)}))
    flip(path, 6000)
    file = open_parquet(path)
    with pytest.raises(BadInput, match="CRC checksum verification failed"):
        file.read()
    with pytest.raises(BadInput, match="CRC checksum verification failed"):
        list(file.iter_batches())
    assert file.read_row_groups([0]).num_rows == 100  # undamaged parts can be read


def test_a_missing_file_is_not_a_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_parquet(tmp_path / "none.parquet")


# JSON, models and embeddings


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe", b"\0\0\0\0"])
def test_broken_json_is_named(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"run\.json: not complete JSON \(.*\); delete it and run again"):
        read_json(tmp_path / "run.json")
    with pytest.raises(BadInput, match=r"run\.json: not complete JSON"):
        select_run([tmp_path / "run.json"], 1, {}, keep="selected")


@pytest.fixture
def model(tmp_path):
    """Return the folder of a saved LSTM."""
    config = {"vocabulary": 20, "padding_id": 0, "embedding_size": 4, "layers": 1, "hidden": 4, "dropout": 0.0}
    config["classes"] = 3
    save_model(LSTMClassifier(config), tmp_path / "model.safetensors", tmp_path / "config.json")
    assert load_classifier("lstm", tmp_path, "fp32")
    return tmp_path


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b" x"),
    "flipped at the end": lambda path: flip(path, -6),
    "flipped in the middle": lambda path: flip(path, path.stat().st_size // 2, 3),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_broken_model_is_named(model, name, damage):
    DAMAGES[damage](model / name)
    with pytest.raises(BadInput, match=r"not complete JSON|is not as it was written; delete both, in .*"):
        load_classifier("lstm", model, "fp32")


def test_a_broken_model_is_not_selected(model, tmp_path):
    write_json(model / "run.json", {"validation_score": 1.0, "setting": "lr1", "seconds": 1, "training_flops": 1})
    flip(model / "model.safetensors", -1)
    out = {key: tmp_path / "selected" / key for key in ("selected", "model", "config")}
    with pytest.raises(BadInput, match="is not as it was written"):
        select_run([model / "run.json"], 1, out, keep="selected")
    assert not (tmp_path / "selected").exists()


@pytest.mark.parametrize("damage", ["empty", "cut"])
def test_broken_embeddings_are_named(tmp_path, damage):
    path = tmp_path / "tiny.safetensors"
    save_file({"embeddings": torch.zeros(5, 3)}, path)
    assert read_embeddings(path).shape == (5, 3)
    DAMAGES[damage](path)
    with pytest.raises(BadInput, match=r"tiny\.safetensors: not a complete safetensors file \(.*\); delete it"):
        read_embeddings(path)


@pytest.mark.parametrize("damage", ["empty", "cut"])
def test_broken_pretrained_weights_are_named(tmp_path, damage):
    folder = make_tiny_bert(tmp_path / "bert")
    DAMAGES[damage](folder / "model.safetensors")
    for load in (lambda: load_for_classification(str(folder), ["a", "b"], 0.1), lambda: input_embeddings(str(folder))):
        with pytest.raises(BadInput, match=r"bert': its model\.safetensors is broken \(.*\); get it again"):
            load()


def test_a_broken_tokenizer_is_named(tmp_path, toy):
    folder = make_tiny_bert(tmp_path / "bert")
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(BadInput, match=r"bert': its tokenizer\.json is broken \(.*\); get it again"):
        tokenize(toy.examples, str(folder), "other", 16, {})


# Files of another data set, tokenizer or split


class Toy:
    """Examples, tokens and a subset of a small data set in a folder."""

    def __init__(self, folder, bert, name="toy", tokenizer="tiny", rows=300):
        folder.mkdir()
        files = write_csv(folder / "toy.csv", make_rows(rows))
        self.examples, self.facts = folder / "examples.parquet", folder / "dataset.json"
        ingest(DATASET | {"files": files}, name, [], 1, self.examples, self.facts)
        self.tokens = {split: folder / f"{split}.parquet" for split in ("train", "validation", "test")}
        tokenize(self.examples, str(bert), tokenizer, 16, self.tokens)
        self.subset = folder / "subset.parquet"
        write_subset(self.examples, self.facts, "40", 0, self.subset)


@pytest.fixture
def toy(tmp_path, tiny_bert):
    return Toy(tmp_path / "toy", tiny_bert)


TOY = {"dataset": "toy", "selection": "validation"}


def paths(toy):
    return {**toy.tokens, "subset": toy.subset}


def test_a_cell_reads_its_own_files(toy):
    train, validation = read_cell(paths(toy), TOY, "tiny", 10)
    assert len(train) == 40 and len(validation) == 10


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        ({"name": "other"}, {"dataset": "'other', not 'toy'"}),
        ({"tokenizer": "roberta"}, {"tokenizer": "'roberta', not 'tiny'"}),
    ],
)
@pytest.mark.parametrize("file", ["train", "validation"])
def test_tokens_of_another_data_set_or_tokenizer_are_refused(toy, tmp_path, tiny_bert, foreign, told, file):
    other = Toy(tmp_path / "other", tiny_bert, **foreign)
    ((key, difference),) = told.items()
    with pytest.raises(BadInput, match=rf"{file}\.parquet: its {key} is {difference}; delete it and run again"):
        read_cell(paths(toy) | {file: other.tokens[file]}, TOY, "tiny", 10)


def test_a_subset_of_another_data_set_is_refused(toy, tmp_path, tiny_bert):
    other = Toy(tmp_path / "other", tiny_bert, name="other")
    with pytest.raises(BadInput, match=r"subset\.parquet: its dataset is 'other', not 'toy'; delete it and run again"):
        read_cell(paths(toy) | {"subset": other.subset}, TOY, "tiny", 10)


def test_a_subset_of_an_earlier_version_of_the_data_is_refused(toy, tmp_path, tiny_bert):
    earlier = Toy(tmp_path / "earlier", tiny_bert, rows=280)
    with pytest.raises(BadInput, match=r"subset\.parquet: .*; delete the subset and run again"):
        read_cell(paths(toy) | {"subset": earlier.subset}, TOY, "tiny", 10)


def test_a_file_of_another_split_is_refused(toy):
    swapped = paths(toy) | {"validation": toy.tokens["test"]}
    with pytest.raises(BadInput, match=r"test\.parquet: its split is 'test', not 'validation'"):
        read_cell(swapped, TOY, "tiny", 10)
    with pytest.raises(BadInput, match=r"train\.parquet: its tokenizer is 'tiny', not 'x'"):
        read_examples(toy.tokens["train"], tokenizer="x")


# Through Snakemake


def test_broken_files_stop_the_workflow_with_a_one_line_error(tmp_path_factory, tiny_bert):
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["arms"]["tfidf"] |= {"C": [1], "tokenizer": "tiny"}
    results, target = project.folder / "results", "results/toy/predictions/tfidf/n40/seed0.parquet"
    cell = results / "toy/runs/tfidf/n40/seed0"
    assert project.snakemake(target, config=config).returncode == 0
    first = (project.folder / target).read_bytes()

    def broken(path, damage, rule, told):
        """Damage a file, check the error, follow its advice, and check that all files are as before."""
        DAMAGES[damage](path)
        done = project.snakemake(target, config=config)
        assert done.returncode != 0
        assert f"ERROR in {rule}: {path.relative_to(project.folder)}{told}" in done.stdout, done.stdout
        assert "Traceback" not in done.stdout
        log = done.stdout.partition("(log: ")[2].partition(")")[0]
        assert "Traceback" in (project.folder / log).read_text()
        path.unlink()
        done = project.snakemake(target, config=config)
        assert done.returncode == 0, done.stdout
        again = open_parquet(project.folder / target).read()
        assert again.equals(open_parquet(pa.BufferReader(first)).read())

    train = results / "toy/tokens/tiny/train.parquet"
    broken(train, "flipped in the middle", "train_tfidf", ": not a complete Parquet file")
    broken(
        cell / "selected/model.safetensors", "cut", "evaluate", ", or config.json next to it, is not as it was written"
    )
    assert read_metadata(train)["tokenizer"] == "tiny"

    # The selected model and that of its run are one file in two places.
    DAMAGES["cut"](cell / "selected" / "model.safetensors")
    done = project.snakemake(target, config=config)
    assert done.returncode != 0
    folders = [cell / "selected", cell / "C1.0"]
    selected, run = (folder.relative_to(project.folder) for folder in folders)
    told = f"ERROR in evaluate: {selected}/model.safetensors, or config.json next to it, is not as it was written; "
    assert f"{told}delete both, in {selected} and in {run}, and run again" in done.stdout, done.stdout
    for folder in folders:
        for name in ("model.safetensors", "config.json"):
            (folder / name).unlink()
    done = project.snakemake(target, config=config)
    assert done.returncode == 0, done.stdout
    assert open_parquet(project.folder / target).read().equals(open_parquet(pa.BufferReader(first)).read())
