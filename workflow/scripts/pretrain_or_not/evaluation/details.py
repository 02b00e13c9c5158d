"""Compute the tables that go into the details of cells: groups, wrong labels, confusions."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.config.grid import repetition
from pretrain_or_not.evaluation.by_class import confusion_matrix, confusion_rows
from pretrain_or_not.evaluation.by_group import group_rows
from pretrain_or_not.evaluation.calibration import reliability_rows
from pretrain_or_not.evaluation.label_issues import label_issues
from pretrain_or_not.evaluation.predictions import CELL, FEWEST_TEST_EXAMPLES, OK, Predictions, read_predictions
from pretrain_or_not.evaluation.test_rows import GROUP, group_columns, test_columns, test_texts
from pretrain_or_not.files.parquet import read_metadata

# Share of the test examples that the best arm has right, as the mean over the classes, from which on it judges labels:
# an arm that misses a rare class takes its own errors for wrong labels. In simulations with right labels only, the
# estimate was 2 to 3 % at 90 % right, 6 % at 86 %, and 15 % at 76 %.
STRONG = 0.9


def rows_by_group(paths, texts, reference, metric):
    """Return the rows of scores_by_group.parquet, of the datasets that have groups.

    The folds of a round are put together, as each has few examples of a group; their row has the first seed of the
    round. paths: cell, the values of CELL -> path of its predictions. texts: dataset -> path of its examples.parquet.
    """
    rows, groups = [], {}
    columns_of = {dataset: group_columns(examples) for dataset, examples in texts.items()}
    for cells in tested_together({key: path for key, path in paths.items() if columns_of[key[0]]}):
        at, others = dict(zip(CELL, cells[0], strict=True)), [of_arm(key, reference) for key in cells]
        cell = read_together([paths[key] for key in cells])
        # Each round has its own order of the test examples; seeds without folds share theirs.
        tested = at["dataset"], tuple(key[-1] for key in cells) if cell.about.get("folds") else None
        if tested not in groups:
            table = test_columns(texts[at["dataset"]], cell.ids, columns_of[at["dataset"]])
            groups[tested] = {name.removeprefix(GROUP): table[name].to_numpy() for name in table.column_names}
        same = read_together([paths[key] for key in others]) if paths.keys() >= set(others) else None
        rows += [at | row for row in group_rows(cell, same, groups[tested], metric)]
    return rows


def tested_together(paths):
    """Return lists of cells, the values of CELL: the folds of a round by seed, each other cell alone."""
    found = {}
    for key, path in paths.items():
        folds = read_metadata(path).get("folds")
        in_round = repetition(key[-1], folds)
        found.setdefault((*key[:-1], in_round), []).append(key)
    return list(map(sorted, found.values()))


def of_arm(key, arm):
    """Return the cell of another arm, the values of CELL."""
    return tuple((dict(zip(CELL, key, strict=True)) | {"arm": arm}).values())


def read_together(paths):
    """Read the predictions of some cells as those of one; its metadata are those of the first."""
    cells = list(map(read_predictions, paths))
    ids, labels, probabilities = (np.concatenate(parts) for parts in zip(*(cell[:3] for cell in cells), strict=True))
    return Predictions(ids, labels, probabilities, cells[0].about)


def issue_rows(scores, paths, texts, metric):
    """Return the rows of label_issues.parquet, and the accuracy of an arm that is always right: dataset -> share.

    The labels of each dataset are judged by the arm with the best mean score at its own largest size; its seeds'
    probabilities are averaged. With fewer test examples than FEWEST_TEST_EXAMPLES, or without a STRONG arm,
    nothing is judged. paths, texts: see `rows_by_group`.
    """
    rows, ceilings = [], {}
    largest = scores[scores["n"] == scores.groupby(["dataset", "arm"])["n"].transform("max")]
    for dataset, cells in largest[largest["status"] == OK].groupby("dataset", sort=False):
        arm = (metric.sign * cells.groupby("arm")[metric.name].mean()).idxmax()
        read = [read_predictions(paths[tuple(key)]) for key in cells.loc[cells["arm"] == arm, CELL].values.tolist()]
        ids, labels, probabilities = mean_predictions(read)
        if len(ids) < FEWEST_TEST_EXAMPLES or mean_recall(labels, probabilities) < STRONG:
            continue
        names = read[0].about["label_names"]
        found, noise = label_issues(labels, probabilities)
        ceilings[dataset] = 1 - noise
        found_texts = test_texts(texts[dataset], ids[found["row"]])
        rows += [
            {"dataset": dataset, "arm": arm, "id": ids[row], "text": text, "given": names[labels[row]],
             "suggested": names[suggested], "score": score}
            for row, suggested, score, text in zip(*found.values(), found_texts, strict=True)
        ]  # fmt: skip
    return rows, ceilings


def mean_recall(labels, probabilities):
    """Return the mean over the classes that the labels have of the share of their examples that are right."""
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    given = matrix.sum(axis=1)
    return (np.diag(matrix)[given > 0] / given[given > 0]).mean()


def mean_predictions(cells):
    """Return ids, labels and mean probabilities of the examples that `Predictions` have, each example once.

    Cells with other seeds have the same test examples; those of other folds have others.
    """
    ids, first, places = np.unique(np.concatenate([cell.ids for cell in cells]), return_index=True, return_inverse=True)
    sums = np.zeros((len(ids), cells[0].probabilities.shape[1]))
    np.add.at(sums, places, np.concatenate([cell.probabilities for cell in cells]))
    labels = np.concatenate([cell.labels for cell in cells])[first]
    return ids, labels, sums / np.bincount(places)[:, None]


def place(about):
    """Return the columns that say which cell a row is of. about: metadata of its predictions."""
    return {key: about[key] for key in CELL}


def confusion_of(cell):
    """Return the confusion matrix of a cell's `Predictions`."""
    return confusion_matrix(cell.labels, cell.predicted, cell.probabilities.shape[1])


def largest_rows(scores, predictions):
    """Return the rows of confusion.parquet and reliability.parquet, of each arm's largest size on each dataset.

    scores: rows of scores.parquet, as a frame. predictions: one path per row.
    """
    largest = scores["n"] == scores.groupby(["dataset", "arm"], sort=False)["n"].transform("max")
    confusions, reliability = [], []
    for i in np.flatnonzero(largest & (scores["status"] == OK)):
        cell = read_predictions(predictions[i])
        temperature = scores["temperature"].iloc[i]
        temperature = None if np.isnan(temperature) else temperature
        confusions += [place(cell.about) | row for row in confusion_rows(confusion_of(cell), cell.about["label_names"])]
        reliability += [
            place(cell.about) | row for row in reliability_rows(cell.labels, cell.probabilities, temperature)
        ]
    return confusions, reliability
