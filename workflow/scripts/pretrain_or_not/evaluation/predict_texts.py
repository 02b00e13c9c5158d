"""The stage `predict`: classify new texts with a selected model."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter

from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.left_out import is_blank
from pretrain_or_not.data.sources import about_source, read_source
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.choose_model import choose_model, doubts
from pretrain_or_not.evaluation.predictions import MANY_TRUNCATED
from pretrain_or_not.evaluation.text_classifier import TextClassifier, limit_threads, load
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

SHOWN = ("dataset", "arm", "size", "n", "seed", "setting", "run")  # of a model, in the metadata of its predictions


def predict_texts(
    name: str, texts: dict, candidates: list[str], recommendation: PathLike | None, sign: int, threads: int,
    output: PathLike, table: PathLike,
) -> None:  # fmt: skip
    """Write the classes of new texts: `output` (Parquet) and `table` (CSV), one row per row of the files, in order.

    Columns: `row`, its number from 0; `text`, and `second_text` of pairs; the columns of `keep`; `class`; one column
    ``p_<class>`` per class. name, texts: of the new texts, and how they are read. candidates: paths of the
    classifier.json of the models of which one is chosen; recommendation, sign: see `choose_model`. Rows are streamed. A
    blank text is classified as an empty one, and counted; where a probability is not finite, the class is null.
    """
    models = {path: read_json(path) for path in candidates}
    chosen = choose_model(list(models.values()), sign, recommendation)
    folder = next(Path(path).parent for path, about in models.items() if about is chosen)
    model = load(folder)
    limit_threads(model, threads)
    of = f"arm {chosen['arm']}, {chosen['n']} labels, seed {chosen['seed']} of dataset {chosen['dataset']}"
    log.info("model of %s, among %d that may be used: %s", of, len(models), folder)
    for guess in about_source(texts)["guessed"]:
        warn(f"predict.{name}: {guess}")
    for doubt in doubts(chosen, recommendation):
        warn(f"predict.{name}: {doubt}; see answer.md")
    columns = columns_of(texts)
    schema = schema_of(model, columns, name)
    counts = dict.fromkeys(("rows", "blank", "truncated", "not_finite"), 0)
    started = time.perf_counter()
    about = {"prediction": name, "label_names": model.classes, "model": {key: chosen[key] for key in SHOWN}}
    with ExitStack() as stack:
        written = stack.enter_context(table_writer(output, schema, counts, **about))
        partial = stack.enter_context(atomic_write(table))
        lines = stack.enter_context(CSVWriter(str(partial), schema))
        for batch in read_source(texts):
            found = classified(model, batch, columns, counts).cast(schema)
            written.write_table(found)
            lines.write_table(found)
        if not counts["rows"]:
            raise BadInput(f"predict.{name}: there are no rows at all")
    seconds = time.perf_counter() - started
    log.info("%d texts in %.1f s (%.0f texts/s)", counts["rows"], seconds, counts["rows"] / seconds)
    if counts["truncated"] > MANY_TRUNCATED * counts["rows"]:
        cut = f"{counts['truncated']:,} of {counts['rows']:,} texts are longer than the model reads: they are cut"
        warn(f"predict.{name}: {cut}")
    for key, words in (("blank", "are blank: they got the class of an empty text"), ("not_finite", "got no class")):
        if counts[key]:
            warn(f"predict.{name}: {counts[key]:,} of {counts['rows']:,} texts {words}")


def schema_of(model: TextClassifier, columns, name) -> pa.Schema:
    """Return the schema of predictions; raise BadInput if two columns would have the same name."""
    texts = ["text", "second_text"] if model.pair else ["text"]
    kinds = {"row": pa.int64(), **dict.fromkeys(texts, pa.large_string())}
    fields = [*kinds.items(), *((kept, pa.string()) for kept in columns.keep), ("class", pa.string())]
    fields += [(f"p_{label}", pa.float32()) for label in model.classes]
    names = [field for field, _ in fields]
    for kept in columns.keep:
        if names.count(kept) > 1:
            raise BadInput(f"predict.{name}.keep: {kept!r} is the name of a column of predictions too; leave it out")
    return pa.schema(fields)


def classified(model: TextClassifier, batch, columns, counts) -> pa.Table:
    """Return a batch of texts with their classes, and add to the counts of its rows. counts: see `predict_texts`."""
    texts = pa.table(
        {key: pc.fill_null(batch[key], "") for key in ("text", "second_text") if key in batch.schema.names}
    )
    predicted = model.predict_table(texts)
    rows = len(texts)
    table = pa.table({"row": pa.array(range(counts["rows"], counts["rows"] + rows), pa.int64())})
    for key in texts.column_names:
        table = table.append_column(key, texts[key])
    for kept, key in zip(columns.keep, columns.kept_columns(), strict=True):
        table = table.append_column(kept, batch[key])
    table = table.append_column("class", pa.array(predicted.labels, pa.string()))
    for i, label in enumerate(model.classes):
        table = table.append_column(f"p_{label}", pa.array(predicted.probabilities[:, i]))
    blank = [is_blank(texts[key]) for key in texts.column_names]
    counts["rows"] += rows
    counts["blank"] += sum(any(row) for row in zip(*(column.to_pylist() for column in blank), strict=True))
    counts["truncated"] += predicted.truncated
    counts["not_finite"] += predicted.labels.count(None)
    return table
