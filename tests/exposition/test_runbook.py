"""The page of the runbook: an entry for each alert, to be read by itself."""

import re

import pytest

from exporter.alerts.table import ALERTS
from tests.exposition.api.scene import bare_api
from tests.exposition.test_server import Site

WAY_BACK = {"./", "./api/alerts"}


@pytest.fixture(scope="module")
def page() -> str:
    """The page, before anything has been read."""
    with bare_api(Site().app) as api:
        response = api.ask("/runbook")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


def test_each_alert_has_an_anchor(page: str) -> None:
    """The anchors are those of the annotation runbook_url."""
    assert {name.lower() for name in ALERTS} <= set(re.findall(r'<h2 id="(\w+)">', page))


def test_each_link_leads_somewhere(page: str) -> None:
    """To an entry, to the exporter, or to a page of somebody else; never to a file that only the repository has."""
    anchors = {f"#{name}" for name in re.findall(r'id="(\w+)"', page)}
    links = set(re.findall(r'href="([^"]+)"', page))
    assert {link for link in links if not link.startswith("https://")} - anchors == WAY_BACK
    assert len(links & anchors) > 30


def test_it_is_text_in_the_look_of_the_first_page(page: str) -> None:
    """Nothing is loaded and nothing runs; it is light and dark; queries and commands keep their lines."""
    assert not re.search(r"<(script|img|link|iframe|base)", page)
    assert "prefers-color-scheme: dark" in page
    assert '<pre><code class="language-promql">' in page
    assert "<strong>Action.</strong>" in page
    assert "](" not in page and "**" not in page
