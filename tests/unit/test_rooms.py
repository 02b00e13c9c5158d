"""The rooms of the package: what may import what, how long a module may be, how short its purpose is told."""

import ast
import re

import pytest

from helpers.paths import PACKAGE, SCRIPTS

# A module imports from its own room, or from one before it.
ROOMS = ("errors", "job", "files", "cluster", "config", "data", "compute", "training", "pretraining", "arms",
         "evaluation", "report", "plan", "predict", "forecast", "export")  # fmt: skip
LONGEST = 300  # lines
MODULES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
ENTRIES = {path.name: path for path in sorted(SCRIPTS.glob("*.py"))}


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(name):
    """Return the room of a file in the package: its folder, or the module itself where it is at the top."""
    return name.partition("/")[0].removesuffix(".py")


def rooms_imported(path):
    """Yield the room of each import of the package in a module, anywhere in it, with its line."""
    for node in ast.walk(parse(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}, line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, *inside = name.split(".")
            if package == PACKAGE.name:
                yield (inside or ["the package itself"])[0], node.lineno


def first_sentence(path):
    """Return the first sentence of a module's docstring, on one line."""
    text = ast.get_docstring(parse(path)) or ""
    return " ".join(re.split(r"\n\s*\n|(?<=[.?!])\s", text, maxsplit=1)[0].split())


def test_every_folder_is_a_room():
    found = {room_of(name) for name in MODULES} - {"__init__"}
    assert found <= set(ROOMS)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__.py"])
def test_a_module_imports_from_its_own_room_or_one_below(name):
    allowed = ROOMS[: ROOMS.index(room_of(name)) + 1]
    above = [(room, line) for room, line in rooms_imported(MODULES[name]) if room not in allowed]
    assert above == [], f"{name} imports from rooms above its own (room, line)"


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_long(name):
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.stat().st_size])
def test_a_module_has_one_purpose(name):
    """The first sentence of its docstring has no "and"."""
    purpose = first_sentence(MODULES[name])
    assert purpose.endswith(".") or ":" in purpose, purpose
    assert not re.search(r"\band\b", purpose, re.IGNORECASE), purpose


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_script_only_calls_the_package(name):
    text = ENTRIES[name].read_text(encoding="utf-8")
    assert 8 <= len(text.splitlines()) <= 25
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, functions)]
    assert "and" not in first_sentence(ENTRIES[name]).split()
