"""Write the decision page: one HTML file that opens offline.

Its figures are drawn by Vega-Lite, which comes with vl-convert-python. Compressed, and unpacked by the browser, it adds
400 kB; Plotly would add 1.4 MB (4.8 MB as it is). Vega-Lite draws SVG whose marks have descriptions for screen readers.
"""

from __future__ import annotations

import base64
import gzip
import json
from html import escape
from pathlib import Path

from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import PathLike

FOLDER = Path(__file__).parent

PARTS = {"css": "page.css", "js": "page.js"}


def vega() -> str:
    """Return Vega-Lite for a browser, as gzip in base64."""
    import vl_convert  # here, as a test of the rest needs no library of 80 MB

    bundle = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]  # None is the default that its stub lacks
    return base64.b64encode(gzip.compress(bundle.encode(), 9, mtime=0)).decode()


def page(content: dict, without_script: list[str]) -> str:
    """Return the page as text. content: see `report.page.content`. without_script: sentences for a browser without.

    No character of the content can end the element that it stands in: "<" is written as an escape of JSON.
    """
    filled = {name: (FOLDER / file).read_text(encoding="utf-8") for name, file in PARTS.items()}
    filled["data"] = json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    filled["noscript"] = "".join(f"<p>{escape(sentence)}</p>" for sentence in without_script)
    filled["vega"] = vega()
    before, *parts = (FOLDER / "page.html").read_text(encoding="utf-8").split("@@")
    return before + "".join(filled[part] if i % 2 == 0 else part for i, part in enumerate(parts))


def write_page(content: dict, without_script: list[str], output: PathLike) -> None:
    """Write the page; see `page`."""
    text = page(content, without_script)
    with atomic_write(output) as partial:
        partial.write_text(text, encoding="utf-8")
