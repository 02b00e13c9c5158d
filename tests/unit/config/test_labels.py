"""Raw labels as text."""

from decimal import Decimal

import pytest

from pretrain_or_not.config.labels import as_label, class_of
from pretrain_or_not.errors import BadInput

AS_TEXT = [
    (4, "4"), (4.0, "4"), ("4.0", "4"), (" 4.00 ", "4"), ("-1.0", "-1"), (-0.0, "0"), (Decimal("2.00"), "2"),
    (4.1, "4.1"),
    ("04", "04"), ("04.0", "04"), ("v1.0", "v1.0"), ("v1.0.0", "v1.0.0"), ("1.0.0", "1.0.0"), ("GPL-2.0", "GPL-2.0"),
    ("1.0 star", "1.0 star"), (True, "True"), ("pos", "pos"), (b"pos", "pos"), (["pos"], "pos"), ((b"4.0",), "4"),
    ([[1.0]], "1"), ("  ", None), (None, None), (float("nan"), None), ([], None), ([None], None), ("é", "é"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "text"), AS_TEXT, ids=repr)
def test_a_label_is_read_as_text(raw, text):
    assert as_label(raw) == text


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (["a", "b"], r"a list of 2 values, \['a', 'b'\]: a text with several labels \(multi-label\) is not supported"),
        ({"pos": 1.0}, r"a structure, \{'pos': 1\.0\}, not a label"),
        ([{"choices": ["pos"]}], "a structure"),
        ([[0, 4, "PER"]], "a list of 3 values"),
        (b"\xff\xfe", "bytes that are not UTF-8"),
    ],
)
def test_what_is_no_single_label_is_refused(raw, message):
    with pytest.raises(BadInput, match=message):
        as_label(raw)


@pytest.mark.parametrize(
    ("raw", "name"),
    [(0, "neg"), (1.0, "pos"), ("1", "pos"), ("pos", "pos"), ([1], "pos"), (-1, None), (None, None), ("", None)],
)
def test_a_number_becomes_the_name_of_its_class(raw, name):
    assert class_of(raw, ["neg", "pos"]) == name


def test_a_number_is_a_place_even_where_names_are_numbers():
    assert [class_of(raw, ["1", "0"]) for raw in (0, 1, "0", "1")] == ["1", "0", "0", "1"]


@pytest.mark.parametrize("raw", [2, -2, "other", 0.5])
def test_a_number_without_a_name_is_refused(raw):
    with pytest.raises(BadInput, match=r"none of the classes that the data set names: \['neg', 'pos'\]"):
        class_of(raw, ["neg", "pos"])
