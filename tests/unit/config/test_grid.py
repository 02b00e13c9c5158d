"""The cells of an experiment, and what is left out of them."""

import pytest

from pretrain_or_not.config.grid import grid

EXPERIMENT = {
    "datasets": ["yelp", "imdb"],
    "arms": ["a", "b"],
    "reference": "a",
    "sizes": [100, "50%"],
    "seeds": [0, 1],
}


def left_out(*entries):
    whole, left = grid(EXPERIMENT), grid(EXPERIMENT | {"exclude": list(entries)})
    assert [cell for cell in whole if cell in left] == left
    return [tuple(cell.values()) for cell in whole if cell not in left]


def test_the_grid_is_the_product_of_the_lists():
    cells = grid(EXPERIMENT)
    assert len(cells) == 16
    assert cells[0] == {"dataset": "yelp", "arm": "a", "size": "100", "seed": 0}
    assert {cell["size"] for cell in cells} == {"100", "50pct"}


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        ({"arms": ["b"]}, 8),
        ({"sizes": ["50%"], "seeds": [1]}, 4),
        ({"datasets": ["imdb"], "arms": ["a", "b"], "sizes": [100], "seeds": [0]}, 2),
    ],
)
def test_an_entry_excludes_the_cells_in_all_of_its_lists(entry, count):
    gone = left_out(entry)
    assert len(gone) == count
    for dataset, arm, size, seed in gone:
        assert dataset in entry.get("datasets", [dataset]) and arm in entry.get("arms", [arm])
        assert size.replace("pct", "%") in map(str, entry.get("sizes", [size.replace("pct", "%")]))
        assert seed in entry.get("seeds", [seed])


def test_several_entries_exclude_the_cells_of_each():
    assert len(left_out({"arms": ["b"]}, {"seeds": [1]})) == 12
