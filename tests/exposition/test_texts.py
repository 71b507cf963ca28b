"""``/api/texts`` and the texts on the page: filters, pages, long texts, and nothing taken for HTML."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from exporter.metrics.label_texts import LabelTexts
from exporter.metrics.snapshot import Snapshot
from tests.exposition.api.scene import Api, bare_api
from tests.exposition.page.reader import Page, page_of, page_response
from tests.exposition.snapshots import ACCOUNT_ID, snapshot
from tests.exposition.test_server import Site as Web

OTHER_ID = "b" * 32
NASTY = "<script>alert('x')</script>&\"{}{0}"
LONG = "SELECT " + "é" * 100_000
TITLE = "Texts behind labels"
DATASET = "d1QueriesAdaptiveGroups"


def told(*texts: LabelTexts) -> Snapshot:
    """A snapshot of two accounts with these texts."""
    return replace(snapshot(), account_labels={ACCOUNT_ID: "Example", OTHER_ID: "Other"}, texts=texts)


def of(account_id: str, label: str, *texts: str) -> LabelTexts:
    """Texts of a dataset of an account."""
    return LabelTexts(account_id, "d1", DATASET, label, frozenset(texts))


def short(text: str) -> str:
    """Return the hash that stands for a text."""
    return sha256(text.encode()).hexdigest()[:10]


SNAPSHOT = told(
    of(OTHER_ID, "query", "a", "b"),
    of(ACCOUNT_ID, "query", "a", NASTY, LONG),
    # Another of its zones.
    of(ACCOUNT_ID, "query", "a", "c"),
    of(ACCOUNT_ID, "error", "a"),
    of("c" * 32, "query", "left out"),
)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """The API of a snapshot with texts."""
    site = Web()
    site.published.snapshot = SNAPSHOT
    with bare_api(site.app) as found:
        yield found


def test_texts_are_told_in_order_and_once(api: Api) -> None:
    """By account, label and value; a page at a time the same, and cursors are short whatever the texts."""
    found = api.answer("/api/texts")
    rows = [(row["account"], row["label"], row["value"], row["text"]) for row in found["texts"]]
    queries = [("Example", "query", short(text), text) for text in ("a", "c", NASTY, LONG)]
    others = [("Other", "query", short(text), text) for text in ("a", "b")]
    assert rows == sorted([("Example", "error", short("a"), "a"), *queries, *others])
    assert found["total"] == 7
    assert api.pages("/api/texts", "texts", 1) == found["texts"]
    assert all(len(api.answer(f"/api/texts?limit={limit}")["next_cursor"]) < 300 for limit in range(1, 7))


def test_the_text_of_a_hash_is_found(api: Api) -> None:
    """By account, label and value, each of several."""

    def texts(query: str) -> list[tuple[str, str, str]]:
        return [(row["account"], row["label"], row["text"]) for row in api.answer(f"/api/texts?{query}")["texts"]]

    assert texts(f"value={short(LONG)}") == [("Example", "query", LONG)]
    assert texts(f"value={short('a')}&label=query&account=Example") == [("Example", "query", "a")]
    assert texts(f"value={short('b')}&value={short('c')}") == [("Example", "query", "c"), ("Other", "query", "b")]
    assert texts(f"account={OTHER_ID}&label=error") == []
    assert api.refusal("/api/texts?account=Left")[0] == "bad_request"
    assert api.refusal("/api/texts?text=a")[0] == "bad_request"


def test_texts_stand_on_the_page() -> None:
    """As they are; of a long one the beginning, and the whole in the tooltip."""
    page = page_of(SNAPSHOT)
    shown = {(row["Account"], row["Label"], row["Value"]): row["Text"] for row in page.tables[TITLE]}
    assert shown["Example", "query", short(NASTY)] == NASTY
    assert shown["Example", "query", short(LONG)] == f"{LONG[:199]}…"
    assert len(shown) == 7
    html = page_response(SNAPSHOT).text
    assert html.count('<td data-head="Text" title=') == html.count(f'title="{LONG}"') == 1
    assert "script" not in page.outside
    assert "./api/texts" not in page.outside


def test_a_long_text_does_not_leave_its_tooltip() -> None:
    """Quotes and tags are escaped there, too."""
    nasty = NASTY * 20
    html = page_response(told(of(ACCOUNT_ID, "query", nasty))).text
    assert Page(html).tables[TITLE][0]["Text"] == f"{nasty[:199]}…"
    assert "<script" not in html


def test_a_page_shows_the_first_and_leads_to_all() -> None:
    """Whoever has thousands of texts asks for one."""
    page = page_of(told(of(ACCOUNT_ID, "query", *map(str, range(1_234)))))
    assert len(page.tables[TITLE]) == 250
    assert page.links["all 1,234 texts"] == "./api/texts"


def test_without_texts_there_is_no_section() -> None:
    """And the API has an empty page."""
    assert TITLE not in page_of(snapshot()).tables
    site = Web()
    site.published.snapshot = snapshot()
    with bare_api(site.app) as api:
        assert api.answer("/api/texts") | {"as_of": ""} == {"as_of": "", "total": 0, "next_cursor": None, "texts": []}
