"""Train only small additions to a transformer: LoRA (Hu et al. 2021), (IA)³ (Liu et al. 2022), through peft.

The additions are merged into the weights before the model is saved, so that its folder is that of a plain transformer.
The exception is a pool of (IA)³ vectors (`modulation`), which depend on the text.
"""

from __future__ import annotations

from typing import Any

import torch

from pretrain_or_not.compute.modulation import L2M, modulated
from pretrain_or_not.errors import BadInput

# Where (IA)³ scales: keys, values, and the activations between the two matrices of the feed-forward part. peft's own
# choice for BERT also takes the output of attention, which ends in the same name.
KEYS_AND_VALUES = {"bert": ("key", "value"), "roberta": ("key", "value"), "xlm-roberta": ("key", "value"),
                   "camembert": ("key", "value"), "electra": ("key", "value"), "mpnet": ("k", "v")}  # fmt: skip
FEED_FORWARD = r"(?<!attention)\.output\.dense"


def with_adapter(model: Any, adapter: dict, new: frozenset[str] = frozenset()) -> torch.nn.Module:
    """Return a classifier of which only an adapter and what is new are trained. adapter: of the arm in the config.

    new: names of the weights that come from no pretraining: those of the head, and of the pooler where the files have
    none. With its first weights, it computes what `model` computes. Raises BadInput if the architecture has no known
    places for the adapter.
    """
    from peft import IA3Config, LoraConfig, TaskType, get_peft_model  # here, as it takes a second

    kind = model.config.model_type
    trained = new_parts(model, new)
    options: dict[str, Any] = {"task_type": TaskType.SEQ_CLS, "modules_to_save": trained}
    if adapter["kind"] == "lora":
        targets = "all-linear" if adapter["targets"] == "all" else None
        settings: Any = LoraConfig(
            r=adapter["rank"], lora_alpha=adapter["alpha"], lora_dropout=adapter["dropout"], target_modules=targets,
            **options,
        )  # fmt: skip
    else:
        if kind not in KEYS_AND_VALUES:
            raise BadInput(f"adapter: kind: {adapter['kind']} is not known for {kind}; take lora")
        names = "|".join(KEYS_AND_VALUES[kind])
        attention, feed_forward = rf".*\.attention\..*\.({names})", rf".*{FEED_FORWARD}"
        if adapter["kind"] == L2M:
            return modulated(model, adapter, attention, feed_forward, trained)
        places = f"{attention}|{feed_forward}"
        settings = IA3Config(target_modules=places, feedforward_modules=feed_forward, **options)
    try:
        return get_peft_model(model, settings)
    except ValueError as error:  # an architecture that peft does not know
        reason = " ".join(str(error).split())
        raise BadInput(f"adapter: peft cannot be used with {kind}: {reason}") from error


def new_parts(model: Any, new: frozenset[str]) -> list[str]:
    """Return the names of the largest modules beside the encoder, and of its pooler, whose weights are all `new`."""
    base = model.base_model_prefix
    places = [name for name, _ in model.named_children() if name != base] + [f"{base}.pooler"]
    weights = {place: [name for name in model.state_dict() if name.startswith(f"{place}.")] for place in places}
    return [place for place, names in weights.items() if names and new.issuperset(names)]


def merged(model: Any) -> torch.nn.Module:
    """Return the plain transformer that a model with a trained adapter is; others are returned as they are."""
    if not hasattr(model, "merge_and_unload"):
        return model
    from peft.utils import ModulesToSaveWrapper

    # What is trained beside the adapter. peft's (IA)³ unwraps single layers only, and no poolers or heads of several.
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, ModulesToSaveWrapper):
                setattr(parent, name, child.modules_to_save[child.active_adapters[0]])
    return model.merge_and_unload()
