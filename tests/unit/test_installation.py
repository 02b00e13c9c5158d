"""What `pip install .` installs is enough to classify texts with any family."""

import ast
import re
import sys
import tomllib

from helpers.paths import PACKAGE, ROOT, SCRIPTS
from pretrain_or_not.files.code_digest import module_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEPENDENCIES = set(PROJECT["project"]["dependencies"])
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}

# Modules that are imported by name, or only where they are needed.
STARTS = ("predict.py", "evaluation/text_classifier.py", "compute/extract_features.py", "compute/devices.py")


def imports(path):
    """Return the names that a module imports whenever it is imported: not those in functions."""
    names = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_all_imports_of_prediction_are_dependencies():
    waiting = [*(PACKAGE / start for start in STARTS), *(PACKAGE / "arms").glob("*.py")]
    seen, others = set(), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imports(path):
            if name.startswith(PACKAGE.name):
                waiting += module_files(name, SCRIPTS)
            else:
                others.add(name.partition(".")[0])
    needed = {DISTRIBUTIONS.get(name, name) for name in others - set(sys.stdlib_module_names)}
    assert {"torch", "pyarrow"} <= needed
    assert needed <= DEPENDENCIES


def test_the_dependencies_are_among_those_of_the_workflow():
    lines = (ROOT / "envs" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {re.split(r"[=<> #]", line)[0] for line in lines} >= DEPENDENCIES


def test_the_whole_package_is_installed():
    setuptools = PROJECT["tool"]["setuptools"]
    assert setuptools["package-dir"] == {"": str(SCRIPTS.relative_to(ROOT))}
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)  # otherwise it is no package
