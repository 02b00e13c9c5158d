"""Methods that Snakemake calls for each of tens of thousands of jobs."""

import inspect


class Wildcards(dict):
    """Wildcards of a job, for calls that Snakemake does not make: attributes, `get`, and what ** unpacks."""

    __getattr__ = dict.__getitem__


def per_job(method):
    """Mark a method that Snakemake calls with the wildcards of a job; return it."""
    method.per_job = True
    return method


def with_signature(method):
    """Return a function like `method` that stores its signature, which Snakemake needs in every job."""

    def function(*args, **kwargs):
        return method(*args, **kwargs)

    function.__signature__ = inspect.signature(method)
    return function


class PerJob:
    """Functions of a `Catalogue`; Snakemake calls the methods marked `per_job`, several times per job."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        for name in dir(type(self)):
            if getattr(getattr(type(self), name), "per_job", False):
                setattr(self, name, with_signature(getattr(self, name)))
