"""Write the card of a trained model, with the front matter of the Hugging Face Hub."""

from __future__ import annotations

import json

import yaml

from pretrain_or_not.config.numbers import number
from pretrain_or_not.files.base_models import UNKNOWN

PROJECT = "To pretrain, or not?"

# The key of an arm that names a model, in words.
ROLES = {"model": "Base model", "tokenizer": "Tokenizer of", "embeddings": "Embeddings of",
         "generator": "Further examples written by", "teacher": "Model of its teacher"}  # fmt: skip

TRANSFORMER = """\
```python
from transformers import pipeline

classify = pipeline("text-classification", model="{folder}", truncation=True, top_k=None)
classify([{example}])
```

`truncation=True` cuts texts to {length}, as in training.{precision} Or, as for every model of the project:
"""

BF16 = " The run computed in bf16, and this computes in fp32: probabilities differ, rarely by more than 0.01."

ANY = """\
```python
from pretrain_or_not import load

model = load("{folder}")
model.predict([{example}])  # labels, probabilities
```
"""


def model_card(about: dict, choice: dict) -> str:
    """Return the card of a selected model, in Markdown. about: content of classifier.json. choice: of selected.json.

    It says only what is known: a licence that is named nowhere is "unknown".
    """
    rows = [*facts_of(about), *costs_of(choice)]
    example = '("first text", "second text")' if len(about["text"]) > 1 else '"a text", "another text"'
    use = [ANY.format(folder=".", example=example)]
    if plain_transformer(about, choice):
        precision = BF16 if about["precision"] == "bf16" else ""
        length = length_words(about["max_length"])
        given = TRANSFORMER.format(folder=".", example=for_transformers(about), length=length, precision=precision)
        use.insert(0, given)
    parts = [
        f"---\n{yaml.safe_dump(front_matter(about, choice), sort_keys=False, allow_unicode=True)}---",
        f"# {about['arm']}, trained on {about['dataset']}",
        f"A text classifier of the family `{about['family']}`, from the workflow “{PROJECT}”. {selection(choice)}",
        "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]),
        "## Classes",
        "~~~json\n" + json.dumps(about["label_names"], ensure_ascii=False, indent=1) + "\n~~~",
        "## Use\n\nThe paths are relative to this folder.",
        *use,
        *encoder_words(about),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def plain_transformer(about, choice):
    """Return whether transformers alone loads a selected model: it knows no pool of modulations."""
    adapter = choice["selected"]["recipe"].get("adapter") or {}  # only transformers have the key
    return about["family"] == "bert" and adapter.get("kind") != "l2m"


def front_matter(about, choice):
    """Return what the Hub reads of a card, a dict."""
    models = about["base_models"]
    weights = models.get("model") or models.get("embeddings")
    result = {
        "task": {"type": "text-classification"},
        "dataset": {"name": about["dataset"], "type": about["hub"] or about["dataset"], "split": "test"},
        "metrics": [{"type": "accuracy", "value": about["accuracy"]}],
    }
    return {
        "license": weights["licence"] if weights else UNKNOWN,
        "library_name": "transformers" if plain_transformer(about, choice) else "pretrain-or-not",
        "pipeline_tag": "text-classification",
        **({"base_model": weights["path"]} if weights and weights["hub"] else {}),
        **({"datasets": [about["hub"]]} if about["hub"] else {}),
        "metrics": ["accuracy"],
        **(
            {"model-index": [{"name": f"{about['dataset']}-{about['arm']}", "results": [result]}]}
            if about["accuracy"] is not None
            else {}
        ),
    }


def facts_of(about):
    """Return rows (name, value) of a card's table: data, score, texts, models."""
    yield "Data set", f"`{about['dataset']}`"
    chosen = "" if about["selection"] == "validation" else ", which are the test data"
    yield (
        "Labels used",
        (f"{about['n']:,} to train, {about['validation_examples']:,} to choose the run{chosen} (seed {about['seed']})"),
    )
    if about["accuracy"] is None:
        yield "Accuracy", "none: a prediction of the test data is not finite"
    else:
        low, high = (number(100 * about[f"accuracy_{end}"], 1) for end in ("low", "high"))
        interval = f"95 % interval of sampling the {about['test_examples']:,} test examples: {low} to {high} %"
        yield "Accuracy", f"{number(100 * about['accuracy'], 1)} % ({interval})"
        if about["metric"] != "accuracy":
            yield f"{about['metric']}", f"{about['score']:.4f}"
        if about["guesses"]:
            yield "Note", f"not clearly better than guessing, which has {about['metric']} {about['guessing']:.3f}"
        if about["selection"] == "test":
            yield "Note", "the run was selected on the test data, so these scores are too good"
    columns = ", ".join(f"`{json.dumps(name, ensure_ascii=False)}`" for name in about["text"]).replace("|", "\\|")
    joined = ""
    if len(about["text"]) > 1 and not about["pair"]:
        joined = f", joined by `{json.dumps(about['separator'], ensure_ascii=False)}`, blank ones left out"
        joined = joined.replace("|", "\\|")
    yield "Reads", f"{'two texts' if about['pair'] else 'a text'}, in the data set: {columns}{joined}"
    yield "Length", length_words(about["max_length"])
    for key, model in about["base_models"].items():
        yield ROLES[key], f"`{model['path']}` (licence: {model['licence']})"


def for_transformers(about):
    """Return the texts of an example for a pipeline of transformers, which joins no columns."""
    if about["pair"]:
        return '{"text": "first text", "text_pair": "second text"}'
    if len(about["text"]) > 1:
        return f'{json.dumps(about["separator"])}.join(["first text", "second text"])'
    return '"a text", "another text"'


def length_words(max_length):
    """Return to how many tokens texts are cut, in words."""
    return "complete texts" if max_length is None else f"at most {max_length:,} tokens"


def costs_of(choice):
    """Return rows (name, value) of a card's table: what training took. choice: content of selected.json."""
    run = choice["selected"]
    yield "Parameters", f"{run['parameters']:,}, of which {run['parameters_trained']:,} were trained"
    threads = f"{run['threads']} thread{'s' if run['threads'] > 1 else ''}"
    machine = f"{run['device']}, {threads}, {run['precision']}"
    all_runs = (
        f"; {choice['sweep_seconds']:,.1f} s for all {1 + len(choice['beaten'])} runs" if choice["beaten"] else ""
    )
    yield "Cost of training", f"{run['seconds']:,.1f} s ({machine}), {run['training_flops']:.2g} FLOPs{all_runs}"


def selection(choice):
    """Return how the run was selected, in a sentence."""
    count = 1 + len(choice["beaten"])
    if count == 1:
        return "It is the only run of its cell."
    return f"Of {count} runs, it has the best validation score (`{choice['selected']['setting']}`)."


def encoder_words(about):
    """Return the note on a frozen encoder that is not in the folder, a list."""
    if not about["encoder"]:
        return []
    encoder = about["encoder"]
    mark = f"SHA-256 `{encoder['sha256']}`" if encoder["sha256"] else f"revision `{encoder['revision']}`"
    return [
        "## Needs\n\nThis folder does not hold the frozen encoder whose features the model reads. It is loaded from "
        f"`{encoder['path']}` ({mark}), and checked. If it moves, correct `encoder: path` in `classifier.json`."
    ]
