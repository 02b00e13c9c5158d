"""The answer as HTML: readable, and no text of a user is taken for HTML or a link."""

from html.parser import HTMLParser

import pytest

from pretrain_or_not.report.answer_page import answer_page
from pretrain_or_not.report.markup import markdown

HOSTILE = ['<img src=x onerror="alert(1)">', "[x](javascript:alert)", "<https://x.org>", "&lt;b&gt;", "**b** _c_ `d`"]


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("title", HOSTILE)
def test_titles_are_shown_as_they_are(title):
    found = Reader(answer_page(f"# A & B?\n\nOn **{markdown(title)}**:\n\n- **{markdown(title)}** is ahead.\n"))
    assert found.tags == ["html", "meta", "title", "style", "h1", "p", "strong", "ul", "li", "strong"]
    assert f"On {title}:" in found.text and f"{title} is ahead." in found.text and found.text.count("A & B?") == 2


def test_html_that_is_not_escaped_is_text_too():
    assert "script" not in Reader(answer_page("# T\n\n<script>alert(1)</script>\n")).tags
