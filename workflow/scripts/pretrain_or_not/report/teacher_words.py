"""Say in words what a teacher has brought the arm that it taught."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.recommendation_words import behind, takes
from pretrain_or_not.report.wording import counted

MOST_SIZES = 3

TITLE = "What a teacher brings, besides the cost of training and asking it, which no training time here holds"


def teacher_lines(pairs: pd.DataFrame, arms: pd.DataFrame, teachers: dict, metric: Metric) -> list[str]:
    """Return lines of Markdown on one dataset, one per taught arm: how far behind its teacher, ahead of its plain twin.

    pairs: rows of pairs.parquet of the dataset. arms: with the name as index and the columns `ms` and `busy`, see
    `evaluation.recommend.Recommendation`. teachers: arm -> `teacher` and `plain`, names of arms; see
    `Catalogue.teachers`.
    """
    lines = [line for arm, others in teachers.items() if (line := one_line(arm, others, pairs, arms, metric))]
    return [f"{TITLE}:", "", *lines, ""] if lines else []


def one_line(arm, others, pairs, arms, metric):
    """Return the line on one taught arm, at the sizes at which it was measured with all others that were run.

    Of more than `MOST_SIZES`, the smallest and the largest one are told. Nothing if there is none.
    """
    known = pairs[pairs["arm"] == arm]
    of = {role: known[known["other"] == other].set_index("n") for role, other in others.items()}
    of = {role: rows for role, rows in of.items() if len(rows)}
    sizes = sorted(set.intersection(*(set(rows.index) for rows in of.values()))) if of else []
    if not sizes:
        return ""
    told = sizes if len(sizes) <= MOST_SIZES else [sizes[0], sizes[-1]]
    parts = [f"with {counted(int(n), 'label')}, {at_size(n, of, metric, named=n == told[0])}" for n in told]
    time = quicker(arm, others["teacher"], arms) if "teacher" in of else ""
    return f"- **{markdown(known['arm_title'].iloc[0])}**{time}: {'; '.join(parts)}."


def at_size(n, of, metric, named):
    """Return in words how far a taught arm is from others at one size. of: role -> rows by size. named: by title."""
    parts = []
    for role, rows in of.items():
        row, who = rows.loc[n], "its teacher" if role == "teacher" else "the arm without a teacher"
        who += f", **{markdown(row['other_title'])}**," if named else ""
        near = behind(row, metric)  # "1.2 points behind (0.3 to 2.1)"
        parts.append(near.replace(" ahead", f" ahead of {who}").replace(" behind", f" behind {who}"))
    return " and ".join(parts)


def quicker(arm, other, arms):
    """Return in words how long both arms take for a text; nothing if one was not timed."""
    if any(math.isnan(arms["ms"].get(name, math.nan)) for name in (arm, other)):
        return ""
    return f", which {takes(arms.loc[arm], arms.loc[other])}"
