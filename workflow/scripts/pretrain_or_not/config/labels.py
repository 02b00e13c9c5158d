"""Write the raw labels of a dataset as text."""

from __future__ import annotations

import re
from typing import Any


def as_label(value: Any) -> str | None:
    """Return a raw label as text, or None if there is no label.

    4, 4.0 and "4.0" are the class "4"; "04" is another class.
    """
    if value is None or value != value:  # NaN
        return None
    text = str(value).strip()
    return re.sub(r"(?<=\d)\.0+$", "", text) or None
