"""The stage `teach`: what a trained model, the teacher, says of the texts that a student is trained on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from pretrain_or_not.config.sizes import at_most
from pretrain_or_not.data.corpus import key_of, keys_of, read_corpus
from pretrain_or_not.data.examples import subset_rows
from pretrain_or_not.data.tokenize import BatchEncoder
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.text_classifier import TextClassifier, limit_threads, load
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

AT_ONCE = 5000  # texts

NO_LABEL = -1


def teach(
    teacher: PathLike, examples: PathLike, subset: PathLike, texts: PathLike | None, tested: list[PathLike],
    amount: int | str, tokenizer: dict, name: str, threads: int, output: PathLike,
) -> None:  # fmt: skip
    """Write the texts of a cell as tokens of the student, with the logarithms of the teacher's probabilities.

    Columns: `id`, `label`, the tokens, `log_probabilities`, float32 (classes). The rows of the subset come first, in
    its order, then texts without labels, whose label is -1. Texts of the subset, and those that are tested or validated
    on, are left out of the latter. The teacher was trained on the same subset, so it has seen no further label.

    teacher: classifier.json of its selected model. examples: of the dataset. texts: examples.parquet of texts without
    labels, of which the first `amount` that are not left out are read, or None. tested: examples.parquet of the dataset
    and of its further test sets, whose validation and test texts are left out of these. tokenizer: path and revision of
    the student's, called `name`.
    """
    model = load(Path(teacher).parent)
    limit_threads(model, threads)
    facts = read_metadata(examples)
    loaded = load_tokenizer(tokenizer["path"], tokenizer["revision"])
    encode = BatchEncoder(loaded, bool(facts.get("pair")), None)
    schema = pa.schema([("id", pa.int64()), ("label", pa.int32()), *encode.fields,
                        ("log_probabilities", pa.list_(pa.float32(), len(model.classes)))])  # fmt: skip
    run = read_json(Path(teacher).parents[1] / "selected.json")["selected"]
    spent = run["training_flops"] + (run.get("generator_flops") or 0)
    later: dict = {"teacher_flops": spent, "unlabelled": 0}
    about = {
        "dataset": facts["dataset"], "label_names": facts["label_names"], "tokenizer": name, "max_length": None,
        "split": "train", "unknown_tokens": 0.0, "teacher": {key: run[key] for key in ("arm", "n", "seed", "setting")},
        **encode.about,
    }  # fmt: skip
    started = time.perf_counter()
    with table_writer(output, schema, later, **about) as writer:
        own = own_texts(examples, subset)
        further = further_texts(texts, amount, tested, own, bool(facts.get("pair")))
        for table in chain([own], further):
            logarithms, flops = said(model, table)
            later["teacher_flops"] += flops
            later["unlabelled"] += int((np.asarray(table["label"]) == NO_LABEL).sum())
            column = pa.FixedSizeListArray.from_arrays(pa.array(logarithms.ravel()), len(model.classes))
            batch = {key: table[key].combine_chunks() for key in table.column_names}
            columns = [table["id"], table["label"], *encode(batch).columns, column]
            writer.write_table(pa.table(columns, schema=schema))
    log.info("%s says what %d texts without labels are, and those of the subset; %.0f s", run["arm"],
             later["unlabelled"], time.perf_counter() - started)  # fmt: skip


def own_texts(examples, subset) -> pa.Table:
    """Return the rows of a subset, in its order."""
    table = subset_rows(examples, subset)
    columns = [name for name in ("id", "label", "text", "second_text") if name in table.column_names]
    return table.select(columns)


def further_texts(texts, amount, tested, own, pair) -> Iterator[pa.Table]:
    """Yield texts without labels, some at a time; see `teach`. own: the rows of the subset."""
    if texts is None:
        return
    if pair:
        raise BadInput("teacher: texts: a dataset of pairs cannot be taught on single texts; leave `texts` out")
    rows, first = read_metadata(texts)["rows"]["train"], 0
    corpus = read_corpus(texts, at_most(amount, rows), tested, hold_out=False)
    left_out = corpus.left_out.union(keys_of(own, key_of("text")))
    stream = islice(corpus._replace(amount=corpus.rows, left_out=left_out).texts(), corpus.amount)
    while some := list(islice(stream, AT_ONCE)):
        ids = np.arange(first, first + len(some))
        first += len(some)
        yield pa.table({
            "id": ids, "label": np.full(len(some), NO_LABEL, np.int32), "text": pa.array(some, pa.large_string())
        })  # fmt: skip
    wanted = amount if isinstance(amount, int) else corpus.amount
    if first < wanted:
        say = warn if isinstance(amount, int) or not first else log.info  # a share is of all texts
        why = f"there are {rows:,}, and those that are labelled, tested or validated on here are left out"
        say(f"{first:,} further texts instead of {wanted:,}: {why}")


def said(model: TextClassifier, table: pa.Table) -> tuple[np.ndarray, int]:
    """Return the logarithms of a model's probabilities, float32 (n, classes), and the operations that it took.

    Raises BadInput if a probability is not finite.
    """
    given = table.select([name for name in ("text", "second_text") if name in table.column_names])
    probabilities, flops = model.classifier.predict(model.examples(given))
    if not np.isfinite(probabilities).all():
        raise BadInput("the teacher's predictions are not finite; see the notes in answer.md")
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)).astype(np.float32), flops or 0
