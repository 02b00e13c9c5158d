"""Refuse a config file that has a key twice in one place, of which YAML would take the last one without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from pretrain_or_not.config.schema import LOADER
from pretrain_or_not.config.wording import spot
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import PathLike

MERGE = "<<"  # of YAML, which may stand several times


def check_repeated_keys(files: Iterable[PathLike]) -> None:
    """Raise BadInput with one line per key that a mapping of one of the config files has twice."""
    lines = [
        f"{path}: {place} stands twice, in lines {first} and {again}, and only the last one would count; merge them"
        for path in files
        for place, first, again in repeated_keys(Path(path).read_text(encoding="utf-8"))
    ]
    if lines:
        raise BadInput("\n".join(lines))


def repeated_keys(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (place, line, line again) of each key that a mapping in a YAML document has twice: ``arms.lstm``, 3, 9."""
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:  # Snakemake could read it: it is JSON, indented by tabs, which YAML does not allow
        return iter(())
    return of_node(root, (), set()) if root else iter(())


def of_node(node, place, done):
    """Yield what `repeated_keys` does, below a node; done: ids of nodes, as one may have several names."""
    if id(node) in done or isinstance(node, yaml.ScalarNode):
        return
    done.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from of_node(child, place, done)
        return
    lines: dict[str, int] = {}
    for key, child in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines and name != MERGE:
            yield spot((*place, name)), lines[name], line
        lines[name] = line
        yield from of_node(child, (*place, name), done)
