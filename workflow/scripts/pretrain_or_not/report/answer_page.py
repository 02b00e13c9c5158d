"""The answer as a page of HTML, which Snakemake's report shows as text."""

from __future__ import annotations

from markdown_it import MarkdownIt

from pretrain_or_not.report.markup import html

STYLE = """
body { margin: 1.5em; max-width: 60em; font: 15px/1.5 "DejaVu Sans", Verdana, Arial, sans-serif; color: black;
  background: white; overflow-wrap: anywhere }
h1 { font-size: 1.4em } h2 { font-size: 1.15em } li { margin: 0.4em 0 }
"""


def answer_page(text: str) -> str:
    """Return the answer, Markdown that begins with its title, as a page of HTML. Any HTML in it is shown as text."""
    title = text.partition("\n")[0].removeprefix("# ")
    body = MarkdownIt("commonmark", {"html": False}).render(text)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html(title)}</title>\n'
        f"<style>{STYLE}</style>\n{body}</html>\n"
    )
