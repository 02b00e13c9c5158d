"""Source `docstrings`: first paragraphs of docstrings in installed packages; the class is the package."""

import ast
import gc
import re
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.packages import find_package, installed_version
from pretrain_or_not.files.syntax import statements
from pretrain_or_not.job import log

NAMED, SHARED = "docstring with a name of a package or a word of `mentions`", "docstring of two packages"

DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def find_inputs(name, dataset):
    """Return no paths; raise BadInput for a package that is not installed."""
    for label, package in dataset["packages"].items():
        if find_package(package) is None:
            raise BadInput(
                f"config: datasets.{name}.packages.{label}: {package!r} is not an installed package; "
                "install it, or leave the class out"
            )
    return []


def find_versions(dataset):
    """Return the installed versions of the packages: {package: version}."""
    return {package: installed_version(package) for package in dataset["packages"].values()}


def read(dataset, threads=1):
    """Yield two RAW batches: the docstrings that are kept, and those that are left out, each with the reason."""
    import pyarrow as pa

    from pretrain_or_not.data.raw_batches import RAW

    found = read_docstrings(dataset["packages"], dataset["mentions"], dataset["max_characters"], threads)
    for rows in ([row for row in found if not row[2]], [row for row in found if row[2]]):
        texts, labels, reasons = ([row[column] for row in rows] for column in range(3))
        batch = pa.record_batch([texts, labels, [None] * len(rows)], schema=RAW)
        yield batch.append_column("left_out", pa.array(reasons, pa.string()))


def first_paragraphs(path, max_characters):
    """Return the first paragraph of each class and function docstring in a source file, a list of one-line texts.

    max_characters: longer texts are cut.
    """
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError):  # templates and test data that only look like Python
        return []
    texts = []
    for node in (node for node in statements(tree) if isinstance(node, DEFINITIONS)):
        docstring = ast.get_docstring(node, clean=False) or ""
        paragraph = re.split(r"\n\s*\n", docstring.strip(), maxsplit=1)[0]
        texts.append(" ".join(paragraph.split())[:max_characters].strip())
    return [text for text in texts if text]


def source_files(package):
    """Return the sorted paths of the .py files of an installed package, without importing it.

    Raises BadInput if the package is not installed.
    """
    root = find_package(package)
    if root is None:
        raise BadInput(f"datasets: packages: {package!r} is not an installed package; install it or leave it out")
    return [str(path) for path in sorted(root.rglob("*.py"))]


def read_docstrings(packages, mentions, max_characters, threads=1):
    """Return (text, label, why it is left out) of each docstring, in a fixed order; None for those that are kept.

    packages: class name -> importable package. mentions: more words that would reveal a label. Texts that contain the
    name of a package, a class name or one of `mentions` are left out, and so are texts that occur in two packages.
    """
    texts, labels = [], []
    # Syntax trees have no reference cycles; searching for some took a third of the time.
    with ProcessPoolExecutor(threads, initializer=gc.disable) as pool:
        for label, package in packages.items():
            files = source_files(package)
            paragraphs = pool.map(first_paragraphs, files, [max_characters] * len(files), chunksize=64)
            found = [text for texts_of_file in paragraphs for text in texts_of_file]
            log.info("%s: %d docstrings in %d files", label, len(found), len(files))
            texts += found
            labels += [label] * len(found)

    packages_of = defaultdict(set)
    for text, label in zip(texts, labels, strict=True):
        packages_of[text.lower()].add(label)
    names = sorted({*packages, *packages.values(), *mentions}, key=len, reverse=True)
    # A name also reveals the package inside a longer word ("PyTorch", "numpy.ndarray").
    named = re.compile("|".join(map(re.escape, names)), re.IGNORECASE)
    reasons = [
        NAMED if named.search(text) else SHARED if len(packages_of[text.lower()]) > 1 else None for text in texts
    ]
    return list(zip(texts, labels, reasons, strict=True))
