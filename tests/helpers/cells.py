"""Cells of a small experiment, trained and tested in this process, as the jobs of the workflow do it."""

import csv
from pathlib import Path

from helpers.plan import cell
from helpers.project import CONFIG
from helpers.texts import make_rows
from helpers.training import run_outputs, train
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.settings import setting_value
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.subsets import write_subset
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.training.run import Run

LENGTH = 12  # tokens; most texts are longer

# One arm per family, and those that differ in what a selected model needs.
NETWORK = {
    "learning_rates": [3e-3],
    "batch_size": 8,
    "min_steps": 0,
    "epochs": 6,
    "validations": 1,
    "precision": "fp32",
}
ARMS = {
    "bert": {"family": "bert", "model": "tiny", **NETWORK},
    "bert-l2m": {"family": "bert", "model": "tiny", "adapter": {"kind": "l2m", "pool": 4}, **NETWORK},
    "lstm": {"family": "lstm", "tokenizer": "tiny", "hidden": 8, "embedding_size": 8, **NETWORK},
    "lstm-frozen": {"family": "lstm", "tokenizer": "tiny", "embeddings": "tiny", "hidden": 8, **NETWORK},
    "tfidf": {"family": "tfidf", "C": [10]},
    "tfidf-tokens": {"family": "tfidf", "C": [10], "tokenizer": "tiny"},
    "probe": {"family": "probe", "model": "tiny", "C": [0.1]},
    "probe-weighted": {"family": "probe", "model": "tiny", "C": [0.1], "layers": "weighted"},
    "bag": {"family": "bag", "tokenizer": "tiny", **NETWORK},
    "static": {"family": "static", "model": "tiny", "C": [0.1]},
    "contrastive": {"family": "contrastive", "model": "tiny", "learning_rates": [1e-3], "pairs_per_example": 2,
                    "precision": "fp32"},
    "knn": {"family": "knn", "model": "tiny", "neighbours": [3]},
    "knn-first": {"family": "knn", "model": "tiny", "neighbours": [3], "layers": 1, "pooling": "max"},
    "majority": {"family": "majority"},
}  # fmt: skip


class Cells:
    """The results of an experiment on 240 short texts, or pairs of them, in a folder. `make` adds a cell."""

    def __init__(self, folder, bert, pair=False, arms=None, metric="accuracy"):
        self.folder, self.pair = Path(folder), pair
        self.file = self.folder / "toy.csv"
        rows, others = make_rows(240), make_rows(240, seed=1)
        with open(self.file, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if pair:
                writer.writerow(("premise", "hypothesis", "label"))
                writer.writerows(
                    (a, b, "same" if x == y else "other") for (a, x), (b, y) in zip(rows, others, strict=True)
                )
            else:
                writer.writerows([("text", "label"), *rows])
        columns = {"pair": ["premise", "hypothesis"]} if pair else {}
        config = {
            "pathvars": {"results": str(self.folder / "results")},
            "experiment": {"datasets": ["toy"], "arms": list(ARMS), "reference": "bert", "sizes": [40], "seeds": [0],
                           "validation_max": 30, "metric": metric},
            "datasets": {"toy": CONFIG["datasets"]["toy"] | {"files": str(self.file), "max_length": LENGTH} | columns},
            "models": {"tiny": {"path": str(bert)}},
            "arms": arms or ARMS,
        }  # fmt: skip
        self.catalogue = Catalogue(check_config(config))
        self.params = JobParams(self.catalogue)
        data = self.catalogue.results / "toy"
        self.examples, self.subset = data / "examples.parquet", data / "subsets/n40/seed0.parquet"
        ingest(self.catalogue.datasets["toy"], "toy", [[40]], 1, self.examples, data / "dataset.json")
        write_subset(self.examples, data / "dataset.json", "40", 0, self.subset)
        self.splits = ("train", "validation", "test")
        self.tokens = {split: data / f"tokens/tiny/{split}.parquet" for split in self.splits}
        self.tokenizer = data / "tokens/tiny/tokenizer/about.json"
        tokenize(self.examples, str(bert), "tiny", LENGTH, self.tokens, saved=self.tokenizer)

    def inputs(self, arm):
        """Return the files of the three splits as an arm reads them; features are computed."""
        reads = self.catalogue.reads(arm)
        if reads == "texts":
            return dict.fromkeys(self.splits, self.examples)
        if reads == "tokens":
            return self.tokens
        from pretrain_or_not.compute.extract_features import extract_features
        from pretrain_or_not.compute.states import extract_states

        folder = self.catalogue.results / "toy/features/tiny" / self.catalogue.feature_folder(arm, "toy")
        outputs = {split: folder / f"{split}.parquet" for split in self.splits}
        states, model = self.catalogue.states(arm), self.catalogue.models["tiny"]
        if outputs["train"].exists():
            return outputs
        if states is None:
            extract_features(self.tokens, LENGTH, model, "tiny", 1, outputs)
        else:
            for split, path in self.tokens.items():
                extract_states(path, LENGTH, states, [], model, "tiny", 1, outputs[split])
        return outputs

    def embeddings(self, arm):
        """Return the embeddings that an arm starts from, as {"embeddings": path}; empty if there are none."""
        keys = self.catalogue.arms[arm]
        if not (keys.get("embeddings") or keys["family"] == "static"):
            return {}
        from pretrain_or_not.compute.extract_embeddings import extract_embeddings

        path = self.catalogue.results / "embeddings/tiny.safetensors"
        if not path.exists():
            extract_embeddings(self.catalogue.models["tiny"], path)
        return {"embeddings": str(path)}

    def make(self, arm, keep="selected"):
        """Train, select and test the cell of an arm; return the folder of its model and its predictions."""
        from pretrain_or_not.evaluation.model_folder import Origin
        from pretrain_or_not.evaluation.predict import evaluate_cell
        from pretrain_or_not.evaluation.select import select_run

        place = cell(arm)
        folder = self.catalogue.results / f"toy/runs/{arm}/n40/seed0"
        predictions = self.catalogue.results / f"toy/predictions/{arm}/n40/seed0.parquet"
        (setting,) = self.catalogue.settings(arm)
        files, metric = self.inputs(arm), self.catalogue.metric
        train(
            Run(
                cell={"dataset": "toy", "arm": arm, "size": "40", "setting": setting, "seed": 0,
                      "selection": "validation"},
                recipe=self.params.recipe(place),
                value=setting_value(setting),
                inputs={key: str(files[key]) for key in ("train", "validation")} | {"subset": str(self.subset)}
                | self.embeddings(arm),
                outputs=run_outputs(folder / setting),
                pretrained=self.params.pretrained(place),
                validation_max=30,
                reads=self.catalogue.reads(arm),
                metric={"name": metric.name, "sign": metric.sign},
            )
        )  # fmt: skip
        selected = folder / "selected"
        outputs = {"selected": folder / "selected.json", "model": selected / "model.safetensors",
                   "config": selected / "config.json"}  # fmt: skip
        select_run([folder / setting / "run.json"], metric.sign, outputs, keep)
        origin = Origin(
            **self.params.origin(place), tokenizer=None if self.catalogue.reads(arm) == "texts" else self.tokenizer
        )
        evaluate_cell(
            family=self.params.family(place), reads=self.params.reads(place), neural=self.params.neural(place),
            selected=outputs["selected"], test=files["test"], subset=self.subset, threads=1, code="", keep=keep,
            output=predictions, metric=metric, origin=origin,
        )  # fmt: skip
        return selected, predictions
