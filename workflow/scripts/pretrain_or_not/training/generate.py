"""The stage `generate`: labelled examples that a language model writes, from those of one cell."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import torch

from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.language_model import load_language_model
from pretrain_or_not.compute.text_writer import AT_ONCE, TextWriter, Written
from pretrain_or_not.config.augmentation import check_labels
from pretrain_or_not.data.corpus import key_of, keys_of, keys_of_tested
from pretrain_or_not.data.examples import subset_rows
from pretrain_or_not.data.tokenize import BatchEncoder
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

TRIES = 5  # a class may take so many times `per_class` texts, until enough of them are kept

LEFT_OUT = {
    "blank": "blank",
    "copied": "a copy of an example",
    "tested": "a text that is tested or validated on",
    "repeated": "written before",
}


def generate(
    inputs: dict, generator: dict, keys: dict, tokenizer: dict, cell: dict, threads: int, output: PathLike
) -> None:
    """Write examples of each class: `id`, `label`, the tokens, `text`, `log_probability` by the language model.

    It sees the training texts of the cell, and no others. Left out, and counted in the metadata, are texts that are
    blank, the same as one of these, as one that is tested or validated on, or as an earlier one; case and spacing do
    not count. Classes without an example get none.

    inputs: paths of `examples`, of the `subset` of the cell, and a list, `tested`: examples.parquet of the dataset and
    of its further test sets. generator: where the model is, see `load_language_model`. keys: `augment` of the arm, and
    its `precision`. tokenizer: name, path and revision of the arm's. cell: its `arm`, `size` and `seed`. Raises
    BadInput for pairs, unknown classes and many labels.
    """
    facts, own = read_metadata(inputs["examples"]), subset_rows(inputs["examples"], inputs["subset"])
    if facts.get("pair"):
        raise BadInput("augment: a language model writes single texts, and the dataset has pairs; leave it out")
    check_labels(cell["arm"], cell["size"], len(own))
    torch.set_num_threads(threads)
    classes, labels = facts["label_names"], np.asarray(own["label"])
    texts, counts, started = own["text"].to_pylist(), Counter[str](), time.perf_counter()
    heads, found = heads_of(keys, classes), []
    about: dict = {"generator_flops": 0, "tuning_losses": []}
    if keys["per_class"]:
        known = dict.fromkeys(frozenset().union(*map(keys_of_tested, inputs["tested"])), "tested")
        known |= dict.fromkeys(keys_of_texts(texts), "copied")
        writer = TextWriter(*load_language_model(generator), keys, InferenceDevice(keys["precision"]))
        for label, head in enumerate(heads):
            of_class = [texts[i] for i in np.flatnonzero(labels == label)]
            seed = int(np.random.SeedSequence([cell["seed"], label]).generate_state(1)[0])  # texts of classes differ
            new = written(writer, head, of_class, seed, known, counts) if of_class else []
            found += [(label, one) for one in new]
            if len(new) < keys["per_class"]:
                reason = "the others were left out" if of_class else "the cell has no example of it"
                where = f"arm {cell['arm']}, size {cell['size']}, seed {cell['seed']}"
                what = f"{len(new)} of {keys['per_class']} texts of class {classes[label]!r}"
                warn(f"augment: {where}: {what}: {reason}")
        about = {"generator_flops": writer.flops, "tuning_losses": writer.losses}
    loaded = load_tokenizer(tokenizer["path"], tokenizer["revision"])
    save(found, BatchEncoder(loaded, False, None), output, dataset=facts["dataset"], label_names=classes,
         tokenizer=tokenizer["name"], max_length=None, split="train", unknown_tokens=0.0,
         seen=np.asarray(own["id"]).tolist(), left_out={key: counts[key] for key in LEFT_OUT}, **about)  # fmt: skip
    log.info("%d texts in %.0f s; left out: %s", len(found), time.perf_counter() - started,
             ", ".join(f"{counts[key]} {words}" for key, words in LEFT_OUT.items()))  # fmt: skip


def heads_of(keys: dict, classes: Sequence[str]) -> list[str]:
    """Return what a text of each class follows; raise BadInput if `words` names another class."""
    if unknown := sorted(set(keys["words"]) - set(classes)):
        raise BadInput(f"augment: words: there is no class {unknown[0]!r}; the classes are {', '.join(classes)}")
    before = keys["template"].partition("{text}")[0].rstrip()
    return [before.replace("{class}", keys["words"].get(name, name)) for name in classes]


def written(
    writer: TextWriter, head: str, texts: Sequence[str], seed: int, known: dict[str, str], counts: Counter
) -> list[Written]:
    """Return new texts of one class, at most `per_class`. known: key of a text -> why it is left out, is added to."""
    keys = writer.keys
    if keys["tune"] != "none":
        writer.tune(head, texts, seed)
    shown: Sequence[str] = texts if keys["tune"] == "none" else []
    new = kept(writer.write(head, shown, seed), keys["per_class"], known, counts)
    if keys["tune"] != "none":
        writer.reset()
    return new


def kept(stream: Iterator[Written], wanted: int, known: dict[str, str], counts: Counter) -> list[Written]:
    """Return the first texts of a stream that are not left out; at most `TRIES` times as many are looked at."""
    new: list[Written] = []
    looked_at = islice(stream, TRIES * wanted)
    while len(new) < wanted and (some := list(islice(looked_at, AT_ONCE))):
        for one, key in zip(some, keys_of_texts([one.text for one in some]), strict=True):
            reason = known.get(key) if one.text else "blank"
            if len(new) == wanted:
                break
            if reason:
                counts[reason] += 1
                continue
            known[key] = "repeated"
            new.append(one)
    return new


def keys_of_texts(texts: Sequence[str]) -> list[str]:
    """Return a key of each text, the same for texts that differ in case or spacing only."""
    return keys_of(pa.table({"text": pa.array(texts, pa.large_string())}), key_of("text"))


def save(found: Sequence[tuple[int, Written]], encode: BatchEncoder, output: PathLike, **about) -> None:
    """Write the texts of `found`, each with its label, and their tokens. about: metadata."""
    labels = pa.array([label for label, _ in found], pa.int32())
    texts = pa.array([one.text for _, one in found], pa.large_string())
    ids = pa.array(range(len(found)), pa.int64())
    columns = [ids, labels, *encode(pa.record_batch({"id": ids, "text": texts})).columns, texts,
               pa.array([one.log_probability for _, one in found], pa.float64())]  # fmt: skip
    fields = [("id", pa.int64()), ("label", pa.int32()), *encode.fields, ("text", pa.large_string()),
              ("log_probability", pa.float64())]  # fmt: skip
    write_table(output, pa.table(columns, schema=pa.schema(fields)), **about, **encode.about)
