"""The cells of an experiment, and what is left out of them."""

import pytest

from pretrain_or_not.config.grid import grid

ARMS = {"a": {"family": "tfidf"}, "b": {"family": "lstm"}, "asked": {"family": "prompt"}, "shown": {"family": "prompt"}}
ARMS["shown"] |= {"shots": 2}
DATASETS = {"yelp": {}, "imdb": {"folds": 2}}
EXPERIMENT = {
    "datasets": ["yelp", "imdb"],
    "arms": ["a", "b"],
    "reference": "a",
    "sizes": [100, "50%"],
    "seeds": [0, 1],
}


def cells_of(**keys):
    return grid({"experiment": EXPERIMENT | keys, "arms": ARMS, "datasets": DATASETS})


def left_out(*entries):
    whole, left = cells_of(), cells_of(exclude=list(entries))
    assert [cell for cell in whole if cell in left] == left
    return [tuple(cell.values()) for cell in whole if cell not in left]


def test_the_grid_is_the_product_of_the_lists():
    cells = cells_of()
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


def test_an_arm_that_reads_no_labels_has_one_cell_per_data_set_and_other_arms_none_of_size_0():
    cells = cells_of(arms=["a", "asked", "shown"], sizes=[100, 0])
    found = {arm: [(c["dataset"], c["size"], c["seed"]) for c in cells if c["arm"] == arm] for arm in ARMS}
    # With folds, each seed tests other rows.
    assert found["asked"] == [("yelp", "0", 0), ("imdb", "0", 0), ("imdb", "0", 1)]
    assert found["a"] == found["shown"] == [(name, "100", seed) for name in ("yelp", "imdb") for seed in (0, 1)]
    assert cells_of(arms=["asked"], sizes=[0], seeds=[5, 3], datasets=["yelp"])[0]["seed"] == 5
