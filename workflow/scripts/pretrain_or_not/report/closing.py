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
MADE_FROM = {"answer.html": "answer.md", "figures/": "scores.parquet", "tables/": "scores.parquet"}


def closing_words(results: Path, predicted: Iterable[str] = ()) -> str:
    """Return the answer as plain text and the places of the other results that exist; an empty string without any.

    Places whose files are of an earlier answer are told apart: a run for one file leaves the others as they are.

    predicted: names of new texts; the places of those that are classified are told, with the model that did it.
    """
    tables = [results / "predict" / f"{name}.csv" for name in predicted]
    new = "".join(f"New texts: {table}{model_words(table)}\n" for table in tables if table.is_file())
    if not (results / "answer.md").is_file():
        return new
    page = (results / "answer.md").read_text(encoding="utf-8")
    text = terminal(page).partition("\n")[2].partition("\n## ")[0].rstrip()
    places, older = "", [name for name, source in MADE_FROM.items() if is_older(results / name, results / source)]
    for title, (names, words) in PLACES.items():
        if there := [name for name in names if (results / name).exists() and name not in older]:
            places += f"\n{title}: {results}/{', '.join(there)}{words}"
    if older:
        places += f"\nOlder than these results: {results}/{', '.join(older)}; to renew, ask Snakemake for `all`"
    return f"{text}\n{places}\n{new}"


def is_older(place: Path, source: Path) -> bool:
    """Return whether a file, or each file of a folder, is older than the file that it is made from."""
    if not (place.exists() and source.is_file()):
        return False
    written = max((path.stat().st_mtime for path in place.glob("*")), default=place.stat().st_mtime)
    return written < source.stat().st_mtime


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
            f"With `experiment: {{partial: true}}`, the same command leaves {it} out; without it, it makes {it}"
            if partial
            else f"Type the same command again to make {it}; to score what is there, add "
            "--config 'experiment={partial: true}'",
        ]
    return "".join(f"{line}\n" for line in lines)
