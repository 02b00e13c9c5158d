"""A transformer tuned on pairs of texts, below a logistic regression: SetFit's recipe for few labels."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import nn

from pretrain_or_not.compute.classifier import Output
from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import NetworkClassifier, infer, probabilities
from pretrain_or_not.compute.logistic import LogisticHead
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.token_fit import fit_dataset, takes_of
from pretrain_or_not.compute.transformer import (
    embedding_tables,
    encoder_of_settings,
    load_encoder,
    speed_up_dropout,
)
from pretrain_or_not.config.pairs import pair_count
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.job import log


class SentenceNetwork(nn.Module):
    """An encoder, the mean of its last states scaled to length 1, and a linear layer."""

    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, input_ids, attention_mask, **more):
        """Return an Output with logits (batch, classes).

        input_ids, attention_mask: (batch, time). more: other inputs of the encoder, as token types.
        """
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **more)
        return Output(self.classifier(unit_pooled(output, attention_mask)))


def unit_pooled(output, attention_mask):
    """Return the mean of the last hidden states of each example, scaled to length 1, float32 (batch, width)."""
    return nn.functional.normalize(mean_pooled(output, attention_mask), dim=1)


class ContrastiveClassifier:
    """A `compute.classifier.Fittable` that first tunes an encoder on pairs and then fits a head on its embeddings.

    After `fit`: iterations, the optimizer steps on pairs; converged, whether the head did; facts, what the run cost on
    its device.
    """

    def __init__(self, network, recipe, learning_rate, seed):
        """recipe: the keys of the arm. learning_rate: the peak."""
        self.network, self.recipe, self.learning_rate, self.seed = network, recipe, learning_rate, seed
        self.accelerator = build_accelerator(recipe["precision"])
        network.to(self.accelerator.device)
        self.flops, self.takes = counted_flops(network), takes_of(network.encoder)
        self.iterations = self.training_flops = 0
        self.converged = True
        self.facts = {}

    @property
    def parameters(self):
        """Return the number of weights, all of which are fitted."""
        return sum(p.numel() for p in self.network.parameters())

    def fit(self, examples):
        """Tune the encoder on pairs of labelled examples, and fit the head on their embeddings; return self."""
        from pretrain_or_not.compute.contrast import sample_pairs, tune_on_pairs

        count = pairs_to_draw(self.recipe, len(examples))
        encoder, seen = self.network.encoder, len(examples)
        if len(np.unique(examples.labels)) > 1:
            pairs = sample_pairs(examples.labels, count, self.seed)
            self.iterations, work = tune_on_pairs(
                encoder, examples, pairs, self.recipe, self.learning_rate, self.seed, self.accelerator
            )
            self.training_flops, seen = work.flops(self.flops.training), seen + work.examples
        else:
            log.warning("the subset has one class only: there are no pairs to tune on")
        embeddings, work = infer(encoder, examples, self.accelerator, unit_pooled)
        self.training_flops += work.flops(self.flops.forward)
        self.set_head(embeddings, examples.labels)
        self.facts = device_facts(self.accelerator) | {
            "examples_seen": seen,
            "parameters_embedding": sum(table.numel() for table in embedding_tables(encoder)),
            "peak_memory_mb": peak_memory_mb(self.accelerator.device),
        }
        return self

    def set_head(self, embeddings, labels):
        """Fit the linear layer as a logistic regression; embeddings that are not finite make it predict nothing."""
        layer = self.network.classifier
        with torch.no_grad():
            if not np.isfinite(embeddings).all():
                log.warning("embeddings are not finite: the learning rate is too high for this arm")
                layer.bias.fill_(torch.nan)
                return
            head = LogisticHead(layer.out_features)
            head.fit(embeddings, labels, self.recipe["head_C"], self.recipe["class_weights"])
            self.converged = head.converged
            layer.weight.copy_(torch.from_numpy(head.coefficients))
            layer.bias.copy_(torch.from_numpy(head.intercepts))

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes)."""
        return infer(self.network, examples, self.accelerator, probabilities)[0]

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json, which holds the encoder's own config."""
        save_model(self.network.cpu(), str(Path(folder) / "model.safetensors"))
        config = {
            "family": "contrastive",
            "classes": self.network.classifier.out_features,
            "encoder": self.network.encoder.config.to_dict(),
        }
        (Path(folder) / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def pairs_to_draw(recipe, examples):
    """Return the number of pairs of a run on `examples`, and log where `max_steps` bounds it."""
    count, wanted = pair_count(recipe, examples)
    if count < wanted:
        log.info("%d of %d pairs are drawn, which take the %d steps of max_steps", count, wanted, recipe["max_steps"])
    return count


def build(run, about):
    """Return a classifier that is not tuned yet."""
    import pretrain_or_not.compute.contrast  # noqa: F401, takes seconds that are not those of the fit

    torch.set_num_threads(run.threads)
    torch.manual_seed(run.cell["seed"])
    encoder = load_encoder(verified(run.pretrained), run.pretrained.get("revision"))
    fit_dataset(encoder, about, run.recipe["model"], run.cell["arm"])
    speed_up_dropout(encoder)
    return ContrastiveClassifier(
        SentenceNetwork(encoder, len(about["label_names"])), run.recipe, run.value, run.cell["seed"]
    )


def load(folder, precision):
    """Return the tuned classifier in a folder."""
    config = json.loads((Path(folder) / "config.json").read_text())
    network = SentenceNetwork(encoder_of_settings(config["encoder"]), config["classes"])
    load_model(network, str(Path(folder) / "model.safetensors"))
    return NetworkClassifier(network, counted_flops(network), precision, takes_of(network.encoder))
