"""Complete the folder of a selected model, so that it works by itself on new texts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.compute.embeddings import OWN_COPY, shared_embeddings
from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.data.saved_tokenizer import SETTINGS, saved_files, with_limit
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.guessing import is_guessing
from pretrain_or_not.evaluation.metrics import guessing_scores, scores_by
from pretrain_or_not.evaluation.model_card import model_card
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.base_models import about_base, pinned
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.links import link
from pretrain_or_not.files.paths import ABOUT, CARD, MODEL_FILES, PathLike
from pretrain_or_not.files.provenance import digest, sha256_of, versions
from pretrain_or_not.files.run_files import CHECKSUM

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn")


class Origin(NamedTuple):
    """Where a model comes from, as far as its run does not say.

    data: `text`, the columns of a data set that its texts are made of; `pair`, whether they are two texts; `separator`,
    what joins them; `hub`, the id of a data set of the Hub, or None. models: the models of the config that its arm
    names, by the key of the arm; as `teacher`, the one that the arm of the teacher starts from. tokenizer: path of the
    list of files of its tokenizer (`data.saved_tokenizer`), None if it reads no tokens.
    """

    data: dict
    models: dict
    tokenizer: PathLike | None


def complete_folder(
    folder: Path, choice: dict, reads: str, examples, probabilities: np.ndarray, origin: Origin, metric: Metric
) -> None:
    """Write what a selected model needs besides its weights: tokenizer, classifier.json, and README.md, its card.

    choice: content of selected.json. reads: see `data.forms`. examples: the test examples. probabilities: of them,
    float32 (n, classes). metric: of the experiment. What this function wrote for an earlier model is deleted, other
    files in the folder are not. Files that others share are hard links.
    """
    run = choice["selected"]
    delete_earlier(folder)
    config = read_json(folder / MODEL_FILES[1])
    length = None if reads == "texts" else examples.about["max_length"]
    shared = config.get("embeddings")
    if isinstance(shared, dict):
        link(shared_embeddings(folder, shared), folder / OWN_COPY)
    tokenizer = None if origin.tokenizer is None else copy_tokenizer(origin.tokenizer, folder, length)
    about = {
        **{key: run[key] for key in ("dataset", "arm", "size", "n", "seed", "setting", "selection", "precision")},
        "family": run["recipe"]["family"],
        "reads": reads,
        "label_names": examples.about["label_names"],
        **origin.data,
        "max_length": length,
        "tokenizer": tokenizer,
        "encoder": pinned(origin.models["model"]) if reads == "features" else None,
        **score_on_test(metric, examples.labels, probabilities, run["class_counts"]),
        "validation_score": run["validation_score"],
        "validation_examples": run["validation_examples"],
        "temperature": run["temperature"],
        "base_models": {key: about_base(model) for key, model in origin.models.items()},
        "config_digest": run["config_digest"],
        "run": digest(run),
        "checksum": config[CHECKSUM],
        "versions": versions(*PACKAGES),
    }
    write_json(folder / ABOUT, about)
    with atomic_write(folder / CARD) as partial:
        partial.write_text(model_card(about, choice), encoding="utf-8")


def delete_earlier(folder):
    """Delete the files that `complete_folder` wrote for an earlier model: those that its classifier.json names."""
    earlier = {}
    if (folder / ABOUT).is_file():
        with suppress(BadInput):  # without a list, only the files of a fixed name are known to be ours
            earlier = read_json(folder / ABOUT)
    names = {Path(name).name for name in (earlier.get("tokenizer") or {}).get("files", ())}
    # The list of the others comes last, in case that this is interrupted.
    for name in (*sorted(names - {*MODEL_FILES}), OWN_COPY, CARD, ABOUT):
        if (folder / name).is_file():
            (folder / name).unlink()


def copy_tokenizer(listed, folder, max_length):
    """Put a saved tokenizer into a model's folder; return what is known of it, with the SHA-256 of each file.

    listed: path of the list of its files. max_length: the most tokens of a text, which transformers is told too.
    """
    facts = saved_files(listed)
    for name in facts["files"]:
        source = Path(listed).parent / name
        if name == SETTINGS:
            with atomic_write(folder / name) as partial:
                partial.write_text(with_limit(source.read_text(encoding="utf-8"), max_length), encoding="utf-8")
        else:
            link(source, folder / name)
    return facts | {"files": {name: sha256_of(folder / name) for name in facts["files"]}}


def score_on_test(metric: Metric, labels, probabilities, class_counts):
    """Return the score on the test data: metric, score, guessing, guesses, accuracy with its interval, test_examples.

    guessing: the score of guessing. guesses: whether the model is not clearly better, see `guessing.is_guessing`. All
    are None if a probability is not finite. class_counts: of the training subset.
    """
    name, names = metric.name, ("score", "guessing", "guesses", "accuracy", "accuracy_low", "accuracy_high")
    scores = {"metric": name, **dict.fromkeys(names)}
    if len(labels) and np.isfinite(probabilities).all():
        metrics = (ACCURACY, metric)
        found = scores_by(metrics, labels, probabilities) | guessing_scores(metrics, labels, class_counts)
        found["predicted_classes"] = len(np.unique(probabilities.argmax(axis=1)))
        scores |= {
            "score": found[name],
            "guessing": found[f"{name}_guessing"],
            "guesses": bool(is_guessing(pd.DataFrame([found]), metric).iloc[0]),
            **{key: found[key] for key in names[3:]},
        }
    return scores | {"test_examples": len(labels)}
