"""Whatever is asked of the web: an answer as the OpenAPI document describes it, never a fault of the exporter."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.views.paging import write_cursor
from tests.exposition.api.scene import Api, described_get, running_api
from tests.exposition.shape import faults
from tests.fuzz.budget import fuzzed

EXAMPLES = 60
"""The number of requests for each property."""

FUZZED = fuzzed(EXAMPLES)

UNCONFIGURED = 503
"""What ``/api/alerts`` answers where no source of alerts is configured."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.lists(st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.floats()), max_size=5)
CURSORS = st.builds(lambda order, key: write_cursor(order, tuple(key)), st.sampled_from(["assets name asc", ""]), KEYS)
VALUES = st.one_of(
    TEXTS,
    CURSORS,
    st.dates().map(str),
    st.integers().map(str),
    st.sampled_from(["0001-01-01", "0001-01-02", "9999-12-31", "9999-12-30", "2025-10-14", "2025-10-20", "20251014"]),
    st.sampled_from(["current", "previous", "current,previous", "shop,blog", ",", "a,b,c", "2025-10-01,2025-11-01"]),
    st.sampled_from(["production", "Other", "shop", "worker", "day", "week", "month", "csv", "json", "all", "true"]),
    st.sampled_from(
        ["1", "1000", "1001", "0", "-1", "1e3", "٣", "1" * 5000, "\0", "%", "\r\n", "\ud7ff", "\U0001f600"]
    ),
)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """An exporter with an account."""
    with running_api() as (api, _):
        yield api


def parameters(api: Api, path: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Query parameters: mostly known ones, of which some values are known."""
    known = [each for each in api.described["paths"][path]["get"]["parameters"] if each["in"] == "query"]
    pairs = [st.tuples(st.just(each["name"]), _values(each["schema"]) | VALUES) for each in known]
    return st.lists(st.one_of(*pairs, st.tuples(TEXTS, VALUES)), max_size=4)


def _values(schema: Any) -> st.SearchStrategy[str]:
    one = schema.get("items", schema)
    return st.sampled_from(one["enum"]) if "enum" in one else VALUES


def judge(api: Api, path: str) -> None:
    """Hold an answer to the document."""
    response = api.ask(path)
    status = response.status_code
    assert status < 500 or (status == UNCONFIGURED and path.startswith("/api/alerts")), (path, response.text)
    if status == 200 and response.headers["content-type"].startswith("text/csv"):
        return
    assert response.headers["content-type"] == "application/json", path
    document = json.loads(response.text)
    schemas = api.described["components"]["schemas"]
    responses = described_get(api.described, path)["responses"]
    described = responses[str(status)]["content"]["application/json"]["schema"]
    assert list(faults(document, described, schemas)) == []


PATHS = (
    "/api/assets",
    "/api/projects",
    "/api/project/{name}",
    "/api/usage",
    "/api/texts",
    "/api/costs",
    "/api/alerts",
    "/api/health",
)


@FUZZED
@given(st.sampled_from(PATHS), st.data())
def test_every_path(api: Api, path: str, data: st.DataObject) -> None:
    """With any parameters."""
    asked = urlencode(data.draw(parameters(api, path)))
    name = quote(data.draw(st.sampled_from(["shop", "unassigned"]) | TEXTS.filter(bool)), safe="")
    judge(api, f"{path.replace('{name}', name)}?{asked}")


@FUZZED
@given(st.sampled_from(["/api/usage", "/api/costs"]), st.data())
def test_days(api: Api, path: str, data: st.DataObject) -> None:
    """Paths that know days, with any of them."""
    days = st.dates().map(str) | st.sampled_from(["0001-01-01", "9999-12-31", "2025-10-14", "2025-10-19", "2025-10-20"])
    if path == "/api/usage":
        steps = st.sampled_from(["day", "week", "month"])
        asked = st.fixed_dictionaries({}, optional={"since": days, "until": days, "step": steps})
    else:
        pairs = st.tuples(days, days).map(",".join)
        asked = st.fixed_dictionaries({}, optional={"period": days, "compare": pairs})
    judge(api, f"{path}?{urlencode(data.draw(asked))}")


@FUZZED
@given(st.sampled_from(PATHS), st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=20))
@example("/api/assets", "%ff=%fe")
@example("/api/assets", "sort=%00")
@example("/api/assets", "&&==;;")
@example("/api/assets", "account=%ed%a0%80")
def test_any_query_string(api: Api, path: str, text: str) -> None:
    """Also one that no form would send."""
    judge(api, f"{path.replace('{name}', 'shop')}?{text.replace('#', '%23')}")


@FUZZED
@given(
    st.lists(
        st.tuples(st.sampled_from(["account", "project", "kind", "text", "sort", "order", "cursor", "x"]), VALUES),
        max_size=4,
    )
)
def test_the_page(api: Api, asked: list[tuple[str, str]]) -> None:
    """The page shows what is wrong with a question."""
    response = api.ask(f"/?{urlencode(asked)}")
    assert response.status_code in {200, 400}
    assert response.headers["content-type"] == "text/html; charset=utf-8"


@FUZZED
@given(st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=12))
@example("/api/")
@example("/api/project/")
@example("/api/../api/assets")
@example("/%2e%2e/")
def test_any_path(api: Api, path: str) -> None:
    """Below ``/api/`` every answer is JSON."""
    quoted = f"/api/{quote(path, safe='/%')}"
    response = api.ask(quoted)
    assert response.status_code in {200, 307, 404, 503}
    if response.status_code != 307 and response.request.url.path.startswith("/api/"):
        assert response.headers["content-type"] == "application/json"
