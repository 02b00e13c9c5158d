"""The schema of the config says what everything means, and holds without this project's checks."""

from jsonschema import Draft202012Validator

from helpers.configs import put, valid
from pretrain_or_not.config.schema import resolved, schema


def test_the_schema_is_valid_and_describes_every_field():
    Draft202012Validator.check_schema(schema())

    def fields(node, place):
        node = resolved(node)
        assert node.get("description"), f"{place} has no description"
        closed = node.get("additionalProperties")
        if node.get("properties"):
            assert closed is not None or "allOf" in node, f"{place} is open"
        for key, field in node.get("properties", {}).items():
            fields(field, f"{place}/{key}")
        for field in [node.get("items"), closed]:
            if isinstance(field, dict):
                fields(field, f"{place}/*")

    fields(schema(), "")
    for name, node in schema()["$defs"].items():
        fields(node, f"$defs/{name}")


def test_the_schema_alone_finds_mistakes_too():
    """So that an editor which knows JSON schemas can mark them."""
    validator = Draft202012Validator(schema())
    assert validator.is_valid(valid())
    assert not validator.is_valid(put(valid(), "arms/minilm/epoch", 3))
    assert not validator.is_valid(put(valid(), "datasets/yelp/sources", 3))
