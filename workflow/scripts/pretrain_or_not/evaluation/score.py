"""Score the predictions of all cells, in two tidy tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from pretrain_or_not.compute.hits import NO_CLASS
from pretrain_or_not.config.settings import setting_value
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.metrics import metric_columns, paired_gap
from pretrain_or_not.evaluation.metrics import scores as scores_of
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet, read_metadata, write_table
from pretrain_or_not.job import log

CELL = ["dataset", "arm", "size", "n", "seed"]

COST = ["seconds", "examples_per_second", "training_flops", "peak_memory_mb", "parameters", "parameters_trained",
        "parameters_embedding", "steps", "device", "precision", "threads"]  # fmt: skip

# Further values of a run.json that cells are diagnosed by; those of other families are missing.
FROM_RUN = ["best_step", "validations", "converged", "lowest_loss", "guessing_loss", "subset_classes"]

# The types of columns that may hold no value at all.
NULLABLE = {
    **dict.fromkeys(
        [*metric_columns(), "validation_accuracy", "lowest_loss", "unknown_tokens", "truncated"], "float64"
    ),
    **dict.fromkeys(["predicted_classes", "best_step"], "Int64"),
    "converged": "boolean",
    "sweep_edge": "str",
}

GAPS = {"dataset": str, "dataset_title": str, "arm": str, "arm_title": str, "reference": str, "reference_title": str,
        "size": str, "n": int, "share": float, "seed": int, "gap": float, "gap_se": float, "test_examples": int,
        "selection": str}  # fmt: skip


OK, NOT_FINITE = "ok", "not finite"  # the status of a cell


def read_predictions(path):
    """Read (ids, labels, predicted) from a file of predictions, as NumPy arrays (n,); NO_CLASS where there is none."""
    with open_parquet(path) as file:
        table = file.read(columns=["id", "label", "predicted"])
    return tuple(table[name].fill_null(NO_CLASS).to_numpy() for name in ("id", "label", "predicted"))


def score_cell(predictions, selected, train_rows):
    """Return one row of scores.parquet: the cell, its status, metrics, what to diagnose it by, and its selected run.

    A cell without a finite validation, or with a test prediction that is not finite, has no metrics. train_rows:
    dataset -> number of its training examples.
    """
    about, choice = read_metadata(predictions), read_json(selected)
    run = choice["selected"]
    _, labels, predicted = read_predictions(predictions)
    finite = run["validation_accuracy"] is not None and NO_CLASS not in predicted
    metrics = scores_of(labels, predicted, len(about["label_names"])) if finite else dict.fromkeys(metric_columns())
    return {
        **{key: about[key] for key in CELL},
        "share": about["n"] / train_rows[about["dataset"]],
        "setting": about["setting"],
        "selection": run.get("selection", "validation"),
        "status": OK if finite else NOT_FINITE,
        **metrics,
        "majority_accuracy": float((labels == run["majority_class"]).mean()),
        "classes": len(about["label_names"]),
        "predicted_classes": len(np.unique(predicted)) if finite else None,
        **{key: run.get(key) for key in FROM_RUN},
        "sweep_edge": sweep_edge(choice),
        "unknown_tokens": about["unknown_tokens"],
        "truncated": None if about["truncated"] is None else about["truncated"] / len(labels),
        "test_examples": len(labels),
        "validation_accuracy": run["validation_accuracy"],
        "validation_examples": run["validation_examples"],
        "sweep_seconds": choice["sweep_seconds"],
        "inference_examples_per_second": about["inference"]["examples"] / about["inference"]["seconds"],
        **{key: run[key] for key in COST},
    }


def sweep_edge(choice):
    """Return "lowest" or "highest" if the selected value is at that end of its sweep, otherwise None.

    It is None, too, where another run is as accurate. choice: content of a selected.json.
    """
    values = {run["setting"]: setting_value(run["setting"]) for run in (choice["selected"], *choice["beaten"])}
    chosen, accuracy = choice["selected"]["setting"], choice["selected"]["validation_accuracy"]
    if len(values) == 1 or accuracy in (None, *(run["validation_accuracy"] for run in choice["beaten"])):
        return None
    ends = {min(values, key=values.__getitem__): "lowest", max(values, key=values.__getitem__): "highest"}
    return ends.get(chosen)


def gap_rows(scores, predictions, reference):
    """Return the rows of gaps.parquet: each cell of another arm against the reference arm, same subset and test data.

    A cell has no gap if the experiment leaves out the same cell of the reference arm, or one of the two has no
    accuracy. A gap counts as selected on test if one of its two cells was. scores: rows of scores.parquet, one per path
    of `predictions`. Raises BadInput if test examples differ.
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
        ids, labels, predicted = read_predictions(path)
        reference_ids, _, reference_predicted = read_predictions(other)
        if not (ids == reference_ids).all():
            raise BadInput(f"{other}: not the test examples of arm {row['arm']}; delete both and run again")
        gap, error = paired_gap(reference_predicted == labels, predicted == labels)
        rows.append(
            cell
            | {
                "share": row["share"],
                "reference": reference,
                "gap": gap,
                "gap_se": error,
                "test_examples": len(ids),
                "selection": "test" if "test" in (row["selection"], reference_row["selection"]) else "validation",
            }
        )
    return rows


def score(predictions: list, selected: list, summaries: list, reference: str, titles: dict, outputs: dict) -> None:
    """Write both tables.

    predictions, selected: one path per cell, in the same order. summaries: path of each dataset.json. titles:
    {"dataset": …, "arm": …}, each name -> title. outputs: paths of `scores` and `gaps`.
    """
    train_rows = {facts["dataset"]: facts["rows"]["train"] for facts in map(read_json, summaries)}
    rows = [score_cell(*pair, train_rows) for pair in zip(predictions, selected, strict=True)]
    scores = pd.DataFrame(rows).astype(NULLABLE)
    gaps = pd.DataFrame(gap_rows(rows, predictions, reference), columns=list(GAPS))
    for table in (scores, gaps):
        for column in ("dataset", "arm"):
            table[f"{column}_title"] = table[column].map(titles[column])
    gaps["reference_title"] = titles["arm"][reference]
    gaps = gaps.astype(GAPS)
    for path, table in ((outputs["scores"], scores), (outputs["gaps"], gaps)):
        write_table(path, pa.Table.from_pandas(table, preserve_index=False), reference=reference)
    for row in scores[scores["status"] != OK].to_dict("records"):
        log.warning("%(dataset)s, %(arm)s, %(size)s labels, seed %(seed)s: %(status)s, so without accuracy", row)
    if (scores["status"] == OK).any():
        summary = scores.pivot_table("accuracy", ["dataset", "n"], "arm", sort=False).mul(100).round(2)
        log.info("test accuracy in %%, mean over seeds\n%s", summary.to_string())
