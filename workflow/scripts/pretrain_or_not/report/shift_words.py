"""Say in words which arm loses least under each shift."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number, percent
from pretrain_or_not.evaluation.budget import marked_as
from pretrain_or_not.evaluation.shift_scores import FILES
from pretrain_or_not.report.budget_words import included
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.wording import counted

MEANS = ["test_score", "score", "drop", "drop_low", "drop_high", "relative_drop", "effective_robustness", "changed"]


def at_largest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per dataset, shift and arm at the largest size at which the arm has a score: means over the seeds.

    The ends of the interval of the drop are means too: seeds share their test examples, so it is never too narrow for
    these. A row counts as selected on test if one of its cells was. rows: of scores_shift.parquet.
    """
    scored = rows.dropna(subset=["drop"])
    largest = scored[scored["n"] == scored.groupby(["dataset", "shift", "arm"])["n"].transform("max")]
    keys = ["dataset", "dataset_title", "shift", "change", "arm", "arm_title", "n", "metric"]
    found = largest.groupby(keys, sort=False, as_index=False)
    table = found.agg(seeds=("seed", "nunique"), test_examples=("test_examples", "max"), seen=("seen", "max"),
                      selection=("selection", lambda splits: "test" if "test" in set(splits) else "validation"),
                      **{name: (name, "mean") for name in MEANS})  # fmt: skip
    return marked_as(rows, table)


def with_labels(rows: pd.DataFrame) -> str:
    """Return in words how many labels most arms have, which are counted, and on what models were selected.

    rows: of `at_largest`, of one dataset.
    """
    return f"{counted(int(rows['n'].max()), 'label')}{included(rows)}{selection_note(rows['selection'])}"


def own_labels(row: dict, largest: int) -> str:
    """Return the number of labels of an arm in brackets if it is not the largest one, otherwise nothing."""
    return f" ({counted(int(row['n']), 'label')})" if row["n"] != largest else ""


def what_changes(change: str) -> str:
    """Return in words what a shift is, as Markdown. change: of scores_shift.parquet."""
    if change == FILES:
        return "other texts"
    key, value = change.split(": ")
    if key == "typos":
        return f"a typing error in {100 * float(value):g} % of the words"
    return f"the first {counted(int(value), 'word')}" if key == "words" else f"{value} case"


def shift_lines(rows: pd.DataFrame, guessing: set) -> list[str]:
    """Return lines of Markdown on one dataset: one per shift; none without shifts.

    rows: of scores_shift.parquet. guessing: arms that always answer the most frequent class, of which nothing is said.
    """
    rows = rows[~rows["arm"].isin(guessing)]
    if rows.empty:
        return []
    metric, told = METRICS[rows["metric"].iloc[0]], at_largest(rows)
    left = rows[rows["drop"].isna() & rows["accuracy"].notna() & ~rows["shift"].isin(told["shift"])]["shift"].unique()
    lines = [sentence(part, metric, told["n"].max()) for _, part in told.groupby("shift", sort=False)]
    lines += [f"**{markdown(shift)}** cannot be compared by {metric.title}: it has other classes." for shift in left]
    if not lines:
        return []
    lead = "On further test sets:"
    if len(told):
        lead = (
            f"On further test sets, with the models of {with_labels(told)}: {metric.step}s of "
            f"{metric.title} that are lost there (in brackets: 95 % intervals for the sampling of test examples)."
        )
    return [lead, "", *(f"- {line}" for line in lines)]


def sentence(arms, metric, largest) -> str:
    """Return what is said of one shift. arms: its rows of `at_largest`. largest: number of labels of the lead."""
    first = arms.iloc[0]
    by_drop = arms.sort_values("drop", kind="stable").to_dict("records")
    least, most = by_drop[0], by_drop[-1]
    first_arm, last_arm = (f"**{markdown(row['arm_title'])}**{own_labels(row, largest)}" for row in (least, most))
    text = f"**{markdown(first['shift'])}** ({what_changes(first['change'])}): "
    if len(by_drop) == 1:
        text += f"{first_arm} {'gains' if least['drop'] < 0 else 'loses'} {lost(least, metric)}."
    elif least["drop"] == most["drop"]:
        text += f"all arms {'gain' if least['drop'] < 0 else 'lose'} alike, {lost(least, metric)}."
    elif most["drop"] < 0:
        text += f"{first_arm} gains most, {lost(least, metric)}, and {last_arm} least, {lost(most, metric)}."
    elif least["drop"] < 0:
        text += f"{first_arm} gains {lost(least, metric)}, and {last_arm} loses most, {lost(most, metric)}."
    else:
        text += f"{first_arm} loses least, {lost(least, metric)}, and {last_arm} most, {lost(most, metric)}."
    if first["changed"] < 1:
        text += f" It changes {percent(first['changed']) if first['changed'] else 'none'} of the texts."
    if first["seen"]:
        is_ = "is" if first["seen"] == 1 else "are"
        text += (
            f" {int(first['seen']):,} of its {first['test_examples']:,} texts {is_} among the training and validation "
            "texts too, so scores there are too high."
        )
    return text


def lost(row, metric) -> str:
    """Return a drop, or with a drop below 0 the gain, in words, with its interval."""
    ends = [row["drop"], row["drop_low"], row["drop_high"]]
    ends = [-ends[0], -ends[2], -ends[1]] if row["drop"] < 0 else ends
    drop, low, high = (number(end, metric.digits) for end in ends)
    return f"{drop} {metric.step}s ({low} to {high})"
