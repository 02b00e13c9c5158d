"""The answer in words says what the numbers say, and no more."""

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers.gaps import planted
from pretrain_or_not.data.subsets import window
from pretrain_or_not.evaluation.crossing import COLUMNS, answer_row
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.answer import as_markdown, method, scale_words
from pretrain_or_not.report.closing import closing_words, failure_words
from pretrain_or_not.report.gap_words import sentence
from pretrain_or_not.report.notes import shared_labels
from pretrain_or_not.report.wording import counted_all


def words(**row):
    """Return a row of answer.parquet; its sizes are all that the dataset has, unless `row` says otherwise."""
    facts = {"dataset": "d", "dataset_title": "Reviews", "arm": "lstm", "arm_title": "LSTM", "reference_title": "BERT",
             "selection": "validation", "metric": "accuracy", "guessed_sizes": [],
             "arm_sizes": 1, "arm_largest": row["largest"], "folds": 0,
             "dataset_largest": row["largest"]}  # fmt: skip
    return facts | row


def page(rows, **changes):
    """Return the answer of an experiment with two cells, whose rows of answer.parquet are `rows`."""
    cell = {"dataset": "d", "dataset_title": "Reviews", "family": "lstm", "n": 100, "seed": 0,
            "setting": "lr0.1", "status": "ok",
            "accuracy": 0.85, "accuracy_low": 0.8, "accuracy_high": 0.9, "accuracy_guessing": 0.5, "metric": "accuracy",
            "macro_f1": 0.8,
            "accuracy_ceiling": 1.0,
            "predicted_classes": 2.0, "never_predicted": 0, "best_step": 50.0, "steps": 100,
            "validations": 4, "tries": 1, "schedule": "constant", "lowest_loss": 0.1,
            "guessing_loss": 0.7, "sweep_edge": None, "device": "cpu", "seconds": 2.0, "cpu_seconds": 2.0,
            "sweep_seconds": 2.0, "sweep_cpu_seconds": 2.0, "never_predicted_names": None,
            "pretraining_learnt": None, "pretraining_tokens": np.nan, "pretraining_models": None, "other_keys": None,
            "unknown_tokens": 0.0, "truncated": 0.0, "classes": 2, "subset_classes": 2, "converged": None,
            "folds": 0, "share": 0.1, "selection": "validation", "validation_examples": 100}  # fmt: skip
    scores = pd.DataFrame([cell | {"arm": "bert", "arm_title": "BERT"}, cell | {"arm": "lstm", "arm_title": "LSTM"}])
    about = {"reference": "bert", "warnings": {}, "missing": []} | changes
    scores = scores.assign(**about.pop("scores", {}))
    return as_markdown(pd.DataFrame(rows, columns=COLUMNS), scores, **about)


def test_words_for_a_gap_that_closes():
    row = words(**answer_row(planted([9, 5, 3, -2], 20_000), 1.0))
    text = sentence(row)
    assert text.startswith("From about ")
    assert "labels on, **LSTM** is less than 1 point behind, or ahead (95 % interval: " in text
    assert re.search(r"At 100,000 labels it is \d\.\d points ahead \(", text)


def literal(**changes):
    return words(verdict="from", labels=5200.0, labels_low=2800.0, labels_high=8700.0, threshold=1.0, smallest=100,
                 largest=10_000, gap_largest=0.46, gap_largest_low=0.19, gap_largest_high=0.74, gap_lowest=0.4,
                 gap_highest=0.9, gap_highest_high=1.9, arm_sizes=3, chance=0.999,
                 next_size=np.nan) | changes  # fmt: skip


def test_the_words_agree_with_the_numbers():
    assert sentence(literal()) == (
        "From about 5,200 labels on, **LSTM** is less than 1 point behind (95 % interval: 2,800 to 8,700). "
        "At 10,000 labels it is 0.5 points behind (0.2 to 0.7)."
    )
    ahead = literal(
        labels_low=80.0, labels_high=np.inf, chance=0.93, next_size=5477.2, gap_largest=-0.46, gap_largest_low=-0.74,
        gap_largest_high=0.19,
        gap_lowest=-0.46,
    )  # fmt: skip
    assert sentence(ahead) == (
        "From about 5,200 labels on, **LSTM** is less than 1 point behind, or ahead (95 % interval: 100 or fewer to "
        "more than 10,000; at 10,000 the chance is 93 %). At 10,000 labels it is 0.5 points ahead (−0.2 to 0.7). Run "
        "5,500 labels next to know it better."
    )


def test_words_for_a_gap_that_stays():
    text = sentence(words(**answer_row(planted([9, 6, 5, 4], 5000), 1.0)))
    assert text.startswith("**LSTM** is still ") and text.endswith("at the largest size, 100,000 labels.")


def test_words_for_a_gap_that_is_small_at_every_size():
    text = sentence(words(**answer_row(planted([0.4, 0.3, 0.2, 0.2], 100_000), 1.0)))
    assert text.startswith("**LSTM** is less than 1 point behind at the smallest size already, 100 labels")
    text = sentence(words(**answer_row(planted([-9, -6, -5, -4], 5000), 1.0)))
    assert text.startswith("**LSTM** is ahead at every size, from 100 labels on. At 100,000 labels it is ")
    text = sentence(words(**answer_row(planted([-0.2, -0.1, -0.1, -0.1], 100_000), 1.0)))  # ahead by chance, perhaps
    assert text.startswith("**LSTM** is less than 1 point behind, or ahead, at the smallest size already, 100 labels")
    text = sentence(words(**answer_row(planted([0.4, -6, -5, -4], 5000), 1.0)))
    assert text.startswith("**LSTM** is less than 1 point behind, or ahead, at the smallest size already, 100 labels")


ONE = {"smallest": 1, "largest": 1, "arm_largest": 1, "dataset_largest": 1, "arm_sizes": 1, "labels": 1.0,
       "verdict": "from the smallest", "labels_low": 1.0, "labels_high": 1.0}  # fmt: skip
NOT_YET = {"verdict": "not yet", "labels": np.inf, "labels_low": np.inf, "labels_high": np.inf, "gap_lowest": 3.0,
           "gap_largest": 3.0, "gap_largest_low": 2.0, "gap_largest_high": 4.0}  # fmt: skip
AHEAD = {"gap_largest": -16.0, "gap_largest_low": -17.0, "gap_largest_high": -15.0, "gap_lowest": -16.0}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (ONE, "At 1 label, its only size, **LSTM** is 0.5 points behind (0.2 to 0.7): less than 1 point."),
        (
            {"threshold": -1.0, "gap_lowest": -9.0},
            "From about 5,200 labels on, **LSTM** is more than 1 point ahead (95 % interval: 2,800 to 8,700). At "
            "10,000 labels it is 0.5 points behind (0.2 to 0.7).",
        ),
        (
            ONE | NOT_YET | {"threshold": 0.0, "labels_low": 1.0, "chance": 0.031},
            "At 1 label, its only size, **LSTM** is 3.0 points behind (2.0 to 4.0). The chance that it is ahead "
            "there is 3 %.",
        ),
        (ONE | AHEAD, "At 1 label, its only size, **LSTM** is 16.0 points ahead (15.0 to 17.0)."),
        (
            ONE | {"labels_high": np.inf, "chance": 0.63},
            "At 1 label, its only size, **LSTM** is 0.5 points behind (0.2 to 0.7): less than 1 point. The chance that "
            "it is less than 1 point behind there is 63 %.",
        ),
        (
            NOT_YET | {"gap_lowest": 0.4, "gap_lowest_low": -0.2, "gap_lowest_high": 1.0},
            "**LSTM** is 3.0 points behind (2.0 to 4.0) at the largest size, 10,000 labels, but with fewer labels only "
            "0.4 points behind (−0.2 to 1.0).",
        ),
        (ONE | NOT_YET, "At 1 label, its only size, **LSTM** is 3.0 points behind (2.0 to 4.0)."),
        (
            NOT_YET | {"gap_lowest": 0.98, "gap_largest": 1.02},  # both are shown as 1.0
            "**LSTM** is still 1.0 points behind (2.0 to 4.0) at the largest size, 10,000 labels.",
        ),
        (
            NOT_YET | {"threshold": 0.0, "gap_lowest": -0.02, "gap_largest": 0.2},
            "**LSTM** is still 0.2 points behind (2.0 to 4.0) at the largest size, 10,000 labels.",
        ),
        (
            ONE | NOT_YET | {"labels_low": 1.0, "chance": 0.031},
            "At 1 label, its only size, **LSTM** is 3.0 points behind (2.0 to 4.0). The chance that it is less "
            "than 1 point behind there is 3 %.",
        ),
        (
            ONE | AHEAD | {"arm_sizes": 2, "dataset_largest": 5},
            "At 1 label, the only size that can be compared, **LSTM** is 16.0 points ahead (15.0 to 17.0).",
        ),
        (NOT_YET, "**LSTM** is still 3.0 points behind (2.0 to 4.0) at the largest size, 10,000 labels."),
        (
            NOT_YET | {"dataset_largest": 20_000},
            "**LSTM** is still 3.0 points behind (2.0 to 4.0) at its largest size, 10,000 labels.",
        ),
        (
            NOT_YET | {"dataset_largest": 20_000, "arm_largest": 20_000},
            "**LSTM** is still 3.0 points behind (2.0 to 4.0) at the largest size that can be compared, 10,000 labels.",
        ),
        (
            NOT_YET | {"guessed_sizes": [10, 1000]},
            "**LSTM** is still 3.0 points behind (2.0 to 4.0) at the largest size, 10,000 labels. Not counted, because "
            "there both arms are no better than guessing: 10, 1,000 labels.",
        ),
        (
            AHEAD | {"dataset_largest": 20_000},
            "From about 5,200 labels on, **LSTM** is less than 1 point behind, or ahead (95 % interval: 2,800 to "
            "8,700). At 10,000 labels, its largest size, it is 16.0 points ahead (15.0 to 17.0).",
        ),
        (
            {"verdict": "guessing", "labels": np.nan, "score": 0.005, "reference_score": 0.0, "guessing_score": 0.5},
            "**LSTM** cannot be compared: at every size, neither it nor **BERT** is clearly better than always "
            "answering the most frequent class (at 10,000 labels: accuracy 0.5 % and 0.0 %, and 50.0 % by that).",
        ),
        (
            {"metric": "log_loss", "threshold": 0.02, "gap_largest": 0.0463},
            "From about 5,200 labels on, **LSTM** is less than 0.02 nats behind (95 % interval: 2,800 to 8,700). "
            "At 10,000 labels it is 0.046 nats behind (0.190 to 0.740).",
        ),
    ],
)  # fmt: skip
def test_words_for_sizes_and_sides(changes, text):
    assert sentence(literal(**changes)) == text


def test_words_for_an_uncertain_crossing():
    row = words(**answer_row(planted([9, 6, 5, 1.3], 400), 1.0))
    assert np.isinf(row["labels_high"]) and np.isfinite(row["labels_low"])
    still = literal(verdict="not yet", labels=np.inf, labels_high=np.inf, gap_lowest=1.3, gap_largest=1.3,
                    gap_largest_low=0.2, gap_largest_high=2.4, chance=0.31)  # fmt: skip
    assert sentence(still) == (
        "**LSTM** is still 1.3 points behind (0.2 to 2.4) at the largest size, 10,000 labels. The chance that "
        "it is less than 1 point behind there is 31 %."
    )


def test_the_page_escapes_titles_and_tells_what_was_selected_on_test():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    text = page([row | {"arm_title": "<script>|*x*", "selection": "test"}])
    assert "selected on test" in text and "<script>" not in text and r"\<script\>\|\*x\*" in text
    assert "selected on test" not in page([row])
    assert "one seed" not in text and "Note:" not in text


def test_the_method_says_what_the_intervals_hold():
    def method(**changes):
        seeds = changes.pop("seeds", 2)
        row = words(**answer_row(planted([9, 6, 5, 4], 500, seeds), 1.0))
        return " ".join(page([row | changes]).partition("How these")[2].split())

    assert "is that over all sizes of an arm" in method() and "all arms" not in method()
    assert "cannot be measured with one seed" in method(seeds=1)
    assert "hold for all arms of a data set together" in method(arms=2)


@pytest.mark.parametrize(
    ("fewest", "most", "folds", "words"),
    [
        (1, 1, 0, "with 1 seed"),
        (1, 3, 0, "with 1 to 3 seeds"),
        (1, 1, 5, "in 1 round of 5 folds"),
        (2, 2, 5, "in 2 rounds of 5 folds"),
    ],
)
def test_texts_and_seeds_that_an_answer_rests_on_are_told(fewest, most, folds, words):
    rows = pd.DataFrame({"test_examples": [2000], "fewest_seeds": fewest, "seeds": most, "folds": folds})
    assert scale_words(rows) == f". Tested on 2,000 texts, {words}"


def test_labels_for_validation_come_on_top():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    assert (
        "in points of accuracy. Tested on 500 texts, with 2 seeds. Numbers of labels are training labels; 100 labels "
        "for validation" in page([row])
    )
    assert "; 10 to 2,000 labels for validation come on top:" in page([row], scores={"validation_examples": [10, 2000]})
    assert "come on top" not in page([row], scores={"selection": "test"})


def test_labels_for_validation_that_are_counted_are_said_to_be():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    text = page([row], scores={"budget": "total"})
    assert (
        "in points of accuracy. Tested on 500 texts, with 2 seeds. Numbers of labels include those for validation, "
        "100 labels:" in text
    )
    assert "come on top" not in text


def test_the_next_size_is_in_training_labels():
    """The sizes count 1,000 validation examples from 1,000 training labels on: 500 + 500, 2,000 + 1,000, …"""
    gaps = planted([9, 5, 0.2], 20_000, sizes=[1000, 3000, 9000])
    row = answer_row(gaps, 1.0, training=np.array([500, 2000, 8000]))
    assert row["next_size"] == pytest.approx(4000) and 3000 < row["labels"] < 9000
    assert sentence(words(**row, budget="total")).endswith("Run 4,000 training labels next to know it better.")
    assert answer_row(gaps, 1.0)["next_size"] == pytest.approx(5196.15, abs=0.01)


def test_a_spread_of_seeds_that_share_labels_is_told():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    assert "share labels" not in page([row], scores={"seed": [0, 1], "share": 0.3})
    shared = page([row], scores={"seed": [0, 1], "n": 700, "share": 0.7})
    assert "- Seeds share labels: on average 57 % at 700 labels. There, seeds differ too little" in shared
    assert "so the intervals leave out a part" in shared
    assert "share labels" not in page([row], scores={"seed": [0, 1], "share": 1.0, "folds": 5})


@pytest.mark.parametrize(("seeds", "share", "common"), [([0, 1], 0.5, 0.24), ([0, 1, 2], 1.0, 1), ([3], 1.0, 0)])
def test_seeds_share_what_their_windows_share(seeds, share, common):
    assert shared_labels(seeds, share) == pytest.approx(common, abs=0.005)
    sets = [set(window(int(1000 * share), seed, 1000).tolist()) for seed in seeds]
    pairs = [len(a & b) / len(a) for a, b in combinations(sets, 2)]
    assert shared_labels(seeds, share) == pytest.approx(np.mean(pairs) if pairs else 0, abs=0.005)


def test_an_experiment_without_a_gap_says_so():
    text = page([])
    assert "no cell of another arm has a counterpart of the reference arm" in text
    assert "**LSTM** has no gap: at no size and seed" in text and "How these" not in text
    assert "**LSTM** has no gap: in no complete round of folds" in page([], scores={"folds": 5})
    assert page([], advised={"d": ["What to use: LSTM.", ""]}).splitlines()[2] == "What to use: LSTM."


def test_what_went_wrong_and_what_the_data_have_is_below_the_answer(tmp_path):
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    missing = [{"dataset": "d", "arm": "lstm", "size": size, "seed": 1} for size in ("1", "50pct")]
    text = page([row], warnings={"d": ["Classes `a_b` and `A_b` look the same"]}, missing=missing,
                scores={"best_step": [100.0, 50.0], "accuracy_low": [0.8, 0.4],
                        "sweep_edge": ["highest", None]})  # fmt: skip
    (tmp_path / "answer.md").write_text(text, encoding="utf-8")
    (tmp_path / "figures").mkdir()
    told = closing_words(tmp_path, {tmp_path / "answer.md", tmp_path / "figures" / "gap.png"})
    assert "\n- The data: Classes `a_b` and `A_b` look the same.\n" in text
    for line in (
        "Not complete: 2 cells of the experiment are missing (lstm on d, 1 label, seed 1; lstm on d, 50 % "
        "labels, seed 1).",
        "- The last step was the best one: BERT (1 of 1 cell). Train longer, by `epochs` or `min_steps`.",
        "- The highest value of the sweep was selected: BERT (1 of 1 cell, with 100 labels: lr0.1). Add higher ones "
        "to `learning_rates`.",
        "- No better by accuracy than always answering the most frequent class: LSTM (1 of 1 cell).",
        "- The data: Classes `a_b` and `A_b` look the same.",
    ):
        assert line in told.splitlines()
    assert told.index("still") < told.index("Note:") < told.index("Figures:") and "bootstrap" not in told


def test_what_a_negative_gap_means_is_said_in_the_step_of_the_metric():
    row = answer_row(planted([9, 5, 3, -2], 20_000), 1.0)
    for metric, step in (("accuracy", "points"), ("log_loss", "nats")):
        facts = {"metric": metric, "folds": 0, "independent_seeds": 3, "seeds": 3, "arms": 1, "threshold": 1.0}
        assert f"less than 0 {step} behind means ahead" in method(pd.DataFrame([row | facts]))


def test_classes_that_are_never_predicted_are_named():
    names = pd.Series(["rare; so*rare", "rare"], dtype="str")
    told = page([], scores={"never_predicted": [2, 1], "never_predicted_names": names})
    assert (
        "A class of the test examples is never predicted: **BERT** (1 of 1 cell, with 100 labels: 'rare'; "
        "'so\\*rare'); **LSTM** (1 of 1 cell, with 100 labels: 'rare'). The recalls are in scores_by_class.parquet."
    ) in told


def test_how_many_test_texts_are_cut_is_told():
    told = page([], scores={"truncated": [0.147, 0.01]})
    assert "are cut at `max_length`: **BERT** (1 of 1 cell, up to 14.7 % of the texts). Raise it, of the data" in told


def test_the_places_of_new_texts_are_told(tmp_path):
    new, other, answer = (tmp_path / name for name in ("predict/new.csv", "predict/other.csv", "answer.md"))
    assert closing_words(tmp_path, {new}, ["new"]) == ""
    (tmp_path / "predict").mkdir()
    new.touch()
    model = {"dataset": "reviews", "arm": "tfidf", "size": "50pct", "n": 1500, "seed": 2}
    write_table(tmp_path / "predict" / "new.parquet", pa.table({"row": [0]}), model=model)
    by = "arm tfidf with 1,500 labels, seed 2, of dataset reviews"
    told = f"New texts: {new}, classified by {by}\n"
    assert closing_words(tmp_path, {new, other}, ["new", "other"]) == told
    assert closing_words(tmp_path, {other}, ["new", "other"]) == ""
    other.touch()  # whose Parquet file somebody has deleted
    assert closing_words(tmp_path, {other}, ["other"]) == f"New texts: {other}\n"
    answer.write_text("# Answer\n\nText.\n")
    assert closing_words(tmp_path, {new, answer}, ["new"]) == f"\nText.\n\n{told}"


def test_only_places_that_exist_are_told(tmp_path):
    (tmp_path / "answer.md").write_text("# Answer\n\nText.\n")
    for name in ("scores.parquet", "answer.parquet", "answer.html"):
        (tmp_path / name).touch()
    names = ("answer.md", "scores.parquet", "gaps.parquet", "answer.parquet", "answer.html", "tables/scores.md")
    asked = {tmp_path / name for name in names}
    assert closing_words(tmp_path, asked).splitlines()[-2:] == [
        f"Page: {tmp_path}/answer.html (open it in a browser)", f"Tables: {tmp_path}/scores.parquet, answer.parquet",
    ]  # fmt: skip
    (tmp_path / "tables").mkdir()
    assert f"Tables: {tmp_path}/tables/, scores.parquet, answer.parquet" in closing_words(tmp_path, asked)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            ["answer.md", "scores.parquet", "figures/gap.png", "tables/scores.md", "answer.html"],
            ["Text.", "Page: ~/answer.html (open it in a browser)", "Figures: ~/figures/",
             "Tables: ~/tables/, scores.parquet"],
        ),
        (
            ["answer.md", "scores.parquet"],
            ["Text.", "Tables: ~/scores.parquet",
             "Not asked for, so perhaps of an earlier run: ~/answer.html, figures/, tables/"],
        ),
        (
            ["scores.parquet"],
            ["Tables: ~/scores.parquet",
             "Not asked for, so perhaps of an earlier run: ~/answer.md, answer.html, figures/, tables/"],
        ),
        (["d/dataset.json"], []),
    ],
)  # fmt: skip
def test_places_that_a_run_was_not_asked_for_may_be_of_an_earlier_one(tmp_path, asked, expected):
    for folder in ("figures", "tables"):
        (tmp_path / folder).mkdir()
    (tmp_path / "answer.md").write_text("# Answer\n\nText.\n")
    for name in ("scores.parquet", "answer.html", "figures/gap.png", "tables/scores.md"):
        (tmp_path / name).touch()
    told = closing_words(tmp_path, {tmp_path / name for name in asked})
    assert [line for line in told.splitlines() if line] == [line.replace("~", str(tmp_path)) for line in expected]


def test_a_failed_run_tells_what_is_missing_if_anything_is_there():
    cells = [{"dataset": "d", "arm": "a", "size": str(n), "seed": 0} for n in range(1, 11)]
    assert failure_words("", 0, cells, False) == ""
    assert failure_words("ERROR in x: y", 0, cells, False) == "ERROR in x: y\n"
    text = failure_words("", 3, cells, False)
    assert text.startswith("10 cells of the experiment are missing (a on d, 1 label, seed 0; a on d, 2 labels, seed 0;")
    assert "; 2 more)" in text and "--config 'experiment={partial: true}'" in text
    assert failure_words("", 3, cells[:1], True).splitlines()[1] == (
        "With `partial: true`, the same command leaves it out; without `partial`, it makes it"
    )


def test_accuracy_that_hides_rare_classes_is_not_left_without_a_word():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    rare = {"accuracy_guessing": 0.904, "macro_f1": [0.237, 0.51]}
    text = page([row], scores=rare)
    assert "most frequent class is right in 90.4 % of the test examples" in text
    assert "`experiment: {metric: macro_f1}`" in text and "**BERT** 23.7 %; **LSTM** 51.0 %" in text
    assert "rare classes" not in page([row])
    by_f1 = page([row | {"metric": "macro_f1"}], scores=rare | {"metric": "macro_f1", "macro_f1_low": 0.2,
                 "macro_f1_guessing": 0.1})  # fmt: skip
    assert "rare classes" not in by_f1 and "in points of macro-F1. Tested" in by_f1
    assert "linear approximation of macro-F1" in " ".join(by_f1.split())


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("auc", "giving every text the shares of the classes as probabilities"),
        ("macro_f1", "always answering the most frequent class"),
    ],
)
def test_guessing_is_told_by_the_metric_of_the_experiment(metric, words):
    scores = {"metric": metric, metric: 0.5, f"{metric}_low": 0.4, f"{metric}_high": 0.6, f"{metric}_guessing": 0.5}
    title = {"auc": "AUC", "macro_f1": "macro-F1"}[metric]
    assert f"No better by {title} than {words}: **BERT** (1 of 1 cell); **LSTM** (1 of 1 cell)." in " ".join(
        page([], scores=scores).split()
    )


def test_different_numbers_of_tries_are_told():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    text = " ".join(page([row], scores={"tries": [1, 3]}).split())
    assert "different numbers of tries (values of the sweep): **BERT** 1; **LSTM** 3." in text
    assert "numbers of tries" not in page([row], scores={"tries": 3})
    assert "numbers of tries" not in page([row], scores={"tries": [1, 3], "family": ["majority", "lstm"]})


def test_noisy_labels_and_the_worst_group_are_told():
    row = words(**answer_row(planted([9, 6, 5, 4], 500), 1.0))
    noisy = page([row], scores={"accuracy_ceiling": 0.97})
    assert "about 3.0 % of the test labels may be wrong or ambiguous" in noisy and "above 97.0 %" in noisy
    cell = {
        "dataset": "d",
        "group": "city",
        "metric": "macro_f1",
        "seed": 0,
        "score_mean_low": 0.7,
        "score_mean_high": 0.9,
        "spread_mean": 10.0,
        "spread_mean_low": 1.2,
        "spread_mean_high": 18.8,
    }
    groups = pd.DataFrame([
        cell | {"arm": "bert", "arm_title": "BERT", "n": n, "value": value, "test_examples": examples, "score": score}
        for n, value, examples, score in [(100, "A", 50, 0.2), (200, "A", 50, 0.9), (200, "B", 50, 0.8),
                                          (200, "C", 5, 0.0), (200, "D", 50, float("nan"))]
    ])  # fmt: skip
    assert (
        "- Groups by city, **BERT**: macro-F1 is worst on B, 80.0 % (95 % interval: 70.0 % to 90.0 %), 10.0 points "
        "behind A, the best one (1.2 to 18.8)." in page([row], by_group=groups).splitlines()
    )
    left = "- Groups by city: 1 of 3 groups of at least 20 texts cannot be compared by macro-F1, as they lack classes."
    both = pd.concat([groups, groups.assign(arm="lstm", arm_title="LSTM")])
    assert page([row], by_group=both).splitlines().count(left) == 1


def test_a_lead_that_rounds_to_nothing_is_not_told():
    row = answer_row(planted([-9, -4, 3, 6], 5000), 1.0)
    assert "ahead" not in sentence(words(**row | {"gap_lowest": -0.02}))


def test_an_arm_that_is_ahead_at_smaller_sizes_is_not_still_behind():
    text = sentence(words(**answer_row(planted([-9, -4, 3, 6], 5000), 1.0)))
    assert "still" not in text and "labels, but with fewer labels up to " in text
    assert re.search(r"up to \d\.\d points ahead \(\d\.\d to \d+\.\d\)", text)


def test_the_sizes_of_a_finding_are_named():
    assert counted_all([1], "label") == "1 label"
    assert counted_all([150, 1500], "label") == "150 and 1,500 labels"
    assert counted_all([1, 2, 3], "label") == "1, 2 and 3 labels"


def test_that_intervals_leave_out_the_chance_of_pretraining_is_said():
    said = "All cells start from the same model that was made here, or learn from it: **LSTM**. The intervals leave"
    own = {"pretraining_tokens": 10_000, "arm_title": "LSTM"}
    assert said in page([], scores=own | {"pretraining_models": "small"})
    several = page([], scores=own | {"pretraining_models": ["small, first", "small-seed1, first"]})
    assert "Cells start from 2 models that were made here, or learn from them: **LSTM**. Cells of the same" in several
    assert "But the stages first are the same for all." in several
    alone = page([], scores=own | {"pretraining_models": ["small", "small-seed1"]})
    assert "another pretraining would change." in alone and "But the stages" not in alone
    taught = {"pretraining_tokens": 0, "arm_title": "LSTM", "pretraining_models": "small"}
    assert said in page([], scores=taught)
    assert "made here" not in page([]) + page([], scores={"pretraining_tokens": [np.nan, 0]})


def test_other_keys_than_those_of_the_reference_arm_are_told():
    row = words(**answer_row(planted([9, 6, 5, 4], 5000), 1.0))
    told = "Of the same family as **BERT**, but with other keys: **LSTM** (`dropout`, `epochs`). "
    assert told in page([row], scores={"other_keys": [None, "dropout, epochs"]})
    assert "Of the same family" not in page([row])
