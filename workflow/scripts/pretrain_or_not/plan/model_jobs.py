"""What the jobs of a model need that do not belong to an arm."""

from __future__ import annotations

from pretrain_or_not.config.made_models import texts_read, tokenizer_owner
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.plan.catalogue import SHIFT_FOLDER, Catalogue
from pretrain_or_not.plan.params import JobParams, with_whole_numbers
from pretrain_or_not.plan.per_job import PerJob, per_job


class ModelJobs(PerJob):
    """Functions of the rules that make models, and of those of frozen ones: inputs, then params.

    Paths begin with ``<results>``; Snakemake replaces it with the results folder.
    """

    def __init__(self, catalogue: Catalogue, params: JobParams):
        super().__init__(catalogue)
        self.params = params

    def recipe(self, wildcards) -> dict:
        """Return the keys of a model's `pretrain`."""
        return self.catalogue.models[wildcards.made]["pretrain"]

    def owner(self, wildcards) -> str:
        """Return the model whose tokenizer a model has."""
        return tokenizer_owner(self.catalogue.models, wildcards.made)

    @per_job
    def to_tokenize_by(self, wildcards):
        """Return the examples of the texts that a tokenizer is trained on, and those whose test texts it leaves out."""
        recipe = self.recipe(wildcards)
        return {"texts": examples_of([recipe["texts"]])[0]} | self.without(recipe)

    @per_job
    def to_pack(self, wildcards):
        """Return the examples of the texts of a model, those whose test texts it leaves out, and its tokenizer."""
        recipe = self.recipe(wildcards)
        return {"texts": examples_of([recipe["texts"]])[0]} | self.without(recipe) | self.own_tokenizer(wildcards)

    @per_job
    def to_compare(self, wildcards):
        """Return the examples of all texts that a model reads, and those that a dataset, or its shift, tests on."""
        recipe = self.recipe(wildcards)
        place = SHIFT_FOLDER if wildcards.get("shift") else "{dataset}"
        tested = f"<results>/{place.format(**wildcards)}/examples.parquet"
        return {"texts": examples_of(texts_read(recipe)), "tested": tested} | self.without(recipe)

    @per_job
    def to_learn(self, wildcards):
        """Return what a model is pretrained on: packed rows, or the tokens of tasks; and the model it starts from."""
        recipe, start = self.recipe(wildcards), self.recipe(wildcards)["from"]
        names = {"train": "train", "held_out": "held_out"}
        folders = [f"<results>/pretrained/{wildcards.made}/rows"]
        if recipe["objective"] == "supervised":
            names["held_out"] = "validation"
            folders = [f"<results>/{task}/tokens/{self.owner(wildcards)}" for task in recipe["tasks"]]
        found: dict = {key: [f"{folder}/{name}.parquet" for folder in folders] for key, name in names.items()}
        if isinstance(start, str) and self.catalogue.is_made(start):
            found["start"] = [f"<results>/pretrained/{start}/{name}" for name in (MODEL_FILES[0], "run.json")]
        return found | self.own_tokenizer(wildcards)

    @per_job
    def weights(self, wildcards):
        """Return the weights of the model that the wildcards name, or nothing if it exists already."""
        made = self.catalogue.is_made(wildcards.model)
        return {"weights": f"<results>/pretrained/{wildcards.model}/{MODEL_FILES[0]}"} if made else {}

    @per_job
    def feature_tokens(self, wildcards):
        """Return the tokens of validation and test texts that a frozen model reads, by split."""
        return {split: self.tokens_for(wildcards, split) for split in ("validation", "test")}

    @per_job
    def training_feature_tokens(self, wildcards):
        """Return the file of the tokens of training texts that a frozen model reads."""
        return self.tokens_for(wildcards, "train")

    @per_job
    def state_tokens(self, wildcards):
        """Return the file of the tokens of one split that a frozen model reads."""
        return self.tokens_for(wildcards, wildcards.split)

    def tokens_for(self, wildcards, split):
        """Return the file of tokens that a model of the wildcards reads."""
        owner = tokenizer_owner(self.catalogue.models, wildcards.model)
        return f"<results>/{wildcards.dataset}/tokens/{owner}/{split}.parquet"

    @per_job
    def made_tokenizer(self, wildcards):
        """Return the file of the tokenizer that the wildcards name if it is trained here; otherwise nothing."""
        return own_tokenizer_file(wildcards.tokenizer) if self.catalogue.is_made(wildcards.tokenizer) else []

    def without(self, recipe):
        """Return the examples whose validation and test texts a model leaves out, as {"without": paths}."""
        paths = [path for name in recipe["without"] for path in self.catalogue.tested_on(name)]
        return {"without": paths} if paths else {}

    def read_by(self, recipe):
        """Return the names of the datasets that a model reads, and the files whose tested texts it leaves out.

        A param: Snakemake runs a job again whose params have changed, but not one that has other, older inputs.
        """
        return {"texts": texts_read(recipe), "without": sorted(self.without(recipe).get("without", []))}

    def own_tokenizer(self, wildcards):
        """Return the file of the tokenizer of a model if it is trained here, as {"tokenizer": path}."""
        owner = self.owner(wildcards)
        return {"tokenizer": own_tokenizer_file(owner)} if self.catalogue.is_made(owner) else {}

    @per_job
    def tokenizer(self, wildcards):
        """Return the tokenizer of a model: its path, revision and version."""
        return self.params.tokenizer_named(self.owner(wildcards))

    @per_job
    def training_of_tokenizer(self, wildcards):
        """Return how a tokenizer is trained, and on what."""
        recipe = self.recipe(wildcards)
        return recipe["tokenizer"] | self.read_by(recipe)

    @per_job
    def packing(self, wildcards):
        """Return the keys of a recipe that shape the rows of tokens that a model is pretrained on."""
        recipe = self.recipe(wildcards)
        seed = 0 if recipe["order"] == "natural" else recipe["seed"]
        return {key: recipe[key] for key in ("amount", "order", "length")} | {"seed": seed} | self.read_by(recipe)

    @per_job
    def reading(self, wildcards):
        """Return what a model reads: how many texts of which datasets, and whether they have labels."""
        recipe = self.recipe(wildcards)
        if recipe["objective"] != "supervised":
            return {"amount": recipe["amount"], "labelled": False} | self.read_by(recipe)
        n = recipe["examples"]
        amount = None if n is None else n // len(recipe["tasks"])
        return {"amount": amount, "labelled": True} | self.read_by(recipe)

    @per_job
    def pretraining(self, wildcards):
        """Return how a model is made. Keys are sorted and whole numbers are integers."""
        return with_whole_numbers(self.recipe(wildcards))

    @per_job
    def base(self, wildcards):
        """Return the model that a model starts from, None for random weights."""
        name = self.recipe(wildcards)["from"]
        return self.params.given(name) if isinstance(name, str) else None


def own_tokenizer_file(name: str) -> str:
    """Return the file of the tokenizer that is trained for a model."""
    return f"<results>/pretrained/{name}/tokenizer/tokenizer.json"


def examples_of(names: list[str]) -> list[str]:
    """Return the examples.parquet of datasets."""
    return [f"<results>/{name}/examples.parquet" for name in names]
