"""The runbook as the HTML of the exporter's page, with an anchor for each alert."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from alerting.runbook import FILE

FOLLOWED = ("#", "https://")
"""How links begin that lead somewhere from the exporter's page; it has no other file of the repository."""


def runbook_text() -> str:
    """Return the text below the title."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(FILE.read_text(encoding="utf-8"))
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", inline.content.lower())
        if inline.children:
            inline.children = list(_followed(inline.children))
    is_title = [token.type == "heading_close" for token in tokens].index(True)
    return str(parser.renderer.render(tokens[is_title + 1 :], parser.options, {}))


def _followed(tokens: Iterable[Token]) -> Iterator[Token]:
    """Return the parts of a line without the links that lead nowhere; their texts stay."""
    leads = True
    for token in tokens:
        if token.type == "link_open":
            leads = str(token.attrGet("href")).startswith(FOLLOWED)
        if leads or not token.type.startswith("link_"):
            yield token
        if token.type == "link_close":
            leads = True
