"""Say in words what to know of an answer: what went wrong in training, what the data have."""

from __future__ import annotations

import math
from itertools import combinations

import pandas as pd

from pretrain_or_not.config.labels import shown
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number
from pretrain_or_not.config.sweeps import sweep_key
from pretrain_or_not.data.subsets import GOLDEN_RATIO
from pretrain_or_not.evaluation.by_group import SMALLEST
from pretrain_or_not.evaluation.diagnose import FINDINGS, Diagnosis, Finding, diagnoses
from pretrain_or_not.report.markup import bold, markdown, prose
from pretrain_or_not.report.metric_words import guessing_words, score_text
from pretrain_or_not.report.times import busy_words
from pretrain_or_not.report.wording import counted, counted_all, listed

NOISY = 0.01  # share of likely wrong labels from which on it is said

MANY_SHARED = 0.2  # share of its labels that a seed has in common with another one, from which on it is said

IMBALANCED = 0.75  # share of the most frequent class from which on accuracy hides the others


def finding_note(finding: Finding, found: list[Diagnosis]) -> str:
    """Return in words what was found about the cells of some arms, at least one, as Markdown."""
    first = found[0].rows.iloc[0]
    metric = METRICS[first["metric"]]
    keys = sorted({f"`{key}`" for one in found for setting in one.rows["setting"] if (key := sweep_key(setting))})
    says = finding.says.format(metric=metric.title, guessing=guessing_words(metric))
    of_arms = "; ".join(cells_words(finding, one) for one in found)
    return f"{says}: {of_arms}. {finding.advice.format(sweeps=' or '.join(keys))}".rstrip()


def cells_words(finding: Finding, found: Diagnosis) -> str:
    """Return in words which cells of an arm have a finding, as Markdown."""
    rows, ignored = found.rows.to_dict("records"), found.rows["never_predicted_names"].dropna()
    cells = finding.cells.format(
        cells=f"{len(rows)} of {counted(found.cells, 'cell')}",
        which=listed([f"{counted(row['n'], 'label')}, seed {row['seed']}" for row in rows]),
        sizes=counted_all(sorted({row["n"] for row in rows}), "label"),
        settings=", ".join(dict.fromkeys(row["setting"] for row in rows)),
        classes=markdown(listed([shown(name) for name in sorted({n for names in ignored for n in names.split("; ")})])),
        cut=f"{number(100 * found.rows['truncated'].max(), 1)} %",
    )
    return f"**{markdown(rows[0]['arm_title'])}** ({cells})"


def notes_on(
    scores: pd.DataFrame,
    answers: pd.DataFrame,
    reference: str,
    warnings: list[str],
    by_group: pd.DataFrame | None = None,
) -> list[str]:
    """Return the notes on one dataset, each a sentence in Markdown.

    scores, answers: rows of the dataset in scores.parquet and answer.parquet. reference: name of the arm. warnings: of
    its dataset.json. by_group: its rows in scores_by_group.parquet, None without groups.
    """
    titles = dict(zip(scores["arm"], scores["arm_title"], strict=True))
    compared = "in no complete round of folds" if scores["folds"].any() else "at no size and seed"
    lines = [
        f"**{markdown(titles[arm])}** has no gap: {compared}, it and the reference arm both have a score."
        for arm in titles
        if arm != reference and arm not in {*answers["arm"], *scores.loc[scores["n"] == 0, "arm"]}
    ]
    lines += [finding_note(FINDINGS[name], found) for name, found in diagnoses(scores).items()]
    lines += tries_note(scores) + keys_note(scores, reference) + shared_note(scores) + made_note(scores)
    lines += imbalance_note(scores) + noise_note(scores)
    guessing = set(scores.loc[scores["family"] == "majority", "arm"])
    lines += group_notes(by_group, guessing) if by_group is not None else []
    return lines + [f"The data: {prose(warning).rstrip('.')}." for warning in warnings]


def tries_note(scores: pd.DataFrame) -> list[str]:
    """Return a note, in a list, if arms had different numbers of tries; otherwise an empty list."""
    tries = scores[(scores["family"] != "majority") & (scores["n"] > 0)].groupby("arm_title", sort=False)["tries"].max()
    if tries.nunique() < 2:
        return []
    listing = "; ".join(f"**{markdown(title)}** {k}" for title, k in tries.items())
    return [
        f"The arms had different numbers of tries (values of the sweep): {listing}. More tries give an arm a better "
        "chance; the figure `tuning` shows what they bring."
    ]


def keys_note(scores: pd.DataFrame, reference: str) -> list[str]:
    """Return a note, in a list, on the keys in which arms differ from the reference arm of the same family."""
    known = scores[scores["other_keys"].notna()]
    if known.empty:
        return []
    titles = dict(zip(scores["arm"], scores["arm_title"], strict=True))
    by_arm = known.groupby("arm", sort=False)["other_keys"]
    differing = {arm: dict.fromkeys(", ".join(keys).split(", ")) for arm, keys in by_arm}
    listing = "; ".join(
        f"**{markdown(titles[arm])}** ({', '.join(f'`{key}`' for key in keys)})" for arm, keys in differing.items()
    )
    return [
        f"Of the same family as **{markdown(titles[reference])}**, but with other keys: {listing}. An arm also gets "
        "the keys of the arm of the same name in config.yaml."
    ]


def shared_note(scores: pd.DataFrame) -> list[str]:
    """Return a note, in a list, on sizes at which seeds share many labels; an empty list if there are none."""
    if scores["folds"].any():
        return []
    shares = {
        n: shared_labels(cells["seed"].unique(), cells["share"].iloc[0]) for n, cells in scores.groupby("n", sort=True)
    }
    most = [f"{100 * share:.0f} % at {counted(n, 'label')}" for n, share in shares.items() if share >= MANY_SHARED]
    if not most:
        return []
    return [
        f"Seeds share labels: on average {listed(most)}. There, seeds differ too little, so the intervals leave out a "
        "part of what other labelled examples would change; all of it where seeds share 100 %."
    ]


def made_note(scores: pd.DataFrame) -> list[str]:
    """Return notes on the arms behind which models were pretrained here, by how many there are of each."""
    made = scores[scores["pretraining_models"].notna()]
    arms: dict[int, list] = {}
    common: dict[str, None] = {}
    for title, models in made.groupby("arm_title", sort=False)["pretraining_models"]:
        several = models.unique()
        arms.setdefault(len(several), []).append(f"**{markdown(title)}**")
        if len(several) > 1:
            common |= dict.fromkeys(sorted(set.intersection(*(set(names.split(", ")) for names in several))))
    notes = []
    for times, titles in sorted(arms.items()):
        if times == 1:
            notes.append(
                f"All cells start from the same model that was made here, or learn from it: {listed(titles)}. The "
                "intervals leave out what another pretraining would change. Several seeds put that into them: "
                "`seed: [0, 1]` of the model, and as many `seeds` of the experiment or more."
            )
        else:
            same = f" But the stages {listed(list(common))} are the same for all." if common else ""
            notes.append(
                f"Cells start from {times} models that were made here, or learn from them: {listed(titles)}. Cells of "
                "the same model count as one seed in the intervals, so these hold what another pretraining would "
                f"change.{same}"
            )
    return notes


def shared_labels(seeds, share: float) -> float:
    """Return the mean share of its labels that the subset of a seed has in common with another seed's; 0 for one seed.

    Subsets are windows of the shuffled training rows, a circle (`data.subsets.window`). share: of the training rows.
    """
    starts = [math.modf(seed * GOLDEN_RATIO)[0] for seed in seeds]
    apart = [abs(a - b) for a, b in combinations(starts, 2)]
    return sum(max(0, share - d) + max(0, share - 1 + d) for d in apart) / (share * len(apart)) if apart else 0.0


def imbalance_note(scores: pd.DataFrame) -> list[str]:
    """Return a note, in a list, if accuracy hides what arms do with rare classes; otherwise an empty list."""
    folds = scores["folds"].any()  # each has other test examples, so the mean over them is that of all rows
    share = scores["accuracy_guessing"].mean() if folds else scores["accuracy_guessing"].max()
    if scores["metric"].iloc[0] != "accuracy" or share < IMBALANCED:
        return []
    return [
        f"The data: always answering the most frequent class is right in {number(100 * share, 1)} % of the test "
        "examples, so accuracy says little about the rare classes. `experiment: {metric: macro_f1}` counts each class "
        "the same"
        f"{'' if folds else macro_words(scores)}."
    ]


def macro_words(scores: pd.DataFrame) -> str:
    """Return in words the mean macro-F1 of each arm at its largest size, as Markdown."""
    largest = scores[scores["n"] == scores.groupby("arm")["n"].transform("max")]
    means = largest.groupby("arm_title", sort=False)["macro_f1"].mean().dropna()
    listing = "; ".join(f"**{markdown(title)}** {number(100 * value, 1)} %" for title, value in means.items())
    return f" (at the largest size: {listing})" if listing else ""


def noise_note(scores: pd.DataFrame) -> list[str]:
    """Return a note, in a list, on how many test labels are likely wrong; an empty list if they are few."""
    noise = 1 - scores["accuracy_ceiling"].max()
    if not noise >= NOISY:
        return []
    return [
        f"The data: about {number(100 * noise, 1)} % of the test labels may be wrong or ambiguous, so an accuracy "
        f"above {number(100 * (1 - noise), 1)} % would mean little. This is an estimate from the best arm: it takes "
        "for wrong what that arm confidently contradicts. The texts are in label_issues.parquet."
    ]


def group_notes(by_group: pd.DataFrame, guessing: set[str]) -> list[str]:
    """Return a note per group column and arm, at its largest size: its worst group, and how far it is behind the best.

    The worst group is that of the mean over seeds, among groups of enough test examples (`evaluation.by_group`).
    guessing: arms without a note, which always answer the most frequent class.
    """
    largest = by_group[by_group["n"] == by_group.groupby("arm")["n"].transform("max")]
    lines = []
    for (column, _), rows in largest[largest["test_examples"] >= SMALLEST].groupby(["group", "arm"], sort=False):
        metric = METRICS[rows["metric"].iloc[0]]
        means = (metric.sign * rows.groupby("value")["score"].mean()).dropna().sort_values()
        if len(means) > 1:
            if rows["arm"].iloc[0] in guessing:
                continue
            spread, *reach = (number(rows[f"spread_mean{end}"].iloc[0], metric.digits) for end in ("", "_low", "_high"))
            of_worst = rows.loc[rows["value"] == means.index[0], ["score_mean_low", "score_mean_high"]].mean()
            ends = " to ".join(score_text(metric, end) for end in of_worst)
            worst, title = markdown(means.index[0]), markdown(rows["arm_title"].iloc[0])
            lines.append(
                f"Groups by {markdown(column)}, **{title}**: {metric.title} is worst on {worst}, "
                f"{score_text(metric, metric.sign * means.iloc[0])} (95 % interval: {ends}), {spread} {metric.step}s "
                f"behind {markdown(means.index[-1])}, the best one ({' to '.join(reach)})."
            )
    return lines + uncompared_groups(by_group)


def uncompared_groups(by_group: pd.DataFrame) -> list[str]:
    """Return a note per group column of which some groups have no score, as they lack classes."""
    lines = []
    for column, rows in by_group[by_group["test_examples"] >= SMALLEST].groupby("group", sort=False):
        lacking = rows.groupby("value")["score"].count().eq(0)
        if lacking.any():
            title = METRICS[rows["metric"].iloc[0]].title
            groups = f"{lacking.sum()} of {counted(len(lacking), 'group')} of at least {SMALLEST} texts"
            lines.append(f"Groups by {markdown(column)}: {groups} cannot be compared by {title}, as they lack classes.")
    return lines


def busy_notes(times: pd.DataFrame | None) -> list[str]:
    """Return a note, in a list, if other work had the CPU while arms were timed. times: see `report.times`."""
    if times is None or not times["busy"].any():
        return []
    busy = times[times["busy"]]
    return [f"Inference times of {bold(busy['arm_title'].unique())}: {markdown(busy_words(busy))}."]
