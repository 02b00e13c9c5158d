"""Digests of the code that a job runs, for the family or the source that it is for and no other."""

from pretrain_or_not.config.families import Family
from pretrain_or_not.config.sources import SOURCES
from pretrain_or_not.files.code_digest import code_digest


def ingest_code(source: str) -> str:
    """Return the digest of reading a dataset from a source, by its name."""
    return code_digest("ingest.py", SOURCES[source].module)


def training_code(family: Family) -> str:
    """Return the digest of training a run."""
    return code_digest(family.script, family.module)


def test_code(family: Family) -> str:
    """Return the digest of testing a cell."""
    return code_digest("evaluate_cell.py", family.module)


def timing_code(family: Family) -> str:
    """Return the digest of timing an arm."""
    return code_digest("time_inference.py", family.module)
