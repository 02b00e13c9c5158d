"""The reference of the config, made from its schema."""

import pytest

from helpers.tools import tool
from pretrain_or_not.config.schema import schema


@pytest.fixture(scope="module")
def make_docs():
    """Return the tool that writes the reference, as a module."""
    return tool("make_docs")


def test_every_section_has_its_keys(make_docs):
    page = make_docs.configuration_page()
    for name in schema()["properties"]:
        rows = [line for line in page.splitlines() if line.startswith(f"| `{name}")]
        assert rows, name
    keys = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `predict.NAME.")]
    assert keys == [f"predict.NAME.{key}" for key in schema()["$defs"]["prediction"]["properties"]]


def test_an_empty_table_is_refused(make_docs):
    with pytest.raises(ValueError, match=r"x of the schema has no keys: its table in configuration\.md would be empty"):
        make_docs.table({"type": "object"}, "x")
