"""Classify lines of text with a selected model, in a shell: python -m pretrain_or_not.predict MODEL < texts > classes.

Each line of the standard input is a text. For a model that reads pairs, it holds two texts with a tab between them; for
one whose data set joins several columns, the texts of all columns, with tabs between them. Each line of the output
holds the class and its probability, separated by a tab, in the order of the input. A blank line is classified as an
empty text, so that both have the same number of lines.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from itertools import islice
from pathlib import Path

from pretrain_or_not.errors import BadInput

LINES_AT_ONCE = 5000


def main(arguments: list[str] | None = None) -> int:
    """Classify the standard input, and return the exit status. arguments: of the command line, None for those given."""
    parser = argparse.ArgumentParser(
        prog="python -m pretrain_or_not.predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="the folder `selected` of a cell, or a copy of it")
    parser.add_argument(
        "--probabilities", action="store_true",
        help="write the class and the probabilities of all classes, below a line that names the columns",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    try:
        blank = classify(given.model, sys.stdin.buffer, sys.stdout, given.probabilities)
        sys.stdout.flush()
        if blank:
            is_ = "is" if blank == 1 else "are"
            print(f"WARNING: {blank:,} of the lines {is_} blank, and got the class of an empty text", file=sys.stderr)
    except BadInput as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the next command of the pipe has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def classify(folder: Path, source, target, probabilities: bool) -> int:
    """Classify lines of bytes, write lines of text, and return how many were blank.

    probabilities: whether to write those of all classes. A model that is not clearly better than guessing is told of.
    Raises BadInput for a folder that is no model, or a line that is not UTF-8 or no pair.
    """
    from pretrain_or_not.evaluation.choose_model import doubts  # here, so that --help is quick
    from pretrain_or_not.evaluation.text_classifier import load

    model, blank = load(folder), 0
    for doubt in doubts(model.about, None):
        print(f"WARNING: {doubt}", file=sys.stderr)
    writer = csv.writer(target, delimiter="\t", lineterminator="\n")
    if probabilities:
        writer.writerow(["class", *(f"p_{name}" for name in model.classes)])
    numbered = enumerate(source, 1)
    while lines := list(islice(numbered, LINES_AT_ONCE)):
        blank += sum(not line.strip() for _, line in lines)
        found = model.predict([text_of(line, number, model.about["text"], model.pair) for number, line in lines])
        for label, row in zip(found.labels, found.probabilities.tolist(), strict=True):
            writer.writerow([label, *(f"{p:.6g}" for p in (row if probabilities else [max(row)]))])
        target.flush()
    return blank


def text_of(line: bytes, number: int, columns: list[str], pair: bool):
    """Return the text of a line, or the texts of several columns; raise BadInput that names its number.

    columns: of the data set, whose texts the model reads. pair: whether they make a pair.
    """
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"line {number}: not UTF-8 ({error.reason}); convert it, as by: iconv -t UTF-8") from error
    if len(columns) == 1:
        return text
    texts = tuple(text.split("\t")) if pair or text.strip() else ("",) * len(columns)
    if len(texts) != len(columns):
        count = f"{len(texts)} text{'s' if len(texts) > 1 else ''}"
        if pair:
            raise BadInput(f"line {number}: {count}, and the model reads pairs; put one tab between two texts")
        names = ", ".join(columns)
        raise BadInput(
            f"line {number}: {count}, and the model reads {len(columns)} columns ({names}); put a tab between two of "
            "them, and nothing where one is empty"
        )
    return texts


if __name__ == "__main__":
    sys.exit(main())
