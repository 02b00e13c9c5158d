"""Keep what a config says of one model from being applied to another of the same name.

Snakemake merges config files key by key. So a file that gives `minilm` another path would leave it the SHA-256 and the
revision of the model that `config.yaml` calls `minilm`.
"""

from __future__ import annotations

from collections.abc import Iterable

NOTHING = object()  # equal to no value


def layers_of(workflow) -> list[dict]:
    """Return what Snakemake has merged into the config: its files, those of the command line, last ``--config``.

    workflow: the object of that name in a Snakefile.
    """
    from snakemake.common.configfile import load_configfile  # here, as jobs do not need it

    given = workflow.overwrite_configfiles
    files = [*workflow.configfiles[len(given) :], *given]
    return [*map(load_configfile, files), workflow.config_settings.config]


def with_own_keys(config: dict, layers: Iterable[dict]) -> dict:
    """Return `config` with only those keys of each model that were given for its path.

    layers: what was merged into `config`, in this order: the content of each file, then that of the command line.
    """
    own: dict = {}  # name -> keys that were given for its path
    others: dict = {}  # name -> keys that were given for another path before
    for layer in layers:
        for name, keys in mapping(layer, "models").items():
            if isinstance(keys, dict):
                earlier = own.get(name, {})
                moved = "path" in keys and keys["path"] != earlier.get("path")
                own[name] = keys if moved else earlier | keys
                others[name] = others.get(name, {}) | (earlier if moved else {})
    if not isinstance(config.get("models"), dict):
        return config
    models = config["models"].items()
    return config | {"models": {name: kept(keys, own.get(name, {}), others.get(name, {})) for name, keys in models}}


def kept(keys, own, others):
    """Return the keys of a model without those that were given for another path of it.

    own: keys that were given for its path. others: those that were given for other paths.
    """
    if not isinstance(keys, dict):
        return keys
    return {key: value for key, value in keys.items() if key in own or others.get(key, NOTHING) != value}


def mapping(parent, key):
    """Return ``parent[key]`` if both are mappings, otherwise an empty one."""
    value = parent.get(key) if isinstance(parent, dict) else None
    return value if isinstance(value, dict) else {}
