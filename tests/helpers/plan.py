"""A small config as the planning functions see it, and the wildcards of jobs."""

import copy

from helpers.project import CONFIG
from pretrain_or_not.config.check import check_config
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.per_job import Wildcards


def cell(arm, size="40", seed="0"):
    """Return the wildcards of a cell."""
    return Wildcards(dataset="toy", arm=arm, size=size, seed=seed)


def make_catalogue(folder="results", arms=None, models=None, **sections):
    """Return the catalogue of the test project.

    folder: of results. arms: by name, keys to change, or all of a new one. models: as in the config. sections: keys to
    change in others.
    """
    config = copy.deepcopy(CONFIG)
    config["pathvars"]["results"] = str(folder)
    config["models"] |= models or {}
    for name, changes in (arms or {}).items():
        config["arms"][name] = config["arms"].get(name, {}) | changes
    for section, changes in sections.items():
        config[section] = config.get(section, {}) | changes
    return Catalogue(check_config(config))
