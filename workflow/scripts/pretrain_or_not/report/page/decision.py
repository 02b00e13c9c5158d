"""Gather what the decision page shows from the files of an experiment."""

from __future__ import annotations

import json

import pandas as pd
import yaml

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.recommend import curves_of, times_of
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.provenance import sha256_of, versions
from pretrain_or_not.job import log
from pretrain_or_not.report.answer import method, of_dataset, sentence
from pretrain_or_not.report.beyond_words import beyond_lines
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.markup import terminal
from pretrain_or_not.report.notes import busy_notes, notes_on
from pretrain_or_not.report.page import write_page
from pretrain_or_not.report.page.content import dataset_content
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.wording import missing_words
from pretrain_or_not.report.worth_words import worth_lines

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy", "pandas", "snakemake")


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
    config: dict,
    output: PathLike,
) -> None:
    """Write the decision page of an experiment.

    tables: paths of `scores`, `answer`, `worth`, `beyond`, `pairs` and `by_group`. times: of tables/inference.parquet,
    None if nothing was timed. predictions: one path per cell. summaries, examples: of each dataset.json and
    examples.parquet, in the same order. arms: names, in order. threshold: up to which gap an arm is close to the best.
    metric: name of the experiment's. missing: cells that were not scored. costs, config: a section of the config, and
    all of it.
    """
    frames, measured = {name: read_frame(path) for name, path in tables.items()}, METRICS[metric]
    frames["times"] = read_frame(times) if times is not None else pd.DataFrame()
    reference = read_metadata(tables["scores"])["reference"]
    learns = frames["scores"][frames["scores"]["family"] != "majority"]
    shown = {
        "scores": learns, "curves": curves_of(learns, measured), "pairs": frames["pairs"], "beyond": frames["beyond"],
        "times": times_of(frames["times"]),
    }  # fmt: skip
    abouts = {path: read_metadata(path) for path in predictions}
    paths = {(a["dataset"], a["arm"], a["n"], a["seed"]): path for path, a in abouts.items()}
    facts = {fact["dataset"]: fact for fact in map(read_json, summaries)}
    texts = dict(zip(facts, examples, strict=True))
    datasets = [
        dataset_content(name, measured, reference, arms, shown, paths, texts[name])
        | sentences_on(name, frames, reference, facts[name].get("warnings", []))
        for name in dict.fromkeys(shown["curves"]["dataset"])
    ]
    content = {
        "datasets": datasets,
        "threshold": threshold,
        "costs": costs,
        "warning": warning(missing, frames["scores"]["selection"]),
        "method": terminal(method(frames["answer"])) if len(frames["answer"]) else "",
        "made": how_made(config, facts, tables["scores"]),
    }
    write_page(content, [sentence for dataset in datasets for sentence in dataset["answer"]], output)
    log.info("%d datasets, %d arms", len(datasets), len(arms))


def warning(missing: list, selection: pd.Series) -> str:
    """Return in words what holds for all that the page shows: missing cells, runs that were selected on test data."""
    said = [f"Not complete: {missing_words(missing)}."] if missing else []
    said += [f"Scores are too good{note}."] if (note := selection_note(selection)) else []
    return " ".join(said)


def sentences_on(dataset: str, frames: dict[str, pd.DataFrame], reference: str, warnings: list[str]) -> dict:
    """Return the sentences of the answer on a dataset, and its notes, as plain text. frames: see `decision_page`."""
    own = {name: of_dataset(frame, dataset) if len(frame) else None for name, frame in frames.items()}
    rows = own["answer"] if own["answer"] is not None else frames["answer"][:0]
    answer = [sentence(row) for row in rows.to_dict("records")]
    for key, lines_of in (("worth", worth_lines), ("beyond", beyond_lines)):
        if own[key] is not None:
            answer += [line.removeprefix("- ").strip() for line in lines_of(own[key])]
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
