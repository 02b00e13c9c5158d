"""The text that Snakemake prints after the last job."""

from pathlib import Path

from pretrain_or_not.report.markup import terminal

PLACES = {"Figures": "figures/", "Tables": "tables/, scores.parquet, gaps.parquet, answer.parquet"}


def closing_words(results: Path) -> str:
    """Return the answer as plain text and the places of the other results, or an empty string if there is no answer."""
    if not (results / "answer.md").is_file():
        return ""
    text = terminal((results / "answer.md").read_text(encoding="utf-8")).partition("\n")[2].rpartition("\n\n")[0]
    return f"{text}\n" + "".join(f"\n{name}: {results}/{files}" for name, files in PLACES.items()) + "\n"
