"""The texts that Snakemake prints after the last job."""

from collections.abc import Iterable
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.report.markup import terminal
from pretrain_or_not.report.wording import counted, missing_words

PLACES = {  # names, and words after them
    "Page": (["answer.html"], " (open it in a browser)"),
    "Figures": (["figures/"], ""),
    "Tables": (["tables/", "scores.parquet", "gaps.parquet", "answer.parquet"], ""),
}
ANSWER = "answer.md"


def closing_words(results: Path, asked: set[Path], predicted: Iterable[str] = ()) -> str:
    """Return the answer as plain text and the places of the other results; an empty string without any.

    asked: the files that the run was to make, or to find as they should be. Others may be of an earlier run, which is
    said. predicted: names of new texts; the places of those that are classified are told, with the model that did it.
    """
    tables = [results / "predict" / f"{name}.csv" for name in predicted]
    new = "".join(f"New texts: {table}{model_words(table)}\n" for table in tables if table in asked and table.is_file())
    folders = {path.parent for path in asked}
    old = [] if results / ANSWER in asked or not (results / ANSWER).is_file() else [ANSWER]
    places = ""
    for title, (names, words) in PLACES.items():
        there = [name for name in names if (results / name).exists()]
        current = [name for name in there if results / name in (folders if name.endswith("/") else asked)]
        old += [name for name in there if name not in current]
        places += f"\n{title}: {results}/{', '.join(current)}{words}" if current else ""
    text = ""
    if (results / ANSWER).is_file() and ANSWER not in old:
        whole = terminal((results / ANSWER).read_text(encoding="utf-8"))
        text = whole.partition("\n")[2].partition("\n## ")[0].rstrip()
    if not (text or places):
        return new
    if old:
        places += f"\nNot asked for, so perhaps of an earlier run: {results}/{', '.join(old)}"
    return f"{text}\n{places}\n{new}"


def model_words(table: Path) -> str:
    """Return in words which model classified new texts; nothing if the Parquet file beside their CSV cannot be read."""
    from pretrain_or_not.files.parquet import read_metadata  # here, so that the Snakefile is parsed without pyarrow

    try:
        model = read_metadata(table.with_suffix(".parquet"))["model"]
    except (BadInput, OSError):  # the answer is to be told in any case
        return ""
    labels = counted(model["n"], "label")
    return f", classified by arm {model['arm']} with {labels}, seed {model['seed']}, of dataset {model['dataset']}"


def plan_words(results: Path) -> str:
    """Return the plan as plain text, with the place of its table."""
    return f"\n{terminal((results / 'plan.md').read_text(encoding='utf-8'))}\nTable: {results}/plan.parquet\n"


def failure_words(errors: str, complete: int, missing: list[dict], partial: bool) -> str:
    """Return what to print after a run in which a job failed: its errors, and what is missing if anything is there.

    errors: see `report.short_errors.ShortErrors.repeated`. complete: how many cells are complete. missing: the others.
    partial: `partial` of the experiment, which leaves these out.
    """
    lines = [errors] if errors else []
    if complete and missing:
        it = "it" if len(missing) == 1 else "them"
        lines += [
            f"{missing_words(missing)}.",
            f"With `partial: true`, the same command leaves {it} out; without `partial`, it makes {it}"
            if partial
            else f"Type the same command again to make {it}; to score what is there, add "
            "--config 'experiment={partial: true}'",
        ]
    return "".join(f"{line}\n" for line in lines)
