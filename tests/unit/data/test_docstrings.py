"""Docstrings of installed packages as a data set; the packages are made here."""

import json

import pandas as pd
import pytest

from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.sources.docstrings import NAMED, SHARED, find_versions, first_paragraphs, read_docstrings
from pretrain_or_not.errors import BadInput


def make_package(folder, name, source):
    (folder / name / "inner").mkdir(parents=True)
    (folder / name / "__init__.py").write_text('raise RuntimeError("must not be imported")')
    (folder / name / "inner" / "module.py").write_text(source)


def test_first_paragraphs_of_classes_and_functions(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        '"""Of the module: not taken."""\n'
        'class A:\n    """\n    First  line\n    goes on.\n\n    Second paragraph.\n    """\n'
        '    async def f(self):\n        "Short."\n'
        "def g():\n    '''" + "x" * 400 + "'''\n"
        "def h():\n    pass\n"
    )
    assert sorted(first_paragraphs(path, 300)) == sorted(["First line goes on.", "Short.", "x" * 300])


def test_source_files_that_cannot_be_parsed_are_skipped(tmp_path):
    (tmp_path / "a.py").write_text("def {{ template }}:")
    assert first_paragraphs(tmp_path / "a.py", 300) == []


def test_names_and_shared_texts_are_left_out(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    make_package(
        tmp_path,
        "alphapkg",
        'def a():\n    "Only here."\ndef b():\n    "Uses PyBetaPkg arrays."\ndef c():\n    "Both."',
    )
    make_package(
        tmp_path, "betapkg", 'def a():\n    "both."\ndef b():\n    "Hugs a face."\ndef c():\n    "Also only here."'
    )
    assert read_docstrings({"alpha": "alphapkg", "beta": "betapkg"}, ["hugs"], 300) == [
        ("Only here.", "alpha", None), ("Uses PyBetaPkg arrays.", "alpha", NAMED), ("Both.", "alpha", SHARED),
        ("both.", "beta", SHARED), ("Hugs a face.", "beta", NAMED), ("Also only here.", "beta", None),
    ]  # fmt: skip


def test_a_missing_package_is_named():
    with pytest.raises(BadInput, match="'no_such_package' is not an installed package"):
        read_docstrings({"a": "no_such_package", "b": "json"}, [], 300)


def test_the_corpus_is_ingested_like_any_other_data(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, word in (("gammapkg", "gamma"), ("deltapkg", "delta")):
        source = "".join(f'def f{i}():\n    "Text {word[::-1]} {i % 30}."\n' for i in range(40))
        source += 'def g():\n    "Not of gamma."\ndef h():\n    "The same in both."\n'
        make_package(tmp_path, name, source)
    packages = {"gamma": "gammapkg", "delta": "deltapkg"}
    dataset = {
        "source": "docstrings",
        "packages": packages,
        "mentions": [],
        "max_characters": 300,
        "splits": {"validation": 10, "test": 10},
        "seed": 0,
        "deduplicate": "all",
    }
    ingest(dataset, "toy", [[40]], 1, tmp_path / "out" / "examples.parquet", tmp_path / "out" / "dataset.json")
    examples = pd.read_parquet(tmp_path / "out" / "examples.parquet")
    assert examples.split.value_counts().to_dict() == {"train": 40, "validation": 10, "test": 10}
    facts = json.loads((tmp_path / "out" / "dataset.json").read_text())
    names = facts["label_names"]
    assert facts["read"] == 84 and facts["dropped"][NAMED] == facts["dropped"][SHARED] == 2
    assert names == ["delta", "gamma"] and facts["data_versions"] == find_versions(dataset)
    assert set(facts["data_versions"]) == set(dataset["packages"].values())
    assert all(names[label][::-1] in text for label, text in zip(examples.label, examples.text, strict=True))
