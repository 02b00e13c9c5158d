"""The table of sources: where the texts of a dataset can come from.

A source `NAME` has its code in ``data/sources/NAME.py`` and its keys in ``schemas/sources/NAME.yaml``.
"""

from typing import NamedTuple


class Source(NamedTuple):
    """One row of the table.

    name: as in ``source: NAME``. title: a short description, for the schema and the docs.
    """

    name: str
    title: str

    @property
    def module(self) -> str:
        """Return the path of the module, relative to the folder of the scripts."""
        return f"pretrain_or_not/data/sources/{self.name}.py"


SOURCES = {
    source.name: source
    for source in (
        Source("docstrings", "installed Python packages"),
        Source("files", "tables on disk"),
        Source("hub", "the Hugging Face Hub"),
    )
}
