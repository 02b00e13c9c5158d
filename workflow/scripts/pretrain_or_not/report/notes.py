"""Say in words what to know of an answer: what went wrong in training, what the data have."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.evaluation.diagnose import FINDINGS, Diagnosis, diagnoses
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.wording import counted, listed

IMBALANCED = 0.75  # share of the most frequent class from which on accuracy hides the others


def diagnosis_words(found: Diagnosis) -> str:
    """Return in words what was found about the cells of an arm, as Markdown."""
    one = len(found.rows) == 1
    rows = found.rows.to_dict("records")
    return FINDINGS[found.finding].says.format(
        cells=f"{len(rows)} of {counted(found.cells, 'cell')}",
        s="s" if one else "",
        which=listed([f"{counted(row['n'], 'label')}, seed {row['seed']}" for row in rows]),
        settings=", ".join(dict.fromkeys(row["setting"] for row in rows)),
        **{"is": "is" if one else "are", "its": "its" if one else "their", "has": "has" if one else "have"},
    )


def notes_on(scores: pd.DataFrame, answers: pd.DataFrame, reference: str, warnings: list[str]) -> list[str]:
    """Return the notes on one dataset, each a sentence in Markdown.

    scores, answers: rows of the dataset in scores.parquet and answer.parquet. reference: name of the arm. warnings: of
    its dataset.json.
    """
    titles = dict(zip(scores["arm"], scores["arm_title"], strict=True))
    lines = [
        f"**{markdown(titles[arm])}** has no gap: at no size and seed, it and the reference arm both have a score."
        for arm in titles
        if arm != reference and arm not in set(answers["arm"])
    ]
    lines += [f"**{markdown(titles[found.arm])}**: {diagnosis_words(found)}." for found in diagnoses(scores)]
    lines += imbalance_note(scores)
    return lines + [f"The data: {markdown(warning).rstrip('.')}." for warning in warnings]


def imbalance_note(scores: pd.DataFrame) -> list[str]:
    """Return a note, in a list, if accuracy hides what arms do with rare classes; otherwise an empty list."""
    share = scores["accuracy_guessing"].max()
    if scores["metric"].iloc[0] != "accuracy" or share < IMBALANCED:
        return []
    return [
        f"The data: always answering the most frequent class is right in {100 * share:.1f} % of the test examples, so "
        "accuracy says little about the rare classes. `experiment: {metric: macro_f1}` counts each class the same"
        f"{macro_words(scores)}."
    ]


def macro_words(scores: pd.DataFrame) -> str:
    """Return in words the mean macro-F1 of each arm at its largest size, as Markdown."""
    largest = scores[scores["n"] == scores.groupby("arm")["n"].transform("max")]
    means = largest.groupby("arm_title", sort=False)["macro_f1"].mean().dropna()
    listing = ", ".join(f"**{markdown(title)}** {100 * value:.1f} %" for title, value in means.items())
    return f" (at the largest size: {listing})" if listing else ""
