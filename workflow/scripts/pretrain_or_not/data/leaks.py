"""The stage `check_leaks`: no text that a dataset tests or validates on may be among those of pretraining."""

from __future__ import annotations

from pretrain_or_not.data.corpus import Corpus, keys_of_tested, read_corpus
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import write_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log


def check_leaks(
    texts: list[PathLike], without: list[PathLike], tested: PathLike, model: str, dataset: str, read: dict,
    output: PathLike,
) -> None:  # fmt: skip
    """Write how many texts were compared; raise BadInput if one of them is in a test or validation split.

    Texts are the same if they differ in case or spacing only, as in `ingest`. texts: the examples.parquet that a model
    reads. without: those whose test and validation texts it leaves out. tested: that of the dataset, or of one of its
    further test sets. read: the `amount` of texts that are read and, for labelled `examples`, how many of each.
    """
    about, keys, compared, shared = read_metadata(tested), keys_of_tested(tested), 0, 0
    for path in texts:
        corpus = corpus_of(path, read, without)
        compared += corpus.amount
        shared += corpus.shared(keys)
    where = f"texts of the further test set {about['shift']!r}" if "shift" in about else "validation and test texts"
    if shared:
        out = f"leave them out by `without: [{dataset}]` in its `pretrain`"
        if read["labelled"]:
            out = "take them out of the files of its `tasks`"
        raise BadInput(
            f"models: {model}: {shared:,} of its {compared:,} texts are among the {where} of "
            f"{dataset!r}, so its accuracy there would be too high; {out}"
            + (", as each row is tested in some fold" if about.get("folds") else "")
        )
    write_json(output, {"model": model, "dataset": dataset, "texts": compared, "tested": len(keys), "shared": shared})
    log.info("none of %d texts is among the %d different %s", compared, len(keys), where)


def corpus_of(path: PathLike, read: dict, without: list[PathLike]) -> Corpus:
    """Return the texts of one examples.parquet that a model reads; see `check_leaks`."""
    if not read["labelled"]:
        return read_corpus(path, read["amount"], without)
    rows = read_metadata(path)["rows"]["train"]
    amount = rows if read["amount"] is None else min(rows, read["amount"])
    return Corpus(path, rows, amount, 0)
