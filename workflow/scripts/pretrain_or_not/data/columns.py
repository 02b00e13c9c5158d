"""The columns of a source that a dataset of the config names, by what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pretrain_or_not.data.where import Condition

NO_GROUP = "(none)"  # the value of a column of `groups` where a row has none


class Columns(NamedTuple):
    """Which columns make an example.

    text: the columns whose texts are joined or, of a `pair`, the two texts. separator: what joins them. group, time:
    the columns by which splits are cut. groups: columns whose values are kept for scores by group. where: which rows
    are read. label: None for texts that are to be classified, whose label is not read. keep: columns that are kept as
    they are, beside the predictions.
    """

    text: tuple[str, ...] = ("text",)
    label: str | None = "label"
    split: str | None = None
    pair: bool = False
    separator: str = "\n"
    group: str | None = None
    time: str | None = None
    groups: tuple[str, ...] = ()
    where: Condition | None = None
    keep: tuple[str, ...] = ()

    def by_key(self) -> list[tuple[str, str]]:
        """Return (key of the config, column) of all columns that are read."""
        named = [("pair" if self.pair else "text", name) for name in self.text]
        named += [(key, getattr(self, key)) for key in ("label", "split", "group", "time") if getattr(self, key)]
        named += [("groups", name) for name in self.groups] + [("keep", name) for name in self.keep]
        return named + [("where", name) for name in (self.where.columns if self.where else ())]

    def names(self) -> list[str]:
        """Return the names of all columns that are read, each once."""
        return list(dict.fromkeys(name for _, name in self.by_key()))

    def kept_columns(self) -> list[str]:
        """Return the names in a batch of the columns of `keep`."""
        return [f"keep_{name}" for name in self.keep]

    def group_columns(self) -> list[str]:
        """Return the names in examples.parquet of the columns of `groups`."""
        return [f"group_{name}" for name in self.groups]


def columns_of(dataset: dict) -> Columns:
    """Return the columns that a dataset of the config names; raise BadInput for a wrong `where`."""
    text, pair = dataset.get("text", "text"), dataset.get("pair")
    where = dataset.get("where")
    if where:
        from pretrain_or_not.data.where import Condition  # here, because DuckDB takes a tenth of a second

        where = Condition.parse(where)
    return Columns(
        text=tuple(pair or ([text] if isinstance(text, str) else text)),
        label=dataset.get("label", "label"),
        split=dataset["split"] if isinstance(dataset.get("split"), str) else None,  # of source hub, a mapping
        pair=bool(pair),
        separator=dataset.get("separator", "\n"),
        group=dataset.get("group"),
        time=dataset.get("time"),
        groups=tuple(dataset.get("groups") or ()),
        where=where or None,
        keep=tuple(dataset.get("keep") or ()),
    )
