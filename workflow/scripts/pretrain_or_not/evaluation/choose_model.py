"""Choose the model that classifies new texts."""

from __future__ import annotations

from collections.abc import Callable

from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES
from pretrain_or_not.files.parquet import open_parquet, read_metadata
from pretrain_or_not.files.paths import PathLike


def choose_model(candidates: list[dict], sign: int, recommendation: PathLike | None) -> dict:
    """Return the model to use among those that the user allows, each the content of a classifier.json.

    Of the largest number of labels: the recommended arm, which is the cheapest of those that are close to the best
    where the most texts are classified at once, with as many of the labels as it uses; of its seeds, the one with the
    best validation score. sign: 1 if a higher score is better, −1 if a lower one is. recommendation: path of
    recommendation.parquet, None if all candidates are of one arm. Raises BadInput if no model has a finite score, or
    nothing is recommended.
    """
    usable = [about for about in candidates if about["score"] is not None and is_validated(about)]
    if not usable:
        raise BadInput("no trained model has finite scores; see the notes in answer.md, or name another arm or size")
    labels = labels_in(recommendation)
    largest = max(map(labels, usable))
    arm, used = None, largest
    if recommendation is not None:
        arm, used = recommended_arm(recommendation, usable[0]["dataset"], largest)
        if arm is None:
            raise BadInput(f"no arm is recommended with {largest:,} labels; name one with `arm`")
    usable = [about for about in usable if labels(about) == used and arm in (None, about["arm"])]
    if not usable:
        raise BadInput(
            f"with {largest:,} labels, {arm} is recommended, trained on {used:,} of them, and no such model may be "
            "used here; name another one with `arm`"
        )
    return max(usable, key=lambda about: sign * (about["validation_score"] or 0.0))


def is_validated(about: dict) -> bool:
    """Return whether a model has a finite validation score, or needs none, as it was made without labels."""
    return about["validation_score"] is not None or not about["validation_examples"]


def doubts(chosen: dict, recommendation: PathLike | None) -> list[str]:
    """Return sentences on what a model may be worth: that it guesses, or was recommended by too few test examples.

    chosen: content of its classifier.json, which knows its own test data. recommendation: as in `choose_model`; it
    knows all seeds of the arm, which are told of instead.
    """
    if recommendation is None:
        return guessing_words(f"the model of {chosen['arm']}", chosen)
    table = open_parquet(recommendation).read().to_pandas()
    n = labels_in(recommendation)(chosen)
    rows = table[(table["dataset"] == chosen["dataset"]) & (table["arm"] == chosen["arm"]) & (table["n"] == n)]
    said = []
    for row in rows.head(1).to_dict("records"):
        said += guessing_words(f"the recommended arm, {row['arm']},", row)
        if row["test_examples"] < FEWEST_TEST_EXAMPLES:
            few = f"{row['test_examples']:,} test examples"
            said.append(f"the recommended arm, {row['arm']}, is chosen by {few}, which are too few to rank the arms")
    return said


def guessing_words(who: str, found: dict) -> list[str]:
    """Return a sentence if a model is not clearly better than guessing. found: metric, score, guessing, guesses."""
    if not found.get("guesses"):  # a model of an earlier version does not say it
        return []
    score = f"{found['metric']} {found['score']:.3f}, and {found['guessing']:.3f} by guessing"
    return [f"{who} is not clearly better than guessing ({score})"]


def recommended_arm(recommendation: PathLike, dataset: str, n: int) -> tuple[str | None, int]:
    """Return the cheapest arm that is close to the best with `n` labels, and how many it uses; None for no arm."""
    table = open_parquet(recommendation).read().to_pandas()
    rows = table[(table["dataset"] == dataset) & (table["n"] == n)]
    rows = rows[(rows["batch"] == rows["batch"].max()) & rows["cheapest"]]
    return (rows["arm"].iloc[0], int(rows["used"].iloc[0])) if len(rows) else (None, n)


def labels_in(recommendation: PathLike | None) -> Callable[[dict], int]:
    """Return a function that gives the number of labels by which a recommendation counts a model.

    It may count the labels for validation, see `evaluation.budget`. The argument is the content of a classifier.json.
    """
    counted = {} if recommendation is None else read_metadata(recommendation).get("labels", {})
    return lambda about: counted.get(about["dataset"], {}).get(about["size"], about["n"])
