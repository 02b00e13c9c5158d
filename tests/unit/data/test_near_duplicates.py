"""Near-duplicates between splits are found by the words that they share, counted, and removed on demand."""

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.tables import DATASET, write_csv
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.near_duplicates import near_duplicates, shingles
from pretrain_or_not.files.json_files import read_json

WORDS = [f"w{i}" for i in range(2000)]


def jaccard(first, second):
    """The exact similarity of two texts."""
    a, b = set(shingles(first)), set(shingles(second))
    return len(a & b) / len(a | b)


def changed(rng, text, n):
    """A text with `n` of its words replaced."""
    words = text.split()
    for i in rng.sample(range(len(words)), n):
        words[i] = "new" + words[i]
    return " ".join(words)


def test_shingles_are_words_and_pairs_of_words():
    assert shingles("The cat, THE dog!") == ["the", "cat", "the", "dog", "the cat", "cat the", "the dog"]
    assert shingles("好吃 ok") == ["好", "吃", "ok", "好 吃", "吃 ok"]
    assert shingles("!?", "a") == ["!", "?", "! ?", "a"]


def test_texts_above_the_similarity_are_found_and_those_far_below_are_not(tmp_path):
    rng = random.Random(0)
    held_out = [" ".join(rng.choices(WORDS, k=rng.randint(20, 60))) for _ in range(300)]
    train = [changed(rng, text, rng.choice([0, 1, 2, 4, 8])) for text in held_out]
    train += [" ".join(rng.choices(WORDS, k=30)) for _ in range(300)]
    texts, splits = train + held_out, ["train"] * 600 + ["test"] * 150 + ["validation"] * 150
    rows, order = tmp_path / "rows.parquet", tmp_path / "order.parquet"
    pq.write_table(pa.table({"id": np.arange(900), "text": pa.array(texts, pa.large_string())}), rows)
    pq.write_table(pa.table({"id": np.arange(900), "split": splits}), order)
    found = near_duplicates(rows, order, 900, ["text"])
    similarity = [jaccard(*pair) for pair in zip(train, held_out, strict=False)] + [0] * 300
    ids = set(found.ids.tolist())
    assert all(i in ids for i, value in enumerate(similarity) if value > 0.92)
    assert not any(i in ids for i, value in enumerate(similarity) if value < 0.68)
    assert sum(value > 0.92 for value in similarity) > 60 and sum(0 < value < 0.68 for value in similarity) > 60
    assert found.rows == {"train": len(ids), "validation": 0}
    assert sum(found.repeated.values()) == len(ids)


def run(tmp_path, files, **changes):
    paths = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(DATASET | {"files": files} | changes, "toy", (), 1, *paths)
    return pd.read_parquet(paths[0]), read_json(paths[1])


@pytest.mark.parametrize("treatment", [None, "count", "remove", "ignore"])
@pytest.mark.parametrize("pair", [False, True])
def test_near_duplicates_are_counted_said_or_removed(tmp_path, treatment, pair):
    rng = random.Random(1)
    texts = [" ".join(rng.choices(WORDS, k=30)) for _ in range(100)]
    train = [(text, "p", "ab"[i % 2]) for i, text in enumerate(texts[:60])]
    test = [(text, "p", "ab"[i % 2]) for i, text in enumerate(texts[60:])]
    train += [(f"{text}!! ", "p", label) for text, _, label in test[:7]]
    files = {
        name: write_csv(tmp_path / f"{name}.csv", rows, ("text", "second", "label"))
        for name, rows in {"train": train, "validation": test[30:], "test": test[:30]}.items()
    }
    changes = {"pair": ["text", "second"]} if pair else {}
    examples, facts = run(tmp_path, files, near_duplicates=treatment, **changes)
    said = [warning for warning in facts["warnings"] if "nearly repeat" in warning]
    removed = facts["dropped"].get("train, near-duplicate in another split", 0)
    if treatment == "ignore":
        assert not said and not removed and "near_duplicates" not in facts
        return
    assert facts["near_duplicates"] == {
        "looked_for": True,
        "removed": treatment == "remove",
        "rows": {"train": 7, "validation": 0},
        "repeated": {"test": 7, "validation": 0},
    }
    if treatment == "remove":
        assert not said and removed == 7 and facts["rows"]["train"] == 60 == (examples.split == "train").sum()
        assert not any("left out" in warning for warning in facts["warnings"])
    else:
        assert said == [
            "7 training rows nearly repeat a text of a later split (7 of 30 test rows have such a copy), so that "
            "accuracy may be too high; remove them by `near_duplicates: remove`."
        ]
        assert facts["rows"]["train"] == 67


def test_with_folds_each_row_is_compared_with_all_others(tmp_path):
    rng = random.Random(2)
    rows = [(" ".join(rng.choices(WORDS, k=30)), "ab"[i % 2]) for i in range(100)]
    copies = [(changed(rng, text, 1), label) for text, label in rows[:8]] + [(rows[20][0].upper() + " !", rows[20][1])]
    copies += [(rows[30][0].upper(), rows[30][1])]  # the same text, so it is in the same fold
    path = write_csv(tmp_path / "all.csv", rows + copies)
    _, facts = run(tmp_path, path, folds=5)
    assert facts["near_duplicates"] == {"looked_for": True, "removed": False, "within": 18}
    assert any(warning.startswith("18 of 110 rows nearly repeat another row") for warning in facts["warnings"])
    _, facts = run(tmp_path, path, folds=5, near_duplicates="ignore")
    assert "near_duplicates" not in facts and not any("repeat" in warning for warning in facts["warnings"])


def test_with_folds_near_copies_of_one_group_are_no_risk(tmp_path):
    rng = random.Random(3)
    texts = [" ".join(rng.choices(WORDS, k=30)) for _ in range(60)]
    rows = [(text, "ab"[i % 2], f"g{i}") for i, text in enumerate(texts)]
    near = [(changed(rng, texts[i], 1), "ab"[i % 2], f"g{i}") for i in range(6)]  # of the same group
    apart = [(changed(rng, texts[10], 1), "a", "another")]
    path = write_csv(tmp_path / "all.csv", rows + near + apart, header=("text", "label", "author"))
    _, facts = run(tmp_path, path, folds=5, group="author")
    assert facts["near_duplicates"]["within"] == 2


def test_it_is_said_if_nothing_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("pretrain_or_not.data.ingest.MOST_BY_DEFAULT", 50)
    path = write_csv(tmp_path / "all.csv", [(f"text {i}", "ab"[i % 2]) for i in range(60)])
    _, facts = run(tmp_path, path)
    assert facts["near_duplicates"] == {"looked_for": False}
    assert any("were not looked for" in warning for warning in facts["warnings"])
    _, facts = run(tmp_path, path, near_duplicates="ignore")
    assert not any("looked for" in warning for warning in facts["warnings"])
