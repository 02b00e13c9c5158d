"""Digests of the code of a job: only the code for its own family, source or metric is included."""

from pretrain_or_not.config.families import Family
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.sources import SOURCES
from pretrain_or_not.files.code_digest import SCRIPTS, code_digest
from pretrain_or_not.files.provenance import digest, sha256_of

# Modules that train arms with a key, which no other arm needs.
FEATURES = {
    "reselect": "pretrain_or_not/training/reselection.py",
    "augment": "pretrain_or_not/training/augmentation.py",
}

PAGE = SCRIPTS / "pretrain_or_not" / "report"


def ingest_code(source: str) -> str:
    """Return the digest of the code that reads a dataset. source: name of its source."""
    return code_digest("ingest.py", SOURCES[source].module)


def training_code(family: Family, metric: Metric, arm: dict) -> str:
    """Return the digest of the code that trains a run of an arm and validates it by a metric. arm: its keys."""
    return code_digest(
        family.script, family.module, metric.module, *(FEATURES[key] for key in FEATURES if arm.get(key))
    )


def test_code(family: Family, metric: Metric) -> str:
    """Return the digest of the code that tests a cell, and scores it by a metric for the card of its model."""
    return code_digest("evaluate_cell.py", family.module, metric.module)


def scoring_code(script: str) -> str:
    """Return the digest of the code of a script that scores by all metrics."""
    return code_digest(script, *(metric.module for metric in METRICS.values()))


def page_code() -> str:
    """Return the digest of the code of the decision page, with that which runs in the browser."""
    return digest([scoring_code("decision_page.py"), *map(sha256_of, sorted((PAGE / "page").glob("page.*")))])


def timing_code(family: Family) -> str:
    """Return the digest of the code that times an arm."""
    return code_digest("time_inference.py", family.module)


def prediction_code(families: list[Family]) -> str:
    """Return the digest of the code that classifies new texts with a model of one of some families."""
    return code_digest("predict_texts.py", SOURCES["files"].module, *(family.module for family in families))


def shift_code(family: Family) -> str:
    """Return the digest of the code that tests a model of a family on a further test set."""
    return code_digest("evaluate_shift.py", family.module)


def further_texts_code() -> str:
    """Return the digest of the code that reads or makes a further test set."""
    return code_digest("shift.py", SOURCES["files"].module)


def teaching_code(family: Family) -> str:
    """Return the digest of the code that asks a teacher of a family."""
    return code_digest("teach.py", family.module)


def speed_code(family: Family, metric: Metric) -> str:
    """Return the digest of the code that measures how fast an arm is trained."""
    return code_digest("measure_speed.py", family.module, metric.module)
