"""The embedded corpus: first paragraphs of docstrings in installed packages; the label is the package."""

import ast
import gc
import re
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from data_files import find_package
from stage import BadInput, log
from syntax import statements

DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def first_paragraphs(path, max_characters):
    """First paragraph of every class and function docstring in a source file, white space collapsed, cut."""
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
    """The sorted .py files of an installed package, found without importing it.

    Raises BadInput where the package is not installed.
    """
    spec = find_package(package)
    if spec is None:
        raise BadInput(f"datasets: packages: {package!r} is not an installed package; install it or leave it out")
    root = Path(spec.submodule_search_locations[0])
    return [str(path) for path in sorted(root.rglob("*.py"))]


def read_docstrings(packages, mentions, max_characters, threads=1):
    """Return (texts, labels): two lists of the same length, in a fixed order.

    packages: class name -> importable package. mentions: further words that would betray a label. Left out are texts
    that contain a package's name, its class name or one of `mentions`, and texts that occur in two packages.
    """
    texts, labels = [], []
    # Trees have no cycles to collect; looking for some took a third of the time.
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
    # A name also betrays the package inside a longer word ("PyTorch", "numpy.ndarray").
    named = re.compile("|".join(map(re.escape, names)), re.IGNORECASE)
    kept = [i for i, text in enumerate(texts) if not named.search(text) and len(packages_of[text.lower()]) == 1]
    log.info(
        "%d docstrings; left out: those that name a package or occur in two: %d", len(texts), len(texts) - len(kept)
    )
    return [texts[i] for i in kept], [labels[i] for i in kept]
