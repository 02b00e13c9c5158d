"""Every key of the config's schema, spoilt in every way: each is refused in one line before the DAG is built."""

import copy

import pytest
import yaml
from jsonschema import Draft202012Validator

from helpers.project import Project
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.schema import resolved, schema, types_of
from pretrain_or_not.config.wording import show, spot
from pretrain_or_not.errors import BadInput

AT_LEAST = 150

# One valid config in which every mapping of the schema occurs, to be filled with every key's default.
BASE = """
experiment: {datasets: [docs], arms: [a, b], reference: a, sizes: [10, 20], seeds: [0],
  exclude: [{datasets: [docs], arms: [b], sizes: [10], seeds: [0]}]}
timing: {arms: [a]}
predict: {new: {files: f.csv}}
published: {datasets: {docs: yelp}, arms: {a: RoBERTa-Large}}
datasets:
  docs: {source: docstrings, packages: {x: x, y: y}}
  table: {source: files, files: f.csv, shifts: {other: {files: g.csv, labels: {a: [1], b: [2]}}}}
  parts: {source: files, files: {train: a.csv}, labels: {a: [1], b: [2]}}
  far: {source: hub, id: a/b, split: {train: train}}
  raw: {source: files, files: raw.csv, label: null}
models:
  m: {path: somewhere}
  n: {pretrain: {from: {layers: 2, hidden: 8, heads: 2}, tokenizer: {train: 200}, texts: raw, without: [docs],
    order: {ngrams: 2}, weights: {self_influence: [1.0, -1.0]}}}
  o: {pretrain: {from: m, objective: supervised, tasks: [docs]}}
arms:
  a: {family: bert, model: m, learning_rates: [1.0e-4], adapter: {kind: lora}}
  b: {family: lstm, tokenizer: m, learning_rates: [1.0e-3], teacher: {arm: a, texts: raw}}
  c: {family: tfidf, tokenizer: m}
  d: {family: probe, model: m}
  e: {family: bag, tokenizer: m, learning_rates: [1.0e-2], reselect: {steps: 100}}
  f: {family: static, model: m}
  g: {family: knn, model: m}
  h: {family: majority}
  i: {family: contrastive, model: m, learning_rates: [1.0e-5]}
  j: {family: prompt, model: m, words: {x: y}}
  k: {family: bert, model: m, learning_rates: [1.0e-4], augment: {generator: m, words: {x: y}}}
"""
SAMPLES = {
    "null": None, "boolean": True, "integer": 7, "number": 0.5, "string": "sample", "array": [[]], "object": {"x": {}},
}  # fmt: skip


def walk(value, node, place=()):
    """Yield (place, schema) of every key and item that `value` has and the schema describes."""
    node = of_kind(resolved(node), value)
    yield place, node
    if isinstance(value, dict):
        for key, item in value.items():
            field = node.get("properties", {}).get(key, node.get("additionalProperties"))
            if isinstance(field, dict):
                yield from walk(item, field, (*place, key))
    elif isinstance(value, list) and value and "items" in node:
        yield from walk(value[0], node["items"], (*place, 0))


def of_kind(node, value):
    """Return the schema of an arm's family or a dataset's source if a key of `value` selects it, otherwise `node`."""
    for choice in node.get("allOf", []):
        ((key, constant),) = choice.get("if", {}).get("properties", {None: None}).items()
        if key and value.get(key) == constant["const"]:
            return resolved(choice["then"])
    return node


def accepts(node, value):
    """Return whether a field's schema alone accepts a value."""
    return Draft202012Validator({**node, "$defs": schema()["$defs"]}).is_valid(value)


def wrong_values(node):
    """Yield (mistake, value) for a field: each other type, null, slightly out of range, none of the choices, empty."""
    types = types_of(node) or sorted({kind_of(option) for option in node.get("enum", [node.get("const")])})
    for name, sample in SAMPLES.items():
        if name not in types and not (name == "integer" and "number" in types):
            yield f"{name} for {' or '.join(types)}", sample
    step = 1 if types[0] == "integer" else 1e-3
    if "minimum" in node:
        yield "too small", node["minimum"] - step
    if "maximum" in node:
        yield "too large", node["maximum"] + step
    if "exclusiveMinimum" in node:
        yield "too small", node["exclusiveMinimum"]
        yield "negative", -5
    if "exclusiveMaximum" in node:
        yield "too large", node["exclusiveMaximum"]
    if "enum" in node:
        yield "no choice", f"{next(option for option in node['enum'] if option)}x"
    if node.get("minLength") or "pattern" in node:
        yield "empty text", ""
    if "array" in types and node.get("minItems"):
        yield "empty list", []
    if "object" in types and node.get("minProperties", 0) + len(node.get("required", [])):
        yield "empty mapping", {}
    if types[0] in ("integer", "number"):
        yield "a number as text", "2e-5"


def kind_of(value):
    """Return the JSON type of a value."""
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}
    return names[type(value)]


def misspelt(key):
    """Return a key with its second and third letters swapped, or its last letter doubled."""
    swapped = key[0] + key[2:3] + key[1:2] + key[3:]
    return swapped if swapped != key else key + key[-1]


def at(config, place):
    """Return the value at a place of a config."""
    for part in place:
        config = config[part]
    return config


def mutations():
    """Yield (mistake, config, wrong key, text that the message must contain)."""
    base = check_config(yaml.safe_load(BASE))

    def spoilt(place, change):
        config = copy.deepcopy(base)
        change(at(config, place))
        return config

    for place, node in walk(base, schema()):
        here, last = spot(place), place[-1] if place else None
        for fault, value in wrong_values(node) if place else []:
            if not accepts(node, value):
                config = spoilt(place[:-1], lambda parent, key=last, value=value: parent.update({key: value})
                                if isinstance(parent, dict) else parent.__setitem__(key, value))  # fmt: skip
                shown = "missing" if value == {} and node.get("required") else show(value)
                yield f"{here}: {fault}", config, here, shown
        mapping = at(base, place)
        if not isinstance(mapping, dict):
            continue
        if node.get("additionalProperties") is False:
            for key in mapping:
                wrong = misspelt(key)
                config = spoilt(place, lambda mapping, key=key, wrong=wrong: mapping.update({wrong: mapping.pop(key)}))
                yield f"{spot((*place, key))}: misspelt", config, wrong, f"did you mean '{key}'?"
            config = spoilt(place, lambda mapping: mapping.update(no_such_key_at_all=1))
            yield f"{here}: unknown key", config, "no_such_key_at_all", f"(allowed: {next(iter(node['properties']))}"
        for key in node.get("required", []):
            config = spoilt(place, lambda mapping, key=key: mapping.pop(key))
            yield f"{spot((*place, key))}: missing", config, key, "is missing ("


MUTATIONS = {name: rest for name, *rest in mutations()}
PLACES = sorted({name.rpartition(": ")[0] for name in MUTATIONS})
ADVICE = ("give ", "write ", "put it in quotes", "is not one of", "is missing", "did you mean", "allowed: ", "such as")


def test_there_are_enough_and_each_key_is_among_them():
    assert len(MUTATIONS) >= AT_LEAST, len(MUTATIONS)
    for name, node in {"": schema(), **schema()["$defs"]}.items():
        for key in node.get("properties", {}):
            assert any(place.endswith(key) for place in PLACES), f"no mutation of {key} in {name or 'the schema'}"


@pytest.mark.parametrize("place", PLACES)
def test_a_spoilt_config_is_refused_in_one_line(place):
    for name, (config, key, told) in MUTATIONS.items():
        if name.rpartition(": ")[0] != place:
            continue
        with pytest.raises(BadInput) as caught:
            check_config(config)
        # What follows from a mistake may be one more: a cut of a class leaves too few.
        lines = [line for line in str(caught.value).splitlines() if key in line]
        assert lines, (name, str(caught.value))
        assert lines[0].startswith("config: ") and len(lines[0]) < 600, name
        assert told in lines[0], (name, lines[0])
        assert any(words in lines[0] for words in ADVICE), (name, lines[0])


@pytest.mark.parametrize("kind", ["missing", "misspelt", "unknown key", "too small", "null for", "string for"])
def test_snakemake_refuses_before_it_plans(project, kind):
    """One mistake of each kind, through the command that a user types."""
    config, key, told = next(rest for name, rest in MUTATIONS.items() if kind in name)
    done = project.snakemake("--dry-run", config=config)
    assert done.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("config: ")]
    assert key in line and told in line, line
    assert "Traceback" not in done.stdout and "Job stats" not in done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a project in which nothing has run."""
    return Project(tmp_path_factory.mktemp("project"), tiny_bert)
