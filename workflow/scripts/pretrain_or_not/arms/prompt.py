"""A language model that is asked for the class of a text, as a reader would be; nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from pretrain_or_not.compute.devices import InferenceDevice, device_facts
from pretrain_or_not.compute.language_model import WordScorer, load_language_model
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.data.examples import Takes
from pretrain_or_not.data.prompts import Prompts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.base_models import pinned
from pretrain_or_not.job import log

CONTENT_FREE = "N/A"  # Zhao et al. 2021


class PromptClassifier:
    """A `compute.classifier.Fittable` that scores the word of each class; the fit chooses examples and calibrates.

    config: model (where it is, see `files.base_models.pinned`), template, words (of the classes, in their order),
    calibrate, max_length, shots (how many examples of each class), examples (those that were chosen: pairs of text and
    class). prior: the log-probability of each word after a text without content, float64 (classes,), or zeros.
    """

    iterations = 1
    parameters = 0  # none is fitted

    def __init__(self, config, precision, seed=None):
        """precision: see `compute.devices.resolved`. seed: of the run, which chooses the examples."""
        self.config, self.seed = config, seed
        model, self.tokenizer = load_language_model(config["model"])
        counts = parameter_counts(model, [model.get_input_embeddings().weight])
        self.sizes = {key: counts[key] for key in ("parameters", "parameters_embedding")}
        self.inference_device = InferenceDevice(precision)
        self.device = device_facts(self.inference_device)["device"]
        self.scorer = WordScorer(model, self.inference_device)
        self.prior, self.training_flops = np.zeros(len(config["words"])), 0

    @property
    def facts(self):
        """Return what the run has cost on its device, for run.json."""
        return device_facts(self.inference_device) | self.sizes | {
            "examples_seen": len(self.config["examples"]),
            "max_length": self.prompts.length,
            "peak_memory_mb": peak_memory_mb(self.inference_device.device),
        }  # fmt: skip

    @property
    def prompts(self):
        """Return what the model is asked, with the examples of the config."""
        keys = ("template", "words", "examples", "max_length")
        return Prompts(self.tokenizer, *(self.config[key] for key in keys), self.scorer.limit)

    def fit(self, examples):
        """Choose examples from labelled Texts, and calibrate; return self."""
        self.config["examples"] = choose(examples, len(self.config["words"]), self.config["shots"], self.seed)
        prompts = self.prompts
        log.info("the model goes on from:\n%s%s<text>%s", prompts.shots, prompts.head, prompts.tail)
        if self.config["calibrate"]:
            logs, self.training_flops = self.scorer.score(prompts.of([CONTENT_FREE])[0], prompts.words)
            self.prior = logs[0]
        return self

    def ask(self, texts) -> tuple[np.ndarray, int, int]:
        """Return class probabilities, float32 (n, classes), the FLOPs used, and how many texts were cut."""
        prompts = self.prompts
        asked, cut = prompts.of(texts)
        if cut:
            log.info("%d of %d texts are cut to %d tokens", cut, len(asked), prompts.length)
        logs, flops = self.scorer.score(asked, prompts.words)
        return softmax(logs - self.prior, axis=1).astype(np.float32), flops, cut

    def predict(self, examples):
        """Return class probabilities of Texts, float32 (n, classes)."""
        return self.ask(examples.to_list())[0]

    def save_pretrained(self, folder):
        """Write model.safetensors, which holds the prior, and config.json, which says where the language model is."""
        save_file({"prior": self.prior}, Path(folder) / "model.safetensors")
        config = {"family": "prompt"} | self.config
        (Path(folder) / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def from_folder(cls, folder, precision):
        """Return the classifier that `save_pretrained` wrote to a folder; raise BadInput if its model is elsewhere."""
        config = json.loads((Path(folder) / "config.json").read_text("utf-8"))
        config.pop("family")
        try:
            model = cls(config, precision)
        except BadInput as error:
            raise BadInput(f"{folder}/config.json: {error}; if it has moved, correct `model: path` there") from error
        model.prior = load_file(Path(folder) / "model.safetensors")["prior"]
        return model


class AskedModel:
    """A `PromptClassifier` as a `compute.classifier.Classifier`. truncated: texts that the last `predict` has cut."""

    takes = Takes()

    def __init__(self, model: PromptClassifier):
        self.model, self.device, self.truncated = model, model.device, 0

    @property
    def tokens_per_batch(self):
        """Return the most tokens that are computed on at once."""
        return self.model.scorer.tokens_per_batch

    @tokens_per_batch.setter
    def tokens_per_batch(self, tokens):
        self.model.scorer.tokens_per_batch = tokens

    def predict(self, examples):
        """Return class probabilities of Texts, float32 (n, classes), and the FLOPs used."""
        probabilities, flops, self.truncated = self.model.ask(examples.to_list())
        return probabilities, flops


def choose(examples, classes, shots, seed) -> list[list]:
    """Return `shots` examples of each class, chosen by a seed, in random order: lists of a text and its class."""
    if not shots:
        return []
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(examples.labels == label))[:shots] for label in range(classes)]
    if short := sum(len(part) < shots for part in rows):
        log.warning("%d of %d classes have fewer than %d examples in the subset: all of theirs are shown",
                    short, classes, shots)  # fmt: skip
    texts = examples.to_list()
    return [[texts[i], int(examples.labels[i])] for i in rng.permutation(np.concatenate(rows))]


def words_of(given: dict, label_names: list[str], arm: str) -> list[str]:
    """Return the word of each class. given: `words` of the arm; raise BadInput if they do not fit the classes."""
    place = f"config: arms.{arm}.words"
    if unknown := sorted(set(given) - set(label_names)):
        raise BadInput(f"{place}: there is no class {unknown[0]!r}; the classes are {', '.join(label_names)}")
    words = [given.get(name, name).strip() for name in label_names]
    if twice := sorted({word for word in words if words.count(word) > 1}):
        raise BadInput(f"{place}: {twice[0]!r} is the word of several classes; give each another one")
    return words


def build(run, about):
    """Return a classifier that has not chosen its examples yet."""
    torch.set_num_threads(run.threads)
    keys = {key: run.recipe[key] for key in ("template", "calibrate", "max_length", "shots")}
    words = words_of(run.recipe["words"], about["label_names"], run.cell["arm"])
    config = {"model": pinned(run.pretrained), "words": words, **keys, "examples": []}
    return PromptClassifier(config, run.recipe["precision"], run.cell["seed"])


def load(folder, precision):
    """Return the classifier in a folder."""
    return AskedModel(PromptClassifier.from_folder(folder, precision))
