"""The files that an experiment names, checked before the first job."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.augmentation import check_cells
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.grid import sizes_by_arm
from pretrain_or_not.config.made_models import lineage, tokenizer_owner
from pretrain_or_not.config.shifts import as_labelled
from pretrain_or_not.config.sizes import check_sizes
from pretrain_or_not.data.sources import files, find_inputs, look_into
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.language_model_files import check_language_model
from pretrain_or_not.files.model_files import check_architecture, check_weight_files
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.files.static_table import static_table
from pretrain_or_not.files.vocabulary_files import check_vocabulary_files
from pretrain_or_not.plan.catalogue import Catalogue

NUMBER_OF_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "encoder_layers", "num_layers")  # in config.json


def training_rows(facts):
    """Return how many training rows a cell has at most. facts: the content of dataset.json."""
    return (facts["folds"] or facts)["rows"]["train"]


def check_data(catalogue: Catalogue):
    """Raise BadInput if a source of the experiment is missing, or its first rows or a size are wrong."""
    check_cells(catalogue.config)
    check_new_texts(catalogue)
    check_shifts(catalogue)
    for name, sources in find_sources(catalogue).items():
        try:
            facts = ingested(catalogue, name, sources)
            rows = training_rows(facts) if facts else look_into(catalogue.datasets[name])
            if rows is not None:
                check_sizes(sizes_by_arm(catalogue.config, name), rows, at_most=not facts)
        except BadInput as error:
            raise BadInput(f"dataset {name!r}: {error}") from error


def check_new_texts(catalogue: Catalogue):
    """Raise BadInput if a file of new texts is missing, or its first rows are wrong."""
    for name in catalogue.predictions:
        texts = catalogue.new_texts(name)
        files.find_inputs(name, texts, "predict")
        try:
            files.look_into(texts)
        except BadInput as error:
            raise BadInput(f"config: predict.{name}: {error}") from error


def check_shifts(catalogue: Catalogue):
    """Raise BadInput if a file of a further test set is missing, or its first rows are wrong."""
    for dataset in catalogue.experiment["datasets"]:
        for name, entry in catalogue.shifts(dataset).items():
            if entry["files"] is None:
                continue
            texts, section = as_labelled(entry, catalogue.datasets[dataset]), f"datasets.{dataset}.shifts"
            files.find_inputs(name, texts, section)
            try:
                files.look_into(texts)
            except BadInput as error:
                raise BadInput(f"config: {section}.{name}: {error}") from error


def find_sources(catalogue: Catalogue):
    """Return the source files of each dataset that is read: {name: paths}; raise BadInput for all mistakes."""
    found, mistakes = {}, []
    for name in [*catalogue.experiment["datasets"], *catalogue.text_sets()]:
        try:
            found[name] = find_inputs(name, catalogue.datasets[name])
        except BadInput as error:
            mistakes.append(str(error))
    if mistakes:
        raise BadInput("\n".join(mistakes))
    return found


def check_model_files(catalogue: Catalogue):
    """Raise BadInput if a file of a model that the experiment uses is missing or cannot be used.

    Models of the Hub are checked when they are loaded.
    """
    for arm in catalogue.trained_arms():
        keys = catalogue.arms[arm]
        if catalogue.family(arm).language_model:
            model = catalogue.models[keys["model"]]
            check_language_model(locate(model["path"]), model["gguf"])
            continue
        if keys.get("augment"):
            generator = catalogue.models[keys["augment"]["generator"]]
            check_language_model(locate(generator["path"]), generator["gguf"])
        if (tokenizer := catalogue.tokenizer_of(arm)) and not catalogue.is_made(tokenizer):
            check_vocabulary_files(locate(catalogue.models[tokenizer]["path"]))
        for key in catalogue.family(arm).model_keys:
            if key == "tokenizer" or not keys.get(key):
                continue
            if catalogue.is_made(keys[key]):
                check_layer(arm, keys, layers_of_made(catalogue, keys[key]))
                continue
            folder = locate(catalogue.models[keys[key]]["path"])
            if key == catalogue.family(arm).embeddings_key and static_table(folder):
                continue
            check_architecture(folder)
            check_layer(arm, keys, layers_in(folder))
            if keys.get("init") != "random":
                check_weight_files(folder)
    for name in catalogue.made_models():
        start = catalogue.models[name]["pretrain"]["from"]
        if isinstance(start, str) and not catalogue.is_made(start):
            check_architecture(locate(catalogue.models[start]["path"]))
            check_start(catalogue, name, locate(catalogue.models[start]["path"]))
            check_weight_files(locate(catalogue.models[start]["path"]))
        if not catalogue.is_made(owner := tokenizer_owner(catalogue.models, name)):
            check_vocabulary_files(locate(catalogue.models[owner]["path"]))


def check_start(catalogue, name, folder):
    """Raise BadInput if the model that a model starts from cannot learn its objective, as far as its config tells."""
    recipe, kind = catalogue.models[name]["pretrain"], config_in(folder).get("model_type")
    row = ARCHITECTURES.get(kind)
    where = f"config: models.{name}.pretrain.from: {recipe['from']!r}"
    if row is None:
        return
    if recipe["objective"] == "supervised":
        if row.kind == "encoder-decoder":
            raise BadInput(
                f"{where} ({row.title}): `objective: supervised` needs an encoder or a decoder; take another"
            )
        return
    if row.masked_head is None:
        able = ", ".join(other.title for other in ARCHITECTURES.values() if other.masked_head)
        raise BadInput(f"{where} ({row.title}) cannot go on with masked words; take one of {able}")
    if recipe["objective"] == "rtd" and kind != "bert":
        raise BadInput(f"{where} ({row.title}): `objective: rtd` is for BERT; take one, or `objective: mlm`")


def config_in(folder):
    """Return the content of the config.json of a model; empty of one that is not on this machine."""
    config = Path(folder) / MODEL_FILES[1]
    return read_json(config) if config.is_file() else {}


def layers_in(folder):
    """Return how many layers a model has, as far as its config tells; otherwise None."""
    settings = config_in(folder)
    return next((settings[key] for key in NUMBER_OF_LAYERS if isinstance(settings.get(key), int)), None)


def layers_of_made(catalogue, name):
    """Return how many layers a model that is made has, or None."""
    *_, first = lineage(catalogue.models, name)
    if not catalogue.is_made(first):
        return layers_in(locate(catalogue.models[first]["path"]))
    return catalogue.models[first]["pretrain"]["from"]["layers"]


def check_layer(arm, keys, layers):
    """Raise BadInput if an arm reads a layer of a frozen model that it does not have. layers: how many, or None."""
    layer = keys.get("layers")
    if (
        FAMILIES[keys["family"]].reads == "features"
        and isinstance(layer, int)
        and layers is not None
        and layer > layers
    ):
        raise BadInput(
            f"config: arms.{arm}.layers: {layer} names no layer of {keys['model']!r}, which has {layers}; "
            f"give 0 (the embeddings) to {layers}"
        )


def ingested(catalogue: Catalogue, name, sources):
    """Return the content of the dataset.json of a dataset that need not be ingested again; otherwise None."""
    summary = catalogue.results / name / "dataset.json"
    if not summary.is_file() or any(Path(path).stat().st_mtime > summary.stat().st_mtime for path in sources):
        return None
    facts = read_json(summary)
    return facts if facts["config_digest"] == digest(catalogue.content(name)) else None
