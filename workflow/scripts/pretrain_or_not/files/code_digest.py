"""Hash the code of a script, so that Snakemake reruns a rule only when the code changes."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

from pretrain_or_not.files.syntax import statements

SCRIPTS = Path(__file__).resolve().parents[2]


def as_text(node):
    """Return a syntax tree as text: its classes and the fields that are not empty.

    Empty fields are left out because versions of Python differ in them, and an upgrade is no change of code.
    """
    if isinstance(node, ast.AST):
        used = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(f'{name}={as_text(value)}' for name, value in used)})"
    if isinstance(node, list):
        return f"[{', '.join(map(as_text, node))}]"
    return repr(node)


def parse(source):
    """Return the syntax tree of a module, without its docstrings; it has no comments or formatting."""
    tree = ast.parse(source)
    for node in statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree


def imported(tree):
    """Return the names that a module imports, at any place in it, each with those that may be modules, too."""
    names = set()
    for node in statements(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return sorted(names)


@cache
def read_module(path):
    """Return what counts of a module: a hash of its code, and the names that it imports."""
    tree = parse(path.read_bytes())
    return hashlib.sha256(as_text(tree).encode()).hexdigest(), imported(tree)


@cache
def local_imports(path, root=SCRIPTS):
    """Return the paths of the modules below `root` that the module at `path` imports."""
    return {file for name in read_module(path)[1] for file in module_files(name, root)}


@cache
def module_files(name, root):
    """Return the files below `root` that run when `name` is imported: the module's own, and those of its packages."""
    parts = name.split(".")
    packages = [root.joinpath(*parts[:k], "__init__.py") for k in range(1, len(parts) + 1)]
    return {path for path in [*packages, root.joinpath(*parts).with_suffix(".py")] if path.is_file()}


@cache  # the jobs of a workflow need only a few different ones
def code_digest(*modules: str, root: Path = SCRIPTS) -> str:
    """Return 16 hex digits that change with the code of `modules`, or of a local module that they import.

    modules: paths below `root` of a script, and of modules that it imports by a name known only at run time, such as
    the module of one family. Comments, docstrings, formatting and file times do not change the digest.
    """
    found, waiting = set(), [root / module for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += local_imports(path, root)
    text = "\n".join(f"{path.relative_to(root)}\n{read_module(path)[0]}" for path in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
