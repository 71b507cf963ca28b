"""An exporter whose API is asked; each answer is held to the OpenAPI document that it serves."""

import asyncio
import re
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from tests.cli.commands.scene import running_site
from tests.configured import Site
from tests.exposition.shape import faults

Json = dict[str, Any]

BUDGETS = [
    {"name": "all", "amount": 60},
    {"name": "shop", "amount": 10, "project": "shop"},
    {"name": "shop elsewhere", "amount": 10, "project": "shop", "account": "Other"},
]


def described_get(document: Json, path: str) -> Mapping[str, Any]:
    """What an OpenAPI document says of a GET request to a path, which may have a query."""
    bare = urlsplit(path).path
    for known, item in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", ".+", known), bare):
            found: Mapping[str, Any] = item["get"]
            return found
    raise AssertionError(f"{bare} is not described")


class Api:
    """Asks the web of an exporter whose time stands still."""

    def __init__(self, runner: asyncio.Runner, web: Any) -> None:
        self._runner = runner
        self._web = web
        self.described: Json = self.ask("/api/openapi.json").json()

    def ask(self, path: str, method: str = "GET") -> httpx.Response:
        """The answer to a request."""
        return self._runner.run(_ask(self._web, path, method))

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Let something happen."""
        self._runner.run(work)

    def answer(self, path: str, status: int = 200) -> Json:
        """What is answered, which is as the document says."""
        response = self.ask(path)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        found: Json = response.json()
        described = described_get(self.described, path)["responses"][str(status)]["content"]["application/json"][
            "schema"
        ]
        assert list(faults(found, described, self.described["components"]["schemas"])) == []
        return found

    def refusal(self, path: str, status: int = 400) -> tuple[str, str]:
        """The code and message of an error."""
        error = self.answer(path, status)["error"]
        return error["code"], error["message"]

    def pages(self, path: str, key: str, limit: int) -> list[Json]:
        """All rows, page by page; each page but the last is full."""
        rows: list[Json] = []
        joined = path + ("&" if "?" in path else "?") + f"limit={limit}"
        cursor = ""
        while True:
            page = self.answer(joined + (f"&cursor={cursor}" if cursor else ""))
            rows += page[key]
            if page["next_cursor"] is None:
                return rows
            assert len(page[key]) == limit
            cursor = quote(page["next_cursor"], safe="")


async def _ask(web: Any, path: str, method: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
        return await http.request(method, path)


@contextmanager
def running_api(**sections: Any) -> Iterator[tuple[Api, Site]]:
    """An exporter that has filled its state folder, and its API."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        scene = running_site(Path(folder), **{"costs": {"budgets": BUDGETS}, **sections})
        site = runner.run(scene.__aenter__())
        try:
            yield Api(runner, site.exporter.web), site
        finally:
            runner.run(scene.__aexit__(None, None, None))


@contextmanager
def bare_api(web: Any) -> Iterator[Api]:
    """The API of a web that somebody else has built."""
    with asyncio.Runner() as runner:
        yield Api(runner, web)
