"""Write raw labels as text."""

from __future__ import annotations

import re
from typing import Any

from pretrain_or_not.errors import BadInput

WHOLE = re.compile(r"([+-]?[0-9]+)[.]0+")

SEVERAL = "a text with several labels (multi-label) is not supported; give each text one label"


def as_label(value: Any) -> str | None:
    """Return a raw label as text, or None if there is no label.

    4, 4.0 and "4.0" are the class "4"; "04", "v4.0" and "1.0.0" are other classes. A list of one label is this label,
    and bytes are UTF-8. Raises BadInput for any other list, a structure, or bytes that are no text.
    """
    if isinstance(value, list | tuple):
        if len(value) > 1:
            raise BadInput(f"a list of {len(value)} values, {shown(value)}: {SEVERAL}")
        return as_label(value[0]) if value else None
    if isinstance(value, dict):
        raise BadInput(f"a structure, {shown(value)}, not a label; write the label into a column or key of its own")
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"bytes that are not UTF-8 text, {shown(value)}; write labels as text or numbers") from error
    if value is None or value != value:  # NaN
        return None
    text = str(value).strip()
    number = WHOLE.fullmatch(text)
    if number:
        text = number[1] if number[1].strip("+-0") else number[1].lstrip("+-")  # -0.0 is 0
    return text or None


def shown(value, write=repr):
    """Return the beginning of a value as Python writes it."""
    text = write(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def class_of(value: Any, names: list[str] | None) -> str | None:
    """Return a raw label as text, or the name of its class if the file names its classes; None if there is no label.

    names: the class of each number from 0 on (`ClassLabel`), or None; -1 stands for no label. Raises BadInput for a
    number that has no name.
    """
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    label = as_label(value)
    if not names or label is None or (isinstance(value, str) and label in names):
        return label
    if label == "-1":
        return None
    if label.isdecimal() and int(label) < len(names):
        return names[int(label)]
    raise BadInput(f"{shown(value)}, which is none of the classes that the data set names: {shown(names)}")
