"""Hash what a script does, so that Snakemake reruns a rule when its code changes and only then."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from syntax import statements

SCRIPTS = Path(__file__).parent


def as_text(node):
    """A syntax tree as text, by its classes and the fields that are not empty: versions of Python differ in which
    fields there are beside those that a program makes use of, and an upgrade is no change of code."""
    if isinstance(node, ast.AST):
        used = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(f'{name}={as_text(value)}' for name, value in used)})"
    if isinstance(node, list):
        return f"[{', '.join(map(as_text, node))}]"
    return repr(node)


dump = cache(as_text)  # most modules are in the digests of several scripts


@cache
def parse(path):
    """The syntax tree of a module without its docstrings: what is left when comments and formatting are gone."""
    tree = ast.parse(path.read_bytes())
    for node in statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree


@cache
def local_imports(path):
    """Paths of the modules beside `path` that it imports, anywhere in it."""
    names = set()
    for node in statements(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {module for name in names if (module := path.parent / f"{name}.py").is_file()}


def code_digest(script, folder=SCRIPTS):
    """16 hex digits that change with the code of `script`, or of a local module that it imports, directly or not.

    A comment, a docstring, the formatting or a file's time change nothing.
    """
    modules, waiting = set(), [folder / script]
    while waiting:
        path = waiting.pop()
        if path not in modules:
            modules.add(path)
            waiting += local_imports(path)
    text = "\n".join(f"{path.name}\n{dump(parse(path))}" for path in sorted(modules))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
