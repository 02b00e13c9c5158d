"""What to run next for a narrower interval, with its price in time."""

from __future__ import annotations

import math

from pretrain_or_not.config.grid import NO_LABELS
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.forecast.facts import Done
from pretrain_or_not.forecast.forecast import Forecast, Row
from pretrain_or_not.forecast.total import Machine, tasks
from pretrain_or_not.plan.file_checks import training_rows
from pretrain_or_not.report.amounts import duration
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.wording import counted


def next_steps(forecast: Forecast, rows: list[Row], done: Done, machine: Machine) -> list[str]:
    """Return sentences, as Markdown: the sizes that the answer asks for, and one more seed of everything.

    rows: of the experiment. Without an answer, only the seed.
    """
    found = sizes_between(forecast, done, machine)
    seeds = forecast.catalogue.experiment["seeds"]
    more = [
        forecast.row(row.dataset, row.arm, row.size, new_seeds(forecast, row.dataset, seeds), done)
        for row in rows
        if row.size != NO_LABELS  # what needs no labels has no seeds
    ]
    if all(row.one for row in more):
        models = forecast.catalogue.models_per_arm()
        which = (
            f"One more seed, {max(seeds) + 1}, makes" if not with_folds(forecast) else "One more round of folds makes"
        )
        if models > 1:  # seeds that are no multiple of the models make intervals wider
            which = f"{models} more {'rounds of folds' if with_folds(forecast) else 'seeds'}, one per model, make"
        found.append(f"{which} all intervals narrower: {price(more, machine)}.")
    return found


def with_folds(forecast):
    """Return whether a dataset of the experiment has folds."""
    return any(forecast.catalogue.datasets[name].get("folds") for name in forecast.catalogue.experiment["datasets"])


def new_seeds(forecast, dataset, seeds):
    """Return the seeds that come next: one for each pretrained model of an arm; with folds, those of as many rounds."""
    folds = forecast.catalogue.datasets[dataset].get("folds") or 1
    return list(range(max(seeds) + 1, max(seeds) + 1 + folds * forecast.catalogue.models_per_arm()))


def price(rows: list[Row], machine: Machine) -> str:
    """Return in words what new cells take."""
    seconds = machine.seconds(tasks(rows, [], 0, at_most=False))
    return f"{counted(sum(row.runs for row in rows), 'more run')}, about {duration(seconds)}"


def sizes_between(forecast, done, machine):
    """Return a sentence for each size that answer.parquet asks for; sizes that the experiment has are left out."""
    titles, experiment = forecast.catalogue.titles(), forecast.catalogue.experiment
    asked: dict[tuple, list] = {}
    for row in answers(forecast.catalogue.results / "answer.parquet"):
        wanted, arms = row.get("next_size"), {row["arm"], row["reference"]}
        if row["dataset"] not in experiment["datasets"] or not arms <= set(experiment["arms"]):
            continue  # it answers an earlier experiment
        most = training_rows(forecast.summary(row["dataset"]))
        if wanted is not None and math.isfinite(wanted) and float(f"{wanted:.2g}") <= most:
            asked.setdefault((row["dataset"], float(f"{wanted:.2g}")), []).append(row)
    found = []
    for (dataset, wanted), of_size in asked.items():
        n = int(wanted)
        arms = dict.fromkeys([of_size[0]["reference"], *(row["arm"] for row in of_size)])
        more = [forecast.row(dataset, arm, str(n), experiment["seeds"], done) for arm in arms]
        if n in {int(row.n) for row in forecast.rows(done) if row.dataset == dataset} or not all(r.one for r in more):
            continue
        names = ", ".join(markdown(titles["arm"][row["arm"]]) for row in of_size)
        found.append(
            f"Size {n:,} tells most about from how many labels on the gap is small ({names}): {price(more, machine)}."
        )
    return found


def answers(path):
    """Return the rows of answer.parquet as dicts; an empty list if it is not there, or damaged."""
    try:
        with open_parquet(path) as file:
            return file.read().to_pylist()
    except (OSError, BadInput):
        return []
