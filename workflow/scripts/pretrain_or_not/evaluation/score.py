"""Score the predictions of all cells, in tidy tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.settings import ONE_NEIGHBOUR, setting_value
from pretrain_or_not.config.sizes import check_distinct
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.budget import TOTAL, total_labels, with_budget
from pretrain_or_not.evaluation.by_class import class_columns, worst_recall
from pretrain_or_not.evaluation.by_group import COLUMNS as GROUP_COLUMNS
from pretrain_or_not.evaluation.calibration import calibration
from pretrain_or_not.evaluation.curves import differences
from pretrain_or_not.evaluation.details import confusion_of, issue_rows, largest_rows, place, rows_by_group
from pretrain_or_not.evaluation.group_gaps import COLUMNS as GROUP_GAP_COLUMNS
from pretrain_or_not.evaluation.group_gaps import group_gap_table
from pretrain_or_not.evaluation.group_totals import MEANS, SPREADS, with_group_means
from pretrain_or_not.evaluation.metrics import guessing_scores, metric_columns, paired_gap, scores_by
from pretrain_or_not.evaluation.other_keys import other_keys, place_of_run
from pretrain_or_not.evaluation.predictions import CELL, NOT_FINITE, OK, read_predictions
from pretrain_or_not.evaluation.pretraining_cost import COLUMNS as PRETRAINING
from pretrain_or_not.evaluation.pretraining_cost import OF_TEACHER, of_cell, pretraining_columns
from pretrain_or_not.evaluation.shared_models import SharedModels
from pretrain_or_not.evaluation.shift_scores import COLUMNS as SHIFT_COLUMNS
from pretrain_or_not.evaluation.shift_scores import shift_table
from pretrain_or_not.evaluation.totals import measured_gaps, measured_scores, with_means
from pretrain_or_not.evaluation.tuning import tuning_rows
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log

COST = ["seconds", "examples_per_second", "training_flops", "peak_memory_mb", "parameters", "parameters_trained",
        "parameters_embedding", "steps", "device", "precision", "threads"]  # fmt: skip

CALIBRATION = ["brier", "ece", "temperature", "brier_scaled", "ece_scaled", "log_loss_scaled"]

# Further values of a run.json that cells are diagnosed by; those of other families are missing.
FROM_RUN = ["cpu_seconds", "best_step", "validations", "converged", "lowest_loss", "guessing_loss", "teacher_flops",
            "generator_flops"]  # fmt: skip

# The types of columns that may hold no value at all.
NUMBERS = ["worst_recall", "validation_score", "lowest_loss", "unknown_tokens", "truncated", "cpu_seconds",
           "sweep_cpu_seconds", "teacher_flops", "generator_flops"]  # fmt: skip
NULLABLE = {
    **dict.fromkeys([*metric_columns(METRICS.values()), *CALIBRATION, *NUMBERS], "float64"),
    **dict.fromkeys(["predicted_classes", "never_predicted", "best_step"], "Int64"),
    "converged": "boolean",
    **dict.fromkeys(["schedule", "sweep_edge", "other_keys", "never_predicted_names"], "str"),
    **PRETRAINING,
}

TITLES = {"dataset": str, "dataset_title": str, "arm": str, "arm_title": str}
GAPS = TITLES | {"reference": str, "reference_title": str, "size": str, "n": int, "share": float, "seed": int,
                 "metric": str, "gap": float, "gap_se": float, "gap_mean": float, "gap_mean_low": float,
                 "gap_mean_high": float, "test_examples": int, "folds": int, "selection": str}  # fmt: skip
BY_CLASS = TITLES | {"size": str, "n": int, "seed": int, "class": str, "precision": float, "recall": float,
                     "f1": float, "support": int, "predicted": int}  # fmt: skip
CONFUSION = TITLES | {"size": str, "n": int, "seed": int, "class": str, "predicted_class": str, "examples": int}
RELIABILITY = TITLES | {"size": str, "n": int, "seed": int, "scaled": bool, "bin": int, "examples": int,
                        "confidence": float, "right": float}  # fmt: skip

TUNING = TITLES | {"size": str, "n": int, "seed": int, "metric": str, "tries": int, "expected_best": float,
                   "selection": str}  # fmt: skip
BY_GROUP = TITLES | {"size": str, "n": int, "seed": int} | GROUP_COLUMNS | MEANS | SPREADS
GROUP_GAPS = TITLES | {"reference": str, "reference_title": str, "size": str, "n": int, "seed": int} | GROUP_GAP_COLUMNS
SHIFTS = TITLES | {"size": str, "n": int, "seed": int} | SHIFT_COLUMNS
ISSUES = TITLES | {"id": int, "text": str, "given": str, "suggested": str, "score": float}
TYPES = {"gaps": GAPS, "by_class": BY_CLASS, "by_group": BY_GROUP, "group_gaps": GROUP_GAPS, "shifts": SHIFTS,
         "label_issues": ISSUES, "confusion": CONFUSION, "reliability": RELIABILITY, "tuning": TUNING}  # fmt: skip


def score_cell(cell, run, choice, guessing, train_rows, metric, pretraining):
    """Return one row of scores.parquet: the cell, its status, metrics, what to diagnose it by, and its selected run.

    A cell whose validation is not finite, or with a test prediction that is not finite, has no metrics. cell: its
    `Predictions`. run: the run.json of the selected run. choice: content of selected.json. guessing: see
    `guessing_scores`. train_rows: training examples of the dataset. metric: the one of the experiment. pretraining: the
    columns on that of the arm.
    """
    about, labels = cell.about, cell.labels
    unvalidated = run["validation_score"] is None and run["validation_examples"]  # not finite
    finite = cell.finite and not unvalidated
    ignored = np.setdiff1d(labels, cell.predicted) if finite else []
    scores = dict.fromkeys([*metric_columns(METRICS.values()), "worst_recall", *CALIBRATION])
    if finite:
        scores |= scores_by(METRICS.values(), labels, cell.probabilities)
        scores |= {"worst_recall": worst_recall(confusion_of(cell))}
        scores |= calibration(labels, cell.probabilities, run["temperature"])
    return {
        **{key: about[key] for key in CELL},
        "family": run["recipe"]["family"],
        "schedule": run["recipe"].get("schedule"),
        "share": about["n"] / train_rows,
        "setting": about["setting"],
        "selection": run.get("selection", "validation"),
        "status": OK if finite else NOT_FINITE,
        "metric": metric.name,
        **scores,
        **guessing,
        "classes": len(about["label_names"]),
        "subset_classes": sum(count > 0 for count in run["class_counts"]),
        "predicted_classes": len(np.unique(cell.predicted)) if finite else None,
        "never_predicted": len(ignored) if finite else None,
        "never_predicted_names": "; ".join(about["label_names"][label] for label in ignored) or None,
        **{key: run.get(key) for key in FROM_RUN},
        "tries": 1 + len(choice["beaten"]),
        "sweep_edge": sweep_edge(choice),
        "unknown_tokens": about["unknown_tokens"],
        "truncated": None if about["truncated"] is None else about["truncated"] / len(labels),
        "test_examples": len(labels),
        "folds": about.get("folds") or 0,
        "validation_score": run["validation_score"],
        "validation_examples": run["validation_examples"],
        "sweep_seconds": choice["sweep_seconds"],
        "sweep_cpu_seconds": choice["sweep_cpu_seconds"],
        **{key: run[key] for key in COST},
        **{key: value for key, value in pretraining.items() if key != OF_TEACHER},
        **(
            {}
            if run.get("teacher_flops") is None
            else {"teacher_flops": run["teacher_flops"] + pretraining[OF_TEACHER]}
        ),
    }


def sweep_edge(choice):
    """Return "lowest" or "highest" if the selected value is at that end of its sweep, otherwise None.

    It is None, too, where another run is as good, or nothing lower makes sense. choice: content of a selected.json.
    """
    values = {run["setting"]: setting_value(run["setting"]) for run in (choice["selected"], *choice["beaten"])}
    chosen, score = choice["selected"]["setting"], choice["selected"]["validation_score"]
    if len(values) == 1 or score in (None, *(run["validation_score"] for run in choice["beaten"])):
        return None
    ends = {min(values, key=values.__getitem__): "lowest", max(values, key=values.__getitem__): "highest"}
    return None if chosen == ONE_NEIGHBOUR else ends.get(chosen)


def gap_rows(scores, predictions, reference, metric):
    """Return the rows of gaps.parquet: each cell of another arm against the reference arm, same subset and test data.

    A cell has no gap if the experiment leaves out the same cell of the reference arm, or one of the two has no score. A
    gap counts as selected on test if one of its two cells was. scores: rows of scores.parquet, one per path of
    `predictions`. Raises BadInput if test examples differ.
    """
    by_cell = {
        tuple(row[key] for key in CELL): (row, path)
        for row, path in zip(scores, predictions, strict=True)
        if row["status"] == OK
    }
    rows = []
    for row, path in by_cell.values():
        cell = {key: row[key] for key in CELL}
        if row["arm"] == reference or (at := tuple((cell | {"arm": reference}).values())) not in by_cell:
            continue
        reference_row, other = by_cell[at]
        gap, error = paired_gap(differences(read_predictions(other), read_predictions(path), metric))
        rows.append(
            cell
            | {
                "share": row["share"],
                "reference": reference,
                "metric": metric.name,
                "gap": gap,
                "gap_se": error,
                "test_examples": row["test_examples"],
                "folds": row["folds"],
                "selection": "test" if "test" in (row["selection"], reference_row["selection"]) else "validation",
            }
        )
    return rows


def score(
    predictions: list,
    selected: list,
    summaries: list,
    examples: list,
    made: list,
    shifted: list,
    behind: dict,
    reference: str,
    metric: str,
    budget: str,
    titles: dict,
    outputs: dict,
) -> None:
    """Write the tables.

    predictions, selected: one path per cell, in the same order. summaries, examples: path of each dataset.json and
    examples.parquet. made, behind: see `pretraining_columns`. shifted: one path per cell and further test set. metric,
    budget: of the experiment. titles: {"dataset": …, "arm": …}, each name -> title. outputs: paths of `scores`, `gaps`,
    `tuning`, `by_class`, `by_group`, `group_gaps`, `shifts`, `label_issues`, and, at the largest size of each arm,
    `confusion` and `reliability`. Raises BadInput if two sizes stand for the same number of training examples.
    """
    measured = METRICS[metric]
    facts = list(map(read_json, summaries))
    train_rows = {fact["dataset"]: (fact.get("folds") or fact)["rows"]["train"] for fact in facts}
    texts = {fact["dataset"]: path for fact, path in zip(facts, examples, strict=True)}
    rows, classes, guesses = [], [], {}
    choices, pretraining = list(map(read_json, selected)), pretraining_columns(behind, made)
    of_reference = {place_of_run(run): run["recipe"] for choice in choices
                    if (run := choice["selected"])["arm"] == reference}  # fmt: skip
    for path, choice in zip(predictions, choices, strict=True):
        cell, run = read_predictions(path), choice["selected"]
        about = cell.about
        guess = (about["dataset"], about["seed"], tuple(run["class_counts"]))  # the same for all arms with this subset
        if guess not in guesses:
            guesses[guess] = guessing_scores(METRICS.values(), cell.labels, run["class_counts"])
        n = train_rows[about["dataset"]]
        rows.append(score_cell(cell, run, choice, guesses[guess], n, measured, of_cell(pretraining, about)))
        rows[-1]["other_keys"] = other_keys(run["recipe"], of_reference.get(place_of_run(run)))
        if rows[-1]["status"] == OK:
            classes.append(pd.DataFrame(class_columns(confusion_of(cell), about["label_names"])).assign(**place(about)))
    scores = pd.DataFrame(rows).astype(NULLABLE)
    check_sizes(scores)
    paths = {tuple(row[key] for key in CELL): path for row, path in zip(rows, predictions, strict=True)
             if row["status"] == OK}  # fmt: skip
    by_number = {(dataset, arm, n, seed): path for (dataset, arm, _, n, seed), path in paths.items()}
    own = measured_scores(scores, by_number, measured)
    scores = with_means(scores, metric, "score", own, measured.scale, measured.bounds)
    gaps, behind = pd.DataFrame(gap_rows(rows, predictions, reference, measured)), {}
    if len(gaps):
        behind = measured_gaps(gaps, scores, by_number, measured)
        gaps = with_means(gaps, "gap", "gap", behind)
    by_group = pd.DataFrame(rows_by_group(paths, texts, reference, measured))
    if len(by_group):
        by_group = with_group_means(by_group, reference, measured, own, behind)
    guessing = set(scores.loc[scores["family"] == "majority", "arm"])
    issues, ceilings = issue_rows(scores, paths, texts, measured)
    scores["accuracy_ceiling"] = scores["dataset"].map(ceilings).astype(float)
    confusions, reliability = largest_rows(scores, predictions)
    tables = {
        "scores": scores,
        "gaps": gaps,
        "tuning": pd.DataFrame(tuning_rows(choices, rows, measured)),
        "by_class": pd.concat(classes) if classes else pd.DataFrame(),
        "by_group": by_group,
        "group_gaps": group_gap_table(paths, texts, reference, SharedModels(scores)).assign(reference=reference),
        "shifts": shift_table(shifted, paths, guessing, measured),
        "label_issues": pd.DataFrame(issues),
        "confusion": pd.DataFrame(confusions),
        "reliability": pd.DataFrame(reliability),
    }
    labels = total_labels(scores) if budget == TOTAL else None
    for name, table in tables.items():
        typed = with_titles(table, titles, reference, TYPES.get(name))
        typed = typed if labels is None else with_budget(typed, labels)
        write_table(outputs[name], pa.Table.from_pandas(typed, preserve_index=False), reference=reference)
    for row in scores[scores["status"] != OK].to_dict("records"):
        log.warning("%(dataset)s, %(arm)s, %(size)s labels, seed %(seed)s: %(status)s, so without scores", row)
    if (scores["status"] == OK).any():
        summary = scores.pivot_table(metric, ["dataset", "n"], "arm", sort=False).mul(measured.scale).round(3)
        log.info("test %s (%s), mean over seeds\n%s", measured.title, measured.unit, summary.to_string())


def check_sizes(scores):
    """Raise BadInput if an arm has two sizes of the same number of labels, or a size of several numbers.

    scores: rows of scores.parquet.
    """
    for (dataset, _), cells in scores.groupby(["dataset", "arm"], sort=False):
        try:
            for size, numbers in cells.groupby("size", sort=False)["n"]:
                if numbers.nunique() > 1:  # in later rounds than `data.subsets.ROUNDS`, with groups of rows
                    told = f"{numbers.min():,} to {numbers.max():,} training examples in different rounds of folds"
                    raise BadInput(f"experiment.sizes: {size.replace('pct', '%')} stands for {told}; give a number")
            check_distinct(dict(zip(cells["size"], cells["n"].tolist(), strict=True)))
        except BadInput as error:
            raise BadInput(f"dataset {dataset!r}: {error}") from error


def with_titles(table, titles, reference, types):
    """Return a table with the titles of its datasets and arms, and with the columns and `types` that are given."""
    table = table.reindex(columns=[*types]) if types and table.empty else table
    for column in ("dataset", "arm"):
        table = table.assign(**{f"{column}_title": table[column].map(titles[column])})
    if types and "reference" in types:
        table = table.assign(reference_title=titles["arm"][reference])
    return table[[*types]].astype(types) if types else table
