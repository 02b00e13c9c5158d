"""The type of arguments that are paths."""

import os

PathLike = str | os.PathLike
