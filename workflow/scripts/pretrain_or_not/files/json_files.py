"""Read or write JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import PathLike


def write_json(path: PathLike, value: Any) -> None:
    """Write `value` as indented JSON."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: PathLike) -> Any:
    """Read a JSON file; raise BadInput that names it if it is empty or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path}: not complete JSON ({error}); delete it and run again") from error
