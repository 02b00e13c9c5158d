"""Say what to use with the labels that there are."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.arm_tables import curves_of, times_of
from pretrain_or_not.evaluation.budget import labels_by_size, marked_as
from pretrain_or_not.evaluation.pairs import pairs
from pretrain_or_not.evaluation.recommend import Prices, Question, recommend
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.break_even_words import break_even_words
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.recommendation_words import OF_SCORES, gain_words, sentences
from pretrain_or_not.report.teacher_words import teacher_lines

COLUMNS = ["dataset", "n", "batch", "arm", "arm_title", "best", "cheapest", "enough", "used", "metric", "score",
           "score_low", "score_high", "guessing", "guesses", "test_examples", "gap", "gap_low", "gap_high", "ms",
           "ms_low", "ms_high", "busy", "memory_mb", "hours", "once", "monthly"]  # fmt: skip


def advice(
    scores: pd.DataFrame, measured: dict, paths: dict, reference: str, threshold: float, metric: Metric,
    times: pd.DataFrame | None, worth: pd.DataFrame, costs: dict, target: float | None, teachers: dict, outputs: dict,
) -> dict[str, list[str]]:  # fmt: skip
    """Write pairs.parquet and recommendation.parquet; return dataset -> lines of the answer, as Markdown.

    Arms that always answer the most frequent class are left out. scores: rows of scores.parquet. measured: the gaps to
    the reference arm, see `evaluation.totals`. paths: (dataset, arm, n, seed) -> predictions. reference: name of the
    arm. threshold: up to which gap an arm is close to the best. times: rows of tables/inference.parquet, None if
    nothing was timed. worth: rows of worth.parquet. costs: section of the config. target: a score that is good
    enough, or None. teachers: see `report.teacher_words`. outputs: paths of `pairs` and `recommendation`.
    """
    learns = scores[scores["family"] != "majority"]
    compared, curves, prices = (
        pairs(learns, measured, paths, reference, metric),
        curves_of(learns, metric),
        Prices.of(costs),
    )
    timed = times_of(times if times is not None else pd.DataFrame(), dict.fromkeys(curves["dataset"]))
    tables, lines = [], {}
    for dataset, of_dataset in curves.groupby("dataset", sort=False):
        own = [table[table["dataset"] == dataset] for table in (compared, timed, worth)]
        found = {}
        for n in sorted(of_dataset["n"].unique()):
            trained = with_models(of_dataset, n)
            for batch in sorted(own[1]["batch"].unique()) or [0]:
                question = Question(float(n), int(batch), None, max(threshold, 0.0), target)
                answer = recommend(trained, own[0], own[1], question, prices, metric)
                found[question] = answer
                tables.append(rows_of(dataset, question, answer, metric))
        lines[dataset] = words(found, of_dataset, own[2], prices, metric)
        lines[dataset] += teacher_lines(own[0], last(found).arms, teachers, metric)
    table = pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)
    counted = labels_by_size(scores)
    about = {"reference": reference} | ({"labels": counted} if counted else {})
    for name, frame in (("pairs", compared), ("recommendation", table)):
        write_table(outputs[name], pa.Table.from_pandas(marked_as(scores, frame), preserve_index=False), **about)
    return lines


def with_models(curves, n):
    """Return the curves of the arms that have a model for `n` labels: trained with them, or with all that it can use.

    Of an arm that was left out at this size only, a score is known, but there is nothing to use.
    """
    return curves.groupby("arm", sort=False).filter(lambda own: min(n, own["n"].max()) in set(own["n"]))


def rows_of(dataset, question, found, metric):
    """Return one row per arm of recommendation.parquet."""
    names = {"title": "arm_title", "low": "score_low", "high": "score_high"}
    arms = found.arms.rename(columns=names).rename_axis("arm").reset_index()
    return arms.assign(
        dataset=dataset, n=int(question.n), batch=question.batch, metric=metric.name,
        used=arms["used"].round().astype(int),
        best=arms["arm"] == found.best, cheapest=arms["arm"] == found.cheapest, enough=arms["arm"] == found.enough,
    )  # fmt: skip


def words(found, curves, worth, prices, metric):
    """Return the lines on one dataset: what to use with the most labels. found: Question -> Recommendation."""
    largest = max(question.n for question in found)
    asked = sorted((question for question in found if question.n == largest), key=lambda question: -question.batch)
    first = last(found)
    said = [f"What to use, where {at_once(asked[0].batch)}:" if asked[0].batch else "What to use:"]
    said += sentences(asked[0], first, metric, prices)
    for question in asked[1:]:
        if (found[question].best, found[question].cheapest) != (first.best, first.cheapest):
            of_batch = sentences(question, found[question], metric, prices)[1:]
            said.append(f"Where {at_once(question.batch)}:")
            said += [sentence for sentence in of_batch if not sentence.startswith(OF_SCORES)]
    if first.best is not None:
        said += gain_words(curves, [first.best, first.cheapest], metric)
    said += break_even_words(worth, first.arms, prices)
    return [markdown(" ".join(said)), ""]


def last(found):
    """Return the Recommendation for the most labels, in the largest batch."""
    return found[max(found, key=lambda question: (question.n, question.batch))]


def at_once(batch):
    """Return in words how many texts are classified at once."""
    return "texts come one at a time" if batch == 1 else f"{batch} texts are classified at once"
