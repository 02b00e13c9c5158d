"""The splits of a dataset."""

SPLITS = ("train", "validation", "test")

# What a column of splits may call them, in lower case.
SPLIT_NAMES = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
               "val": "validation", "dev": "validation", "test": "test"}  # fmt: skip
