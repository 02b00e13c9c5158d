"""The plan of every job: its input files, params, resources.

The plan depends on the config and on the files on disk. All functions here are plain functions of a config and of
wildcards, without Snakemake.
"""
