"""How sizes are written."""

import pytest

from pretrain_or_not.config.sizes import check_distinct, count, size_name
from pretrain_or_not.config.wording import show
from pretrain_or_not.errors import BadInput


@pytest.mark.parametrize(
    "size, name",
    [
        (0, "0"),
        (1, "1"),
        (1000, "1000"),
        ("10%", "10pct"),
        ("10.0%", "10pct"),
        ("0.5%", "0.5pct"),
        ("0.50%", "0.5pct"),
        ("05%", "5pct"),
        ("100%", "100pct"),
        ("100.0%", "100pct"),
    ],
)
def test_size_names(size, name):
    assert size_name(size) == name


@pytest.mark.parametrize(
    "size", [-1, True, False, None, 1.0, 0.5, "", "%", "0%", "0.0%", "-5%", "101%", "100.001%", "10 %", "10%\n",
             "1e1%", ".5%", "٣%", "nan%", "ten", [], {}, 10**5000],
    ids=show,
)  # fmt: skip
def test_values_that_are_not_a_size(size):
    with pytest.raises(BadInput, match="is not a size") as caught:
        size_name(size)
    assert len(str(caught.value).splitlines()) == 1


def test_two_sizes_of_the_same_number():
    check_distinct({"100": 100, "10pct": 101})
    with pytest.raises(BadInput, match=r"100 and 2\.5% both stand for 100 training examples; leave one of them out"):
        check_distinct({"100": 100, "50": 50, "2.5pct": 100})


def test_no_labels_is_a_size_only_where_it_is_written_so():
    assert count(0, 50) == count("0", 50) == 0
    with pytest.raises(BadInput, match=r"1% stands for 0 training examples, and there are 50; choose from 1 to 50"):
        count("1%", 50)
