"""The web behind a reverse proxy that takes a prefix off: every link leads where it should."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.exposition.api.scene import running_api
from tests.exposition.test_server import Site

ORIGIN = "http://public.test"
DASHBOARD = "https://dash.cloudflare.com"


class Stripping:
    """A proxy that takes a prefix off, as nginx does (``proxy_pass`` with a last slash) and Traefik's StripPrefix."""

    def __init__(self, app: ASGIApp, prefix: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._app = app
        self._prefix = prefix
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, prefix = scope["path"], self._prefix
        assert path == prefix or path.startswith(f"{prefix}/"), f"{path} is somebody else's"
        stripped = path.removeprefix(prefix) or "/"
        headers = [*scope["headers"], *self._headers]
        await self._app({**scope, "path": stripped, "raw_path": stripped.encode(), "headers": headers}, receive, send)


class _Addresses(HTMLParser):
    """The addresses in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"base", "script", "img", "link", "iframe"}, "there is another address to look at"
        self.found += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


def addresses(html: str) -> list[str]:
    """The exporter's addresses in a page, also those of its styles, without those of Cloudflare's dashboard."""
    assert "url(" not in html
    assert "@import" not in html
    return [address for address in _Addresses(html).found if not address.startswith(f"{DASHBOARD}/")]


def leads_to(page: str, address: str) -> str:
    """Where an address on a page leads; ``urljoin`` would keep the page's query where a browser takes an empty one."""
    return urljoin(page.partition("?")[0] if address.startswith("?") else page, address)


async def _get(app: ASGIApp, url: str, follow: bool) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=follow) as http:
        return await http.get(url)


def get(app: ASGIApp, url: str, *, follow: bool = True) -> httpx.Response:
    """The answer to a request, after redirects."""
    return asyncio.run(_get(app, url, follow))


@pytest.fixture(scope="module")
def web() -> Iterator[ASGIApp]:
    """An exporter with an account."""
    with running_api() as (_, site):
        yield site.exporter.web


PREFIXES = ("", "/cloudflare", "/tools/cf-exporter", "/a.b~c_d/1")


@pytest.mark.parametrize("page", ["/", "/?sort=name", "/?sort=colour", "/?kind=worker&text=shop"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_links_of_the_page(web: ASGIApp, prefix: str, page: str) -> None:
    """Each leads to an answer of the exporter below the prefix, also from a page about some assets or an error."""
    proxy = Stripping(web, prefix)
    shown = get(proxy, ORIGIN + prefix + page)
    found = addresses(shown.text)
    assert len(found) > 8
    for address in found:
        target = get(proxy, leads_to(str(shown.url), address))
        assert target.status_code in ({200, 503} if "alerts" in address else {200}), address
    paths = {urlsplit(leads_to(str(shown.url), address)).path for address in found}
    assert {f"{prefix}/metrics", f"{prefix}/api/assets", f"{prefix}/api/openapi.json", f"{prefix}/"} <= paths


@pytest.mark.parametrize("prefix", PREFIXES[1:])
def test_a_page_without_its_last_slash(web: ASGIApp, prefix: str) -> None:
    """A proxy that serves it names the prefix."""
    proxy = Stripping(web, prefix, [("X-Forwarded-Prefix", prefix)])
    for url in (ORIGIN + prefix, f"{ORIGIN}{prefix}/", f"{ORIGIN}{prefix}?sort=colour"):
        for address in addresses(get(proxy, url).text):
            assert get(proxy, leads_to(url, address)).status_code in {200, 503}, address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "/",
        "cloudflare",
        "//evil.test",
        "http://evil.test",
        "/a//b",
        "/a b",
        '/"><script>',
        "/%2e",
        "/a?b",
        "/a#b",
        "/é",
    ],
)
def test_a_prefix_that_is_none(web: ASGIApp, given: str) -> None:
    """Anybody may send the header, so only a path is taken; without one links are relative."""
    html = get(Stripping(web, "", [("X-Forwarded-Prefix", given)]), ORIGIN).text
    assert 'href="./metrics"' in html


def test_several_prefixes_are_none(web: ASGIApp) -> None:
    """Which of them holds nobody knows."""
    given = [("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Prefix", "/b")]
    assert 'href="./metrics"' in get(Stripping(web, "", given), ORIGIN).text


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_described_api(web: ASGIApp, prefix: str) -> None:
    """The server that the description names is the one that it comes from."""
    proxy = Stripping(web, prefix)
    url = f"{ORIGIN}{prefix}/api/openapi.json"
    document = get(proxy, url).json()
    (server,) = document["servers"]
    root = urljoin(url, server["url"]).rstrip("/")
    assert root == ORIGIN + prefix
    for path in document["paths"]:
        assert get(proxy, root + path.replace("{name}", "shop")).status_code in {200, 503}


@pytest.mark.parametrize(
    "path", ["/metrics/", "/runbook/", "/-/healthy/", "/-/ready/", "/api/assets/?limit=1", "/api/openapi.json/"]
)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_slash_too_many(web: ASGIApp, prefix: str, path: str) -> None:
    """The redirect stays below the prefix, and keeps the query."""
    proxy = Stripping(web, prefix)
    answer = get(proxy, ORIGIN + prefix + path)
    assert answer.status_code == 200
    assert str(answer.url) == ORIGIN + prefix + re.sub(r"/(\?|$)", r"\1", path)
    location = get(proxy, ORIGIN + prefix + path, follow=False).headers["location"]
    assert location.startswith("../")


@pytest.mark.parametrize("prefix", PREFIXES[1:])
def test_a_proxy_that_passes_the_prefix_on(prefix: str) -> None:
    """Where the external URL has it, paths are the same below it and without, and links of pages begin with it."""
    site = Site(external_url=ORIGIN + prefix)
    site.show()
    for page in (prefix, f"{prefix}/", "/", f"{prefix}/runbook", "/runbook", f"{prefix}/runbook/"):
        shown = get(site.app, ORIGIN + page)
        assert shown.status_code == 200
        for address in set(addresses(shown.text)):
            assert address.startswith((f"{prefix}/", "?", "#", "https://")), address
            if address.startswith(prefix):
                assert get(site.app, ORIGIN + address).status_code != 404, address
    assert get(site.app, f"{ORIGIN}{prefix}/metrics").text == get(site.app, f"{ORIGIN}/metrics").text
    assert get(site.app, f"{ORIGIN}{prefix}/api/nothing").json()["error"]["code"] == "not_found"
    assert get(site.app, f"{ORIGIN}{prefix}x/metrics").status_code == 404


@pytest.mark.parametrize("prefix", ["/api", "/metrics"])
def test_a_prefix_that_looks_like_a_path_of_the_exporter(prefix: str) -> None:
    """Its own paths come first: who scrapes it past the proxy gets metrics."""
    site = Site(external_url=ORIGIN + prefix)
    site.show()
    assert get(site.app, f"{ORIGIN}/metrics").text.startswith("# HELP")
    assert "assets" in get(site.app, f"{ORIGIN}/api/assets").json()
    assert get(site.app, f"{ORIGIN}{prefix}/runbook").status_code == 200


def test_mounted_in_another_application(web: ASGIApp) -> None:
    """A program may serve the exporter's web below a path of its own."""
    outer = Starlette(routes=[Mount("/cf", app=Stripping(web, "/cf"))])
    shown = get(outer, f"{ORIGIN}/cf")
    assert str(shown.url) == f"{ORIGIN}/cf/"
    for address in addresses(shown.text):
        assert get(outer, leads_to(str(shown.url), address)).status_code in {200, 503}, address
