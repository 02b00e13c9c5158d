"""TF-IDF and a logistic regression: the workflow's family `tfidf` against scikit-learn's pipeline."""

import time
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
from harness import apart, in_turn, row
from threadpoolctl import threadpool_limits

from pretrain_or_not.arms.tfidf import TfidfClassifier
from pretrain_or_not.compute.memory import process_peak_memory_mb
from pretrain_or_not.data.texts import Texts

C, MIN_COUNT = 10, 2
LABELS, TESTED = {64: (1_000, 10_000), 256: (1_000, 5_000)}, 5_000  # by the length that tokens of the texts are cut to
NGRAMS = {"words": [1, 2], "characters": [2, 5]}


def ours(path, labels, kinds, threads, seed):
    """Return (seconds to fit, seconds to predict, accuracy, peak in MB) of family `tfidf`. kinds: keys of NGRAMS."""
    config = dict.fromkeys(NGRAMS) | {kind: NGRAMS[kind] for kind in kinds}
    config |= {"lowercase": True, "hash_bits": None, "sublinear": True, "min_count": MIN_COUNT, "class_weights": None}

    def fit(texts, classes):
        model = TfidfClassifier(config | {"tokens": False, "C": C, "classes": int(classes.max()) + 1})
        model.fit(replace(Texts.of(texts), labels=classes.astype(np.int64)))
        return lambda texts: model.predict(Texts.of(texts)).argmax(axis=1)

    return measured(fit, path, labels, threads)


def scikit_learn(path, labels, kinds, threads, seed):
    """Return the same of TfidfVectorizer, one per kind, and LogisticRegression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    analyzers = {"words": "word", "characters": "char_wb"}

    def fit(texts, classes):
        blocks = [
            TfidfVectorizer(
                ngram_range=tuple(NGRAMS[kind]), analyzer=analyzers[kind], sublinear_tf=True, min_df=MIN_COUNT
            )
            for kind in kinds
        ]
        return make_pipeline(make_union(*blocks), LogisticRegression(C=C, max_iter=1000)).fit(texts, classes).predict

    return measured(fit, path, labels, threads)


def measured(fit, path, labels, threads):
    """Return what `ours` does, of `fit`: (texts, classes) -> what predicts the classes of texts."""
    train, tested = (read_texts(path, split, n) for split, n in (("train", labels), ("test", TESTED)))
    with threadpool_limits(threads):
        started = time.perf_counter()
        predict = fit(*train)
        fitted = time.perf_counter()
        found = predict(tested[0])
        done = time.perf_counter()
    peak = process_peak_memory_mb()
    return fitted - started, done - fitted, float(np.mean(found == tested[1])), peak


def read_texts(path, split, n):
    """Return the first texts of a split and their classes."""
    table = pq.read_table(path, columns=["text", "label"], filters=[("split", "=", split)])[:n]
    return table["text"].to_pylist(), table["label"].to_numpy()


def measure(arguments):
    """Return two rows, to fit and to predict, for each kind of text, number of labels and choice of n-grams."""
    rows, peer = [], "TfidfVectorizer, LogisticRegression"
    for name, text in arguments.texts.items():
        for labels in LABELS[text.max_length]:
            for kinds in (["words"], list(NGRAMS)):
                task = {"path": str(text.examples), "labels": labels, "kinds": kinds, "threads": arguments.threads}
                results = in_turn({"ours": apart(ours, **task), peer: apart(scikit_learn, **task)}, arguments.rounds)
                mine, theirs = (list(zip(*results[side], strict=True)) for side in ("ours", peer))
                case = f"{' and '.join(kinds)}, {name}, {labels:,} labels"
                accuracies, peaks = [side[2][0] for side in (mine, theirs)], [max(side[3]) for side in (mine, theirs)]
                note = f"accuracy {accuracies[0]:.2%}, theirs {accuracies[1]:.2%}; "
                note += f"peak {peaks[0]:.0f} MB, theirs {peaks[1]:.0f}"
                rows += [
                    row("tfidf", f"{what}: {case}", "s", mine[i], theirs[i], peer, arguments, note=note)
                    for i, what in enumerate(("fit", "predict"))
                ]
    return rows
