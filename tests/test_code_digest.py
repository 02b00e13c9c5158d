"""What counts as a change of code."""

import ast
import os

import pytest

from code_digest import as_text, code_digest, local_imports, parse

MODULES = {
    "script.py": "import helper\n\nprint(helper.f(1))\n",
    "helper.py": '"""Helps."""\nfrom deep import g\n\ndef f(x):\n    """Doc."""\n    return g(x)\n',
    "deep.py": "def g(x):\n    import numpy\n    return x + 1\n",
    "other.py": "x = 1\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def digest(folder):
    parse.cache_clear()
    local_imports.cache_clear()
    return code_digest("script.py", folder)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "f(1)", "f(2)"),
        ("helper.py", "return g(x)", "return -g(x)"),
        ("deep.py", "x + 1", "x + 2"),
        ("deep.py", "import numpy", "import pandas"),
    ],
)
def test_code_of_the_script_and_of_what_it_imports_counts(folder, name, old, new):
    before = digest(folder)
    (folder / name).write_text(MODULES[name].replace(old, new))
    assert digest(folder) != before


def test_fields_that_another_python_has_do_not_count_while_they_are_empty():
    class FunctionDef(ast.FunctionDef):  # as of 3.12
        _fields = (*ast.FunctionDef._fields, "generic_over")

    function = ast.parse("def f(x=None, *y): return {**x, 1: 0}").body[0]
    newer = FunctionDef(**dict(ast.iter_fields(function)), generic_over=[])
    assert as_text(newer) == as_text(function)
    newer.generic_over = [ast.Name("T", ast.Load())]
    assert as_text(newer) != as_text(function)


@pytest.mark.parametrize(
    "texts", [("x = None", "x = 0"), ("return", "return None"), ("f(a)", "f(*a)"), ("x = ''", "x = b''"), ("[]", "()")]
)
def test_what_differs_reads_differently(texts):
    first, second = (as_text(ast.parse(text)) for text in texts)
    assert first != second


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "print(helper.f(1))", "print(\n    helper.f( 1 ),\n)  # a comment"),
        ("helper.py", '"""Helps."""', '"""Helps otherwise."""'),
        ("helper.py", '    """Doc."""\n', ""),
        ("deep.py", "x + 1", "(x + 1)"),
        ("other.py", "1", "2"),
    ],
)
def test_comments_docstrings_formatting_and_other_modules_do_not_count(folder, name, old, new):
    before = digest(folder)
    (folder / name).write_text(MODULES[name].replace(old, new))
    assert digest(folder) == before


def test_a_touch_does_not_count(folder):
    before = digest(folder)
    os.utime(folder / "helper.py", (1, 1))
    assert digest(folder) == before


def test_local_modules_do_not_hide_installed_ones():
    """A local module named like one of the standard library or an installed package would be picked at random."""
    import importlib.metadata
    import sys
    from pathlib import Path

    from code_digest import SCRIPTS

    local = {path.stem for path in Path(SCRIPTS).glob("*.py")}
    assert not local & set(sys.stdlib_module_names)
    assert not local & set(importlib.metadata.packages_distributions())
