"""Paths that several rooms use."""

import os

# What functions take for a path.
PathLike = str | os.PathLike

# The files of a trained model, in the folder of its run.
MODEL_FILES = ("model.safetensors", "config.json")
