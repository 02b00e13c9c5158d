"""Decide the input files, params and resources of every job, from the config and from what is on disk.

Nothing here knows Snakemake: all are plain functions of a config and of wildcards.
"""
