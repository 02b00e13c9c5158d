"""Turn a source of labelled texts into examples.parquet: cleaned, split without leaks, shuffled once.

Memory does not grow with the files: rows are streamed to a temporary file, their hashes are put in order, and the texts
are brought into that order on disk.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pretrain_or_not.config.labels import shown
from pretrain_or_not.config.sizes import check_sizes
from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.data.class_folders import files_read
from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.dataset_warnings import check_classes, warnings_about
from pretrain_or_not.data.folds import rows_of_a_cell
from pretrain_or_not.data.label_map import ignored_labels, label_map_of, mapped
from pretrain_or_not.data.left_out import BY_WHERE, kept_rows, reasons_of, summary_of
from pretrain_or_not.data.near_duplicates import MOST_BY_DEFAULT, near_duplicates, near_duplicates_within, write_without
from pretrain_or_not.data.shuffle import reordered
from pretrain_or_not.data.sources import about_source, find_inputs, find_versions, read_source
from pretrain_or_not.data.splits import arrange
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import temporary_folder
from pretrain_or_not.files.json_files import write_json
from pretrain_or_not.files.parquet import ROWS_PER_GROUP, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.provenance import digest, identity_of, versions
from pretrain_or_not.job import log, say, warn

EXAMPLES = pa.schema([("id", pa.int64()), ("text", pa.large_string()), ("label", pa.int32()), ("split", pa.string())])

SECOND_TEXT = pa.field("second_text", pa.large_string())

MAX_CLASSES = 1000

NO_LABEL = "text"  # in place of the label of texts that have none


def clean(batches, scratch, label_map, ignored=(), labelled=True):
    """Stream RAW batches into the Parquet file `scratch`, with a running id; drop rows without text or label.

    label_map: raw label -> class name, or None to use raw labels as class names. ignored: raw labels to leave out.
    labelled: whether the texts have labels; if not, each gets NO_LABEL.
    Returns counts of the rows read and dropped, the set of class names found, that of the splits given, and that of
    labels in `label_map` and `ignored` that no row has. Raises BadInput for a label that is not in the map, for more
    than MAX_CLASSES labels, and if the rows have fewer than two classes.
    """
    counts, seen, given, first_id = Counter(), set(), set(), 0
    unused = {*(label_map or ()), *ignored}
    with ExitStack() as stack:
        writer = None
        for batch in batches:
            ids = pa.array(range(first_id, first_id + batch.num_rows), pa.int64())
            table = pa.Table.from_batches([batch]).add_column(0, "id", ids)
            first_id += batch.num_rows
            if not labelled:
                label = pa.array([NO_LABEL] * len(table), pa.string())
                table = table.set_column(table.column_names.index("label"), "label", label)
            given.update(pc.unique(table["split"]).to_pylist())
            unused.difference_update(pc.unique(table["label"]).to_pylist() if unused else ())
            table, left_out = kept_rows(table, ignored)
            counts.update(left_out)
            if label_map:
                classes = mapped(table["label"].to_pylist(), label_map, table["id"])
                table = table.set_column(table.column_names.index("label"), "label", pa.array(classes, pa.string()))
            seen.update(pc.unique(table["label"]).to_pylist())
            if len(seen) > MAX_CLASSES:
                raise BadInput(f"more than {MAX_CLASSES} different labels; is `label:` the right column?")
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(scratch, table.schema, compression="zstd"))
            writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    counts["read"] = first_id
    if first_id == 0:
        raise BadInput("the data set is empty: no rows at all")
    if counts[BY_WHERE] == first_id:
        raise BadInput(f"`where` leaves out all {first_id:,} rows; change it")
    if not seen:
        what = "both a text and a label" if labelled else "a text"
        raise BadInput(f"none of its {first_id:,} rows has {what}")
    if labelled and len(seen) == 1:
        raise BadInput(f"all labels are {shown(seen.pop())}; a classifier needs at least two classes")
    return counts, seen, given - {None}, unused


def check_given(dataset, given):
    """Raise BadInput if a split that the config names has no row, as its files have none or `where` leaves all out.

    Otherwise it would be cut from the training rows, as if the data came without it. given: the splits of the rows.
    """
    named = dataset["split"] if isinstance(dataset.get("split"), dict) else dataset.get("files")
    gone = sorted({split for split, name in named.items() if name} - given) if isinstance(named, dict) else []
    if gone:
        why = (
            f"`where` leaves out all {gone[0]} rows; change it"
            if dataset.get("where")
            else f"the {gone[0]} files have no rows; correct them"
        )
        raise BadInput(f"{why}, or do not name that split")


def class_names(seen, label_map):
    """Return the class names in order: as in the label map, otherwise sorted (as numbers if all are numbers).

    Raises BadInput for a class of the map without an example.
    """
    if label_map:
        names = list(dict.fromkeys(label_map.values()))
        missing = [name for name in names if name not in seen]
        if missing:
            raise BadInput(f"no example of class {missing[0]!r} of `labels:`; leave it out or check its raw values")
        return names
    try:
        numbers = {name: float(name) for name in seen}
    except ValueError:
        return sorted(seen)
    return sorted(seen, key=lambda name: (numbers[name], name) if math.isfinite(numbers[name]) else (math.inf, name))


def schema_of(columns, folds):
    """Return the schema of examples.parquet: EXAMPLES, the second text of a pair, the columns of `groups`.

    With folds, there is also `unit`, a number that rows share which stay in one fold.
    """
    further = [SECOND_TEXT] if columns.pair else []
    further += [pa.field(name, pa.string()) for name in columns.group_columns()]
    further += [pa.field("unit", pa.int64())] if folds else []
    return pa.schema([*EXAMPLES, *further])


def without_near_duplicates(dataset, rows, order, read, columns, found, dropped):
    """Look for near-duplicates between splits, as the dataset asks; note in `found` and `dropped` those removed.

    rows, order: Parquet files; see `near_duplicates`. read: number of rows. Returns the path of the new order, and what
    was found, for dataset.json; an empty dict if nothing was to be looked for. With folds, each row is compared with
    all others.
    """
    treatment = dataset.get("near_duplicates") if columns.label else "ignore"
    if treatment is None and read > MOST_BY_DEFAULT:
        return order, {"looked_for": False}
    if treatment == "ignore":
        return order, {}
    if dataset.get("folds"):
        within = near_duplicates_within(rows, order, read, ["text", "second_text"] if columns.pair else ["text"])
        return order, {"looked_for": True, "removed": False, "within": within}
    near = near_duplicates(rows, order, read, ["text", "second_text"] if columns.pair else ["text"])
    if treatment == "remove" and len(near.ids):
        kept = order.with_name("kept.parquet")
        for place, n in write_without(order, near.ids, kept).items():
            found[place] -= n
            reason = f"{place[0]}, near-duplicate in another split"
            dropped[reason] = dropped.get(reason, 0) + n
        order = kept
    return order, {"looked_for": True, "removed": treatment == "remove", "rows": near.rows, "repeated": near.repeated}


def rows_by_split(counts):
    """Return the number of rows of each split. counts: {(split, label): rows}."""
    return {split: sum(n for (where, _), n in counts.items() if where == split) for split in SPLITS}


def ingest(
    dataset: dict, name: str, sizes: list, threads: int, examples: PathLike, summary: PathLike
) -> None:  # fmt: skip
    """Write `examples` (Parquet, columns of `schema_of`: train, validation, test) and `summary` (JSON) of a dataset.

    Texts without labels (`label: null`) are all training rows, and their labels are null.
    sizes: those of each arm of the experiment; they are checked here, where the number of rows is first known. Raises
    BadInput that names the dataset.
    """
    ignored, label_map, columns = ignored_labels(dataset), label_map_of(dataset), columns_of(dataset)
    labelled = columns.label is not None
    with temporary_folder(examples) as folder:
        scratch, order = folder / "rows.parquet", folder / "order.parquet"
        try:
            said = about_source(dataset)
            counts, seen, given, unused = clean(read_source(dataset, threads), scratch, label_map, ignored, labelled)
            check_given(dataset, given)
            names = class_names(seen, label_map)
            arranged = arrange(scratch, names, dataset, given, threads, order)
            found, dropped = arranged.counts, arranged.dropped
            before = rows_by_split(found)
            order, near = without_near_duplicates(dataset, scratch, order, counts["read"], columns, found, dropped)
            rows = rows_by_split(found)
            names = names if labelled else []
            per_class = {s: {name: found.get((s, i), 0) for i, name in enumerate(names)} for s in SPLITS}
            folds = dataset.get("folds")
            for split in ("train",) if folds or not labelled else SPLITS:
                if not rows[split]:
                    gone = reasons_of({reason: n for reason, n in (counts | dropped).items() if reason != "read"})
                    raise BadInput(f"no {split} examples are left" + (f" (left out: {gone})" if gone else ""))
            if labelled:
                check_classes(per_class)
            in_cell = rows_of_a_cell(rows["train"], folds, dataset["splits"]["validation"]) if folds else rows
            if in_cell["train"] < 1:
                raise BadInput(f"splits: validation: {in_cell['validation']:,} rows leave none to train on")
            check_sizes(sizes, in_cell["train"])
        except BadInput as error:
            raise BadInput(f"dataset {name!r}: {error}") from error
        read = counts.pop("read")
        facts = {
            "dataset": name,
            "pair": columns.pair,
            "separator": columns.separator,
            "groups": list(columns.groups),
            "label_names": names,
            "rows": rows,
            "group": dataset.get("group"),
            "folds": folds and {"folds": folds, "validation": dataset["splits"]["validation"], "rows": in_cell},
            "rows_per_class": per_class,
            "files": said["files"],
            "source": identity_of(files_read(find_inputs(name, dataset))),
            "read": read,
            "dropped": dict(counts) | dropped,
            "contradicted": arranged.contradicted,
            "copies": arranged.copies,
            "unused_labels": sorted(unused),
            "config_digest": digest(dataset),
            "data_versions": find_versions(dataset),
            "versions": versions("datasets", "duckdb", "pyarrow"),
        }
        if near:
            facts["near_duplicates"] = near
        facts["warnings"] = [*said["guessed"], *arranged.notes, *warnings_about(facts, before)]
        schema = schema_of(columns, folds)
        further = [name for name in schema.names if name not in ("id", "label", "split", "unit")]
        with table_writer(examples, schema, **facts) as writer:
            for table in reordered(scratch, order, read, ROWS_PER_GROUP, folder, further):
                table = table.select(schema.names)
                if not labelled:
                    nothing = pa.nulls(len(table), pa.int32())
                    table = table.set_column(schema.get_field_index("label"), "label", nothing)
                writer.write_table(table.cast(schema), row_group_size=ROWS_PER_GROUP)
    write_json(summary, facts)
    log.info("%s", json.dumps(facts, indent=2, ensure_ascii=False))
    say(f"datasets: {name}: {summary_of(facts)}")
    for warning in facts["warnings"]:
        warn(f"datasets: {name}: {warning}")
