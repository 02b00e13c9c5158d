"""What the job needs that measures forgetting."""

from __future__ import annotations

from pretrain_or_not.config.made_models import remembers
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.plan.cells import CELL_FOLDER
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import with_whole_numbers


class ForgettingJobs:
    """Inputs, then params, of the rule `measure_forgetting`. Paths begin with ``<results>``."""

    def __init__(self, inputs: JobInputs):
        self.inputs, self.catalogue = inputs, inputs.catalogue

    def selected(self, _wildcards) -> list[str]:
        """Return selected.json of each cell."""
        return [f"<results>/{CELL_FOLDER.format(**cell)}/selected.json" for cell in self.cells()]

    def weights(self, _wildcards) -> list[str]:
        """Return the selected models of the cells of which more than the head is trained."""
        folders = [CELL_FOLDER.format(**cell) for cell in self.cells() if cell["trained"] != "head"]
        return [f"<results>/{folder}/selected/{name}" for folder in folders for name in MODEL_FILES]

    def models(self, _wildcards) -> list[str]:
        """Return the weights of the models that they start from, and the texts that were held out."""
        files = (MODEL_FILES[0], "rows/held_out.parquet")
        return [f"<results>/pretrained/{name}/{file}" for name in self.recipes() for file in files]

    def cells(self) -> list[dict]:
        """Return the cells to score whose arms start from a model that predicts masked words.

        Each has its `model`, and which part of it is `trained`: full, sparse (all but the zeros), the kind of an
        adapter, or head.
        """
        arms = {arm: self.trained(arm) for arm in self.catalogue.experiment["arms"]}
        return [
            {key: cell[key] for key in ("dataset", "arm", "size")}
            | {"seed": int(cell["seed"]), "model": self.catalogue.keys_in(cell)["model"], "trained": arms[cell["arm"]]}
            for cell in self.inputs.scored_cells()
            if arms[cell["arm"]]
        ]

    def trained(self, name: str) -> str | None:
        """Return what an arm trains of the model that it starts from; None if it is not measured."""
        arm = self.catalogue.arms[name]
        if not remembers(self.catalogue.models, arm):
            return None
        if self.catalogue.reads(name) == "features":
            return "head"
        return arm["adapter"]["kind"] if arm["adapter"] else "sparse" if arm["sparse_finetune"] else "full"

    def recipes(self) -> dict:
        """Return folder, held-out texts and recipe of each model, by name."""
        return {
            name: {
                "folder": str(self.catalogue.made_folder(name)),
                "held_out": str(self.catalogue.made_folder(name) / "rows" / "held_out.parquet"),
                "recipe": with_whole_numbers(self.catalogue.models[name]["pretrain"]),
            }
            for name in dict.fromkeys(cell["model"] for cell in self.cells())
        }
