"""Check the documentation: its commands, configs, code and links.

    python tools/check_docs.py                      check all pages; takes a minute or two
    python tools/check_docs.py --results results    also run the Python examples that read the quickstart's results

In a temporary copy of the project, each `snakemake` command is planned but not run. Missing data files are replaced by
tiny ones with the right columns. `make` targets are checked with `make -n`, scripts by their options. Prints one line
per problem, and exits with status 1 if there is one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tools")]

from doc_blocks import Block, read_blocks, write_files  # noqa: E402
from make_docs import EDITOR_SCHEMA  # noqa: E402

from pretrain_or_not.config.check import check_config  # noqa: E402
from pretrain_or_not.config.schema import schema  # noqa: E402
from pretrain_or_not.errors import BadInput  # noqa: E402

README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PACKAGE = ROOT / "workflow" / "scripts" / "pretrain_or_not"
MOST_LINES = 180  # of the README

# What a command of the documentation may start with, besides those that are checked.
NOT_RUN = {
    "bash",
    "cd",
    "cp",
    "export",
    "find",
    "git",
    "hf",
    "pip",
    "pre-commit",
    "rm",
    "scancel",
    "source",
    "squeue",
    "xargs",
}
# Options of snakemake that need a finished or locked folder.
PARSED_ONLY = {"--unlock", "--report", "--lint", "experiment={partial: true}"}
OPERATORS = {";", "|", "&&", "||", "&"}

ROWS = 60_000  # of each file of data that stands in for a user's

problems: list[str] = []


def pages() -> list[Path]:
    """Return the Markdown pages of the project."""
    return [README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def changes_code(page: Path) -> bool:
    """Return whether a page holds files of the workflow itself, as the page about extensions does."""
    return any(block.mark and block.mark["path"].startswith("workflow/") for block in read_blocks(page))


def copy_project(folder: Path) -> Path:
    """Copy what Snakemake needs to plan an experiment; return the folder."""
    ignore = shutil.ignore_patterns("__pycache__")
    folder.mkdir()
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "slurm", "envs", "experiments", "tools"):
        source = ROOT / name
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder / name)
    return folder


# Links


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Return the anchors of all headings of a page."""
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", without_code(page), re.MULTILINE)}


def without_code(page: Path) -> str:
    """Return the text of a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def check_links(page: Path) -> None:
    """Note links and images that lead nowhere in the project."""
    text = without_code(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists():
            problems.append(f"{page.name}: link to {target}: there is no such file")
        elif anchor and linked.suffix == ".md" and anchor not in anchors(linked):
            problems.append(f"{page.name}: link to {target}: there is no such heading")


def check_map() -> None:
    """Note modules that the list in the page about the architecture lacks, and those that do not exist."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([\w/]+[.]py)` \|", text, re.MULTILINE))
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    for name in sorted(modules - listed):
        problems.append(f"{ARCHITECTURE.name}: the list of modules lacks {name}")
    for name in sorted(name for name in listed if not (PACKAGE / name).is_file()):
        problems.append(f"{ARCHITECTURE.name}: the list of modules names {name}, which does not exist")


# Configs


def load_yaml(path: Path):
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def check_yaml(block: Block, copy: Path) -> None:
    """Note a YAML block that is not YAML, or holds a config that is not valid over its base."""
    try:
        content = yaml.safe_load(block.text)
    except yaml.YAMLError as error:
        problems.append(f"{block.place}: not YAML: {' '.join(str(error).split())}")
        return
    if not isinstance(content, dict) or not set(content) <= set(schema()["properties"]) or changes_code(block.page):
        return
    config = load_yaml(ROOT / "config.yaml")
    if block.base:
        update_config(config, load_yaml(copy / block.base))
    update_config(config, content)
    try:
        check_config(config)
    except BadInput as error:
        problems.extend(f"{block.place}: {line}" for line in str(error).splitlines())


def check_editor_schema() -> None:
    """Note config files that the schema for editors refuses."""
    validator = Draft202012Validator(json.loads(EDITOR_SCHEMA.read_text(encoding="utf-8")))
    for path in (ROOT / "config.yaml", *sorted((ROOT / "experiments").glob("*.yaml"))):
        for error in validator.iter_errors(load_yaml(path)):
            problems.append(f"{path.name}: config.schema.json refuses {error.json_path}: {error.message}")


# Commands


def commands(block: Block) -> list[list[str]]:
    """Return the commands of a bash block, each as a list of words."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if word in OPERATORS:
                found.append(command)
                command = []
            elif command or not re.fullmatch(r"[A-Z_]+=.*", word):
                command.append(word)
    return [command for command in found if command]


def run(command: list[str], folder: Path, exported: dict | None = None) -> subprocess.CompletedProcess:
    """Run a command in a folder; return the finished process, with its output in one text."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= exported or {}
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def note_failure(done: subprocess.CompletedProcess, block: Block, what: str) -> None:
    """Note a command that failed, with the end of its output."""
    if done.returncode:
        end = "\n    ".join(done.stdout.strip().splitlines()[-8:])
        problems.append(f"{block.place}: {what}\n    {end}")


def check_command(command: list[str], block: Block, copy: Path, results: Path | None, planned: set) -> None:
    """Note a command that cannot work."""
    program, *arguments = command
    name = Path(program).name
    if name == "snakemake":
        check_snakemake(arguments, block, copy, planned)
    elif name == "make":
        note_failure(run(["make", "-n", *arguments], ROOT), block, shlex.join(command))
    elif name == "python" and arguments[0] == "-c":
        check_python(arguments[1], block, copy, results)
    elif name == "python" and arguments[:2] == ["-m", "pytest"]:
        check_pytest(arguments[2:], block)
    elif name == "python" and arguments[0] == "-m" and arguments[1].startswith(f"{PACKAGE.name}."):
        check_script([f"workflow/scripts/{arguments[1].replace('.', '/')}.py", *arguments[2:]], block)
    elif name == "python" and arguments[0].endswith(".py"):
        check_script(arguments, block)
    elif name not in NOT_RUN:
        problems.append(f"{block.place}: {shlex.join(command)}: not a command that this script knows; see NOT_RUN")


def check_snakemake(arguments: list[str], block: Block, copy: Path, planned: set) -> None:
    """Plan what a `snakemake` command would run, once for each command; or only parse its options."""
    if PARSED_ONLY & set(arguments):
        code = "import sys; from snakemake.cli import parse_args; parse_args(sys.argv[1:])"
        note_failure(run([sys.executable, "-c", code, *arguments], copy), block, shlex.join(["snakemake", *arguments]))
        return
    arguments = [word for word in arguments if word not in ("-n", "--dry-run")]
    if (copy, *arguments) in planned:
        return
    planned.add((copy, *arguments))
    for config in named_configs(arguments, copy):
        for dataset in [*(config.get("datasets") or {}).values(), *(config.get("predict") or {}).values()]:
            make_data(dataset, copy)
    done = run([sys.executable, "-m", "snakemake", *arguments, "-n"], copy, exports(block, copy))
    note_failure(done, block, shlex.join(["snakemake", *arguments, "-n"]))


def exports(block: Block, copy: Path) -> dict[str, str]:
    """Return the environment variables that a block exports; an absolute path becomes a folder of the copy."""
    found = dict(re.findall(r"^export (\w+)=(\S+)$", block.text, re.MULTILINE))
    for name, value in found.items():
        if value.startswith("/"):
            found[name] = str(copy / "exported")
            (copy / "exported").mkdir(exist_ok=True)
    return found


def named_configs(arguments: list[str], copy: Path) -> list[dict]:
    """Return the configs that a `snakemake` command names, by `--configfile` and `--config`."""
    found: list[dict] = []
    for option, value in zip(arguments, arguments[1:], strict=False):
        if option == "--configfile" and (copy / value).is_file():
            found.append(load_yaml(copy / value))
        elif option == "--config":
            key, _, text = value.partition("=")
            found.append({key: yaml.safe_load(text)})
    merged: dict = {}
    for config in found:
        update_config(merged, config)
    return [merged]


def check_python(code: str, block: Block, copy: Path, results: Path | None) -> None:
    """Compile Python code and, where it reads results and they are given, run it."""
    try:
        compile(code, block.place, "exec")
    except SyntaxError as error:
        problems.append(f"{block.place}: {error}")
        return
    if results and "results/" in code:
        note_failure(run([sys.executable, "-c", code], copy), block, "the code failed")


def check_pytest(arguments: list[str], block: Block) -> None:
    """Note a test that does not exist."""
    for word in arguments:
        if word.startswith("tests"):
            path, _, test = word.partition("::")
            if not (ROOT / path).exists() or f"def {test}" not in ((ROOT / path).read_text() if test else "def "):
                problems.append(f"{block.place}: there is no test {word}")


def check_script(arguments: list[str], block: Block) -> None:
    """Note a script that does not exist, or lacks an option."""
    path = ROOT / arguments[0]
    if not path.is_file():
        problems.append(f"{block.place}: there is no script {arguments[0]}")
        return
    for word in arguments[1:]:
        if word.startswith("--") and f'"{word.partition("=")[0]}"' not in path.read_text(encoding="utf-8"):
            problems.append(f"{block.place}: {arguments[0]} has no option {word}")


# Data


def make_data(dataset: dict, folder: Path) -> None:
    """Make the files of a dataset that are missing, with the columns and labels that the config names.

    They have as many rows as the sizes on the pages ask for.
    """
    classes = (dataset.get("labels") or {"one": [1], "two": [2]}).values()
    rows = [("good", raws[0]) for raws in classes] * (ROWS // len(classes))
    columns = [dataset.get("text", "text"), dataset.get("label", "label")]
    files = dataset.get("files", dataset.get("file", []))
    groups = list(files.values()) if isinstance(files, dict) else [files]
    for path in (path for group in groups for path in ([group] if isinstance(group, str) else group)):
        if not (folder / path).exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content(path, columns, rows, dataset.get("member")))


def content(name: str, columns: list[str], values: list[tuple], member: str | None) -> bytes:
    """Return a table in the format that a file's name says."""
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    buffer = io.BytesIO()
    if ".tar" in name:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            data = content("lines.json", columns, values, None)
            entry = tarfile.TarInfo(member or "lines.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        return buffer.getvalue()
    if ".parquet" in name:
        pq.write_table(pa.Table.from_pylist(rows), buffer)
        return buffer.getvalue()
    if ".json" in name:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif ".csv" in name:
        lines = io.StringIO()
        csv.writer(lines).writerows([columns, *(row.values() for row in rows)])
        text = lines.getvalue()
    else:
        text = "".join("\t".join(str(value) for value in reversed(row.values())) + "\n" for row in rows)
    return gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()


# Pages


def check_page(page: Path, copy: Path, results: Path | None, planned: set) -> None:
    """Check the links and all blocks of a page."""
    check_links(page)
    for block in read_blocks(page):
        if block.language == "yaml":
            check_yaml(block, copy)
        elif block.language == "python" and not (block.mark and block.mark["row"]):
            check_python(block.text, block, copy, results)
        elif block.language == "bash":
            note_failure(run(["bash", "-n", "-c", block.text], copy), block, "not valid bash")
            for command in commands(block):
                check_command(command, block, copy, results, planned)


def main() -> int:
    """Check all pages; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a folder with the results of the quickstart")
    results = parser.parse_args().results
    if len(README.read_text(encoding="utf-8").splitlines()) > MOST_LINES:
        problems.append(f"{README.name}: longer than {MOST_LINES} lines")
    check_map()
    check_editor_schema()
    planned: set = set()
    with tempfile.TemporaryDirectory() as folder:
        shared = copy_project(Path(folder) / "shared")
        for page in pages():
            if not changes_code(page):
                write_files(page, shared)
        for page in pages():
            copy = shared
            if changes_code(page):
                copy = copy_project(Path(folder) / page.stem)
                write_files(page, copy)
            if results and not (copy / "results").exists():
                (copy / "results").symlink_to(results.resolve())
            check_page(page, copy, results, planned)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(pages())} pages, {len(planned)} plans, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
