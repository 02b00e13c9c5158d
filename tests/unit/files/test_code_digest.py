"""The digest of code changes with what a script does, and with nothing else."""

import ast
import importlib.metadata
import os
import shutil
import sys

import pytest

from helpers.paths import SCRIPTS
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.sources import SOURCES
from pretrain_or_not.files import code_digest as module
from pretrain_or_not.files.code_digest import as_text, code_digest
from pretrain_or_not.report.figures import FIGURES

MODULES = {
    "script.py": "import helper\nfrom package.near import h\n\nprint(helper.f(1), h(2))\n",
    "helper.py": '"""Helps."""\nfrom package.inner.deep import g\n\ndef f(x):\n    """Doc."""\n    return g(x)\n',
    "package/__init__.py": '"""A package."""\nx = 5\n',
    "package/near.py": "from package import sibling\n\ndef h(x):\n    return sibling.y * x\n",
    "package/sibling.py": "y = 7\n",
    "package/inner/__init__.py": "x = 6\n",
    "package/inner/deep.py": "def g(x):\n    import numpy\n    return x + 1\n",
    "package/inner/by_name.py": "import package.inner.below\n",  # imported by a name that is known only at run time
    "package/inner/below.py": "x = 8\n",
    "package/other.py": "x = 1\n",
    "other.py": "x = 1\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def forget():
    """Clear the caches of files, because a test has changed files."""
    for function in (module.read_module, module.local_imports, module.module_files, module.code_digest):
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def digest(folder, *modules):
    """Return the digest of a script, and of modules that it imports by name, as the files are now."""
    forget()
    return code_digest("script.py", *modules, root=folder)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "f(1)", "f(2)"),
        ("helper.py", "return g(x)", "return -g(x)"),
        ("package/__init__.py", "5", "6"),
        ("package/near.py", "* x", "+ x"),
        ("package/sibling.py", "7", "8"),
        ("package/inner/__init__.py", "6", "7"),
        ("package/inner/deep.py", "x + 1", "x + 2"),
        ("package/inner/deep.py", "import numpy", "import pandas"),
    ],
)
def test_code_of_the_script_and_of_what_it_imports_counts(folder, name, old, new):
    before = digest(folder)
    (folder / name).write_text(MODULES[name].replace(old, new))
    assert digest(folder) != before


def test_empty_fields_of_another_python_version_do_not_count():
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
def test_different_code_has_different_text(texts):
    first, second = (as_text(ast.parse(text)) for text in texts)
    assert first != second


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "print(helper.f(1), h(2))", "print(\n    helper.f( 1 ),\n h(2))  # a comment"),
        ("helper.py", '"""Helps."""', '"""Helps otherwise."""'),
        ("helper.py", '    """Doc."""\n', ""),
        ("package/__init__.py", '"""A package."""\n', ""),
        ("package/inner/deep.py", "x + 1", "(x + 1)"),
        ("package/inner/by_name.py", "below", "deep"),
        ("package/other.py", "1", "2"),
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


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("package/inner/by_name.py", "below", "deep"), ("package/inner/below.py", "8", "9")],
)
def test_a_module_given_by_name_counts_with_its_imports(folder, name, old, new):
    by_name = "package/inner/by_name.py"
    before, without = digest(folder, by_name), digest(folder)
    assert before != without
    (folder / name).write_text(MODULES[name].replace(old, new))
    assert digest(folder, by_name) != before
    assert digest(folder) == without


def test_the_place_of_the_folder_does_not_count_but_names_of_modules_do(folder, tmp_path_factory):
    before = digest(folder)
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("elsewhere") / "copy")
    assert digest(copy) == before
    (copy / "package" / "sibling.py").rename(copy / "package" / "brother.py")
    (copy / "package" / "near.py").write_text(MODULES["package/near.py"].replace("sibling", "brother"))
    assert digest(copy) != before


def test_local_modules_do_not_hide_installed_ones():
    """Which of two modules of the same name is imported, the local or the installed one, would depend on the path."""
    local = {path.stem for path in SCRIPTS.iterdir()}
    assert {"pretrain_or_not", "ingest"} <= local
    assert not local & set(sys.stdlib_module_names)
    assert not local & set(importlib.metadata.packages_distributions())


# The code of this project


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a copy of the scripts, what was read of it, and the digests of all jobs."""
    root = tmp_path_factory.mktemp("copied") / "scripts"
    shutil.copytree(SCRIPTS, root, ignore=shutil.ignore_patterns("__pycache__"))
    forget()
    return root, {}, {modules: code_digest(*modules, root=root) for modules in jobs()}


@pytest.fixture
def edited(copied, monkeypatch):
    """Yield a copy of the scripts, to edit, and the digests of all jobs before; a module is read once."""
    root, known, before = copied
    read_module = module.read_module.__wrapped__

    def read_once(path):
        key = (path, path.read_bytes())
        return known[key] if key in known else known.setdefault(key, read_module(path))

    monkeypatch.setattr(module, "read_module", read_once)
    texts = {path: path.read_bytes() for path in root.rglob("*.py")}
    yield root, before
    for path, text in texts.items():
        if path.read_bytes() != text:
            path.write_bytes(text)


def jobs():
    """Return the modules of every kind of job: its script, and what that imports by name."""
    families, sources = FAMILIES.values(), SOURCES.values()
    return [
        *[(path.name,) for path in SCRIPTS.glob("*.py")],
        *[(script, family.module) for family in families for script in (family.script, "evaluate_cell.py")],
        *[("time_inference.py", family.module) for family in families],
        *[("ingest.py", source.module) for source in sources],
        *[("draw_figure.py", f"pretrain_or_not/report/figures/{name}.py") for name in FIGURES],
    ]


# Jobs of the target `plan`, which nothing else depends on: they look at the code of all others.
OF_PLAN = ("measure_speed.py", "write_plan.py")


def changed_jobs(edited, *names, of_plan=False):
    """Return the modules of the jobs whose digest an edit of the modules `names` changes.

    edited: of the fixture. of_plan: whether those of the target `plan` count.
    """
    root, before = edited
    for name in names:
        with open(root / name, "r+") as file:  # not "a", which would make a file that is not there
            file.seek(0, 2)
            file.write("\nedited = True\n")
    forget()
    changed = {modules for modules in jobs() if code_digest(*modules, root=root) != before[modules]}
    return changed if of_plan else {modules for modules in changed if modules[0] not in OF_PLAN}


@pytest.mark.parametrize("family", FAMILIES)
def test_code_of_a_family_concerns_its_own_jobs_only(edited, family):
    row = FAMILIES[family]
    expected = {(script, row.module) for script in (row.script, "evaluate_cell.py", "time_inference.py")}
    assert changed_jobs(edited, row.module) == expected


@pytest.mark.parametrize("source", SOURCES)
def test_code_of_a_source_concerns_its_own_jobs_only(edited, source):
    assert changed_jobs(edited, SOURCES[source].module) == {("ingest.py", SOURCES[source].module)}


@pytest.mark.parametrize("name", FIGURES)
def test_code_of_a_figure_concerns_its_own_jobs_only(edited, name):
    path = f"pretrain_or_not/report/figures/{name}.py"
    assert changed_jobs(edited, path) == {("draw_figure.py", path)}


def test_a_row_of_the_table_of_metrics_concerns_only_the_jobs_that_score(edited):
    """No model is trained, tested, asked as a teacher or timed again."""
    changed = {modules[0] for modules in changed_jobs(edited, "pretrain_or_not/config/metrics.py")}
    assert changed == {
        "answer.py", "decision_page.py", "draw_figure.py", "score.py", "table_scores.py", "table_shifts.py",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "script"), [("neural_run", "train_network.py"), ("fitted_run", "fit_classifier.py")])
def test_code_of_training_concerns_no_testing_or_timing(edited, name, script):
    changed = changed_jobs(edited, f"pretrain_or_not/training/{name}.py")
    assert changed == {modules for modules in jobs() if modules[0] == script}


@pytest.mark.parametrize("table", ["families", "sources"])
def test_a_new_row_in_a_table_makes_nothing_run_again(edited, table):
    assert changed_jobs(edited, f"pretrain_or_not/config/{table}.py") == set()


def test_a_new_sweep_trains_nothing(edited):
    """The answer names the key of a sweep that is too narrow."""
    assert changed_jobs(edited, "pretrain_or_not/config/sweeps.py") == {("answer.py",), ("decision_page.py",)}


def test_planning_makes_nothing_run_again(edited):
    assert changed_jobs(edited, *(edited[0] / "pretrain_or_not" / "plan").glob("*.py")) == set()


def test_a_module_that_all_jobs_import_concerns_all(edited):
    assert changed_jobs(edited, "pretrain_or_not/job.py", of_plan=True) == set(jobs())
