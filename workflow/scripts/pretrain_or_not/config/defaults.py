"""Fill in the defaults of a config."""

import copy

from pretrain_or_not.config.schema import definition_name, resolved, schema


def with_defaults(config):
    """Fill in the defaults of a valid config, in place, and return it."""
    definitions = schema()["$defs"]
    fill(config, schema())
    for arm in config["arms"].values():
        fill(arm, definitions[definition_name("family", arm["family"])])
    for dataset in config["datasets"].values():
        fill(dataset, definitions[definition_name("source", dataset["source"])])
        for shift in dataset.get("shifts", {}).values():
            fill(shift, definitions["shift"])
    for name, kind in (("models", "model"), ("predict", "prediction")):
        for entry in config[name].values():
            fill(entry, definitions[kind])
    return config


def fill(value, schema):
    """Fill in the defaults of a mapping and of the mappings in its fields."""
    for key, field in schema.get("properties", {}).items():
        field = resolved(field)
        if key not in value and "default" in field:
            value[key] = copy.deepcopy(field["default"])
        if isinstance(value.get(key), dict):
            fill(value[key], field)
