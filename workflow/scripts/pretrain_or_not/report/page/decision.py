"""Gather what the decision page shows from the files of an experiment."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
import yaml

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.arm_tables import curves_of, times_of
from pretrain_or_not.evaluation.curves import paths_of
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES
from pretrain_or_not.evaluation.recommend import Prices, Question, recommend
from pretrain_or_not.evaluation.without_labels import without_labels
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.provenance import sha256_of, versions
from pretrain_or_not.job import log
from pretrain_or_not.report.across_words import across_lines
from pretrain_or_not.report.answer import lead, method, of_dataset
from pretrain_or_not.report.budget_words import included
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.further import lines_on
from pretrain_or_not.report.gap_words import sentence
from pretrain_or_not.report.markup import terminal
from pretrain_or_not.report.notes import busy_notes, notes_on
from pretrain_or_not.report.page import write_page
from pretrain_or_not.report.page.content import dataset_content
from pretrain_or_not.report.recommendation_words import sentences
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.teacher_words import teacher_lines
from pretrain_or_not.report.wording import missing_words

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy", "pandas", "snakemake")

TABLES = ("scores", "answer", "worth", "beyond", "efficiency", "across", "pairs", "by_group", "shifts", "group_gaps")


def decision_page(
    tables: dict[str, PathLike],
    times: PathLike | None,
    predictions: list,
    summaries: list,
    examples: list,
    arms: list[str],
    threshold: float,
    metric: str,
    missing: list,
    costs: dict,
    target: float | None,
    teachers: dict,
    config: dict,
    output: PathLike,
) -> None:
    """Write the decision page of an experiment.

    tables: paths of TABLES. times: of tables/inference.parquet,
    None if nothing was timed. predictions: one path per cell. summaries, examples: of each dataset.json and
    examples.parquet, in the same order. arms: names, in order. threshold: up to which gap an arm is close to the best.
    metric: name of the experiment's. missing: cells that were not scored. costs, target, config: of the config,
    and all of it. teachers: see `Catalogue.teachers`.
    """
    frames, measured = {name: read_frame(path) for name, path in tables.items()}, METRICS[metric]
    frames["times"] = read_frame(times) if times is not None else pd.DataFrame()
    reference = read_metadata(tables["scores"])["reference"]
    labelled = frames["scores"]["n"] > 0  # the page is about numbers of labels; its sentences name arms without any
    learns = frames["scores"][(frames["scores"]["family"] != "majority") & labelled]
    curves = curves_of(learns, measured)
    shown = {
        "scores": learns, "curves": curves, "pairs": frames["pairs"], "beyond": frames["beyond"],
        "times": times_of(frames["times"], dict.fromkeys(curves["dataset"])),
    }  # fmt: skip
    paths = paths_of(frames["scores"], predictions)
    facts = {fact["dataset"]: fact for fact in map(read_json, summaries)}
    texts = dict(zip(facts, examples, strict=True))
    frames["unlabelled"] = without_labels(frames["scores"], paths, measured)
    warnings = {name: fact.get("warnings", []) for name, fact in facts.items()}
    datasets = [
        dataset_content(name, measured, reference, arms, shown, paths, texts[name])
        | sentences_on(name, frames, reference, warnings[name], taught_on(rows_on(name, shown), teachers, measured))
        for name in dict.fromkeys(shown["curves"]["dataset"])
    ]
    titles = dict(zip(frames["scores"]["dataset"], frames["scores"]["dataset_title"], strict=True))
    unscored = [
        {
            "text": f"{title}: no model has a score.",
            "notes": sentences_on(name, frames, reference, warnings[name])["notes"],
        }
        for name, title in titles.items()
        if name not in set(curves["dataset"])
    ]
    content = {
        "datasets": datasets,
        "unscored": unscored,
        "threshold": threshold,
        "included": included(frames["scores"]),
        "fewest": FEWEST_TEST_EXAMPLES,
        "costs": costs,
        "target": target,
        "warning": warning_words(missing, frames["scores"]["selection"]),
        "method": terminal(method(frames["answer"])) if len(frames["answer"]) else "",
        "made": how_made(config, facts, tables["scores"]),
    }
    said = [to_use(rows_on(one["name"], shown), threshold, measured, costs, target) + one["answer"] for one in datasets]
    said = [text for one in said for text in one] + [one["text"] for one in unscored]
    write_page(content, said, output)
    log.info("%d datasets, %d arms", len(datasets), len(arms))


def rows_on(dataset: str, shown: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the rows of a dataset in each table, which may be none."""
    return {name: table.loc[table["dataset"] == dataset] for name, table in shown.items()}


def to_use(
    own: dict[str, pd.DataFrame], threshold: float, metric: Metric, costs: dict, target: float | None
) -> list[str]:
    """Return the recommendation with the most labels, for a browser without scripts. own: see `rows_on`."""
    curves, pairs, times = (own[name] for name in ("curves", "pairs", "times"))
    batch = times["batch"].max() if len(times) else 0
    question = Question(float(curves["n"].max()), int(batch), None, max(threshold, 0.0), target)
    prices = Prices.of(costs)
    return sentences(question, recommend(curves, pairs, times, question, prices, metric), metric, prices)


def warning_words(missing: list, selection: pd.Series) -> str:
    """Return in words what holds for all that the page shows: missing cells, runs that were selected on test data."""
    said = [f"Not complete: {missing_words(missing)}."] if missing else []
    said += [f"Scores are too good{note}."] if (note := selection_note(selection)) else []
    return " ".join(said)


def taught_on(own: dict[str, pd.DataFrame], teachers: dict, metric: Metric) -> list[str]:
    """Return the lines on what teachers bring on a dataset, with times of the largest batch. own: see `rows_on`."""
    times = own["times"]
    times = times[times["batch"] == times["batch"].max()].set_index("arm")
    return teacher_lines(own["pairs"], times, teachers, metric)


def sentences_on(
    dataset: str, frames: dict[str, pd.DataFrame], reference: str, warnings: list[str], taught: Sequence[str] = ()
) -> dict:
    """Return the answer on a dataset, and its notes, as plain text. frames: see `decision_page`; taught: `taught_on`.

    The answer is a list of lines: those that begin with "- " are items of a list, the others paragraphs, or headings if
    they end with a colon.
    """
    own = {name: of_dataset(frame, dataset) if "dataset" in frame else None for name, frame in frames.items()}
    rows = own["answer"] if own["answer"] is not None else frames["answer"][:0]
    answer = [lead(rows, own["scores"]).removesuffix(":") + "." * (not rows.empty)]
    answer += [f"- {sentence(row)}" for row in rows.to_dict("records")]
    answer += taught
    answer += [line.strip() for line in lines_on(dataset, frames, frames["scores"])]
    answer += across_lines(frames["across"])
    notes = notes_on(own["scores"], rows, reference, warnings, own["by_group"]) + busy_notes(own["times"])
    return {"answer": [terminal(line) for line in answer if line], "notes": [terminal(note) for note in notes]}


def how_made(config: dict, facts: dict[str, dict], scores: PathLike) -> list[list[str]]:
    """Return heading and text of what the page is made from: config, data, versions."""
    about = {name: {key: value for key, value in fact.items() if key != "warnings"} for name, fact in facts.items()}
    made = {"packages": versions(*PACKAGES), "scores.parquet": f"sha256 {sha256_of(scores)}"}
    return [
        ["The configuration, with all defaults", yaml.safe_dump(config, sort_keys=False, allow_unicode=True)],
        ["The data (dataset.json)", json.dumps(about, indent=1, ensure_ascii=False)],
        ["Versions and digests", yaml.safe_dump(made, sort_keys=False)],
    ]
