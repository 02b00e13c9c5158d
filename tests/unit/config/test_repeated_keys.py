"""A key that stands twice in a config file is refused, with its lines."""

import pytest

from helpers.paths import ROOT
from pretrain_or_not.config.repeated_keys import check_repeated_keys, repeated_keys
from pretrain_or_not.errors import BadInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: {c: 1}\n", []),
        ("experiment:\n  seeds: [0]\ndatasets: {}\nexperiment:\n  sizes: [9]\n", [("experiment", 1, 4)]),
        ("arms:\n  lstm: {C: 1}\n  lstm: {C: 2}\n", [("arms.lstm", 2, 3)]),
        ("arms:\n- x: 1\n  x: 2\n- x: 3\n", [("arms.x", 2, 3)]),
        ("a: {b: 1, b: 2, b: 3}", [("a.b", 1, 1), ("a.b", 1, 1)]),
        ('{"a": 1,\n "a": 2}', [("a", 1, 2)]),
        ("a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n  x: 3\n", []),
        ("a: &a {x: 1, x: 2}\nb: *a\n", [("a.x", 1, 1)]),
        ("", []),
        ('{\n\t"a": 1\n}', []),
    ],
)
def test_keys_that_stand_twice_are_found(text, expected):
    assert list(repeated_keys(text)) == expected


def test_the_message_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("experiment: {}\nexperiment: {}\n")
    with pytest.raises(BadInput) as error:
        check_repeated_keys([ROOT / "config.yaml", path])
    assert str(error.value) == (
        f"{path}: experiment stands twice, in lines 1 and 2, and only the last one would count; merge them"
    )


def test_no_config_of_the_project_has_a_key_twice():
    check_repeated_keys([ROOT / "config.yaml", *sorted((ROOT / "experiments").glob("*.yaml"))])
