"""An exporter whose lists are wrong somewhere: what it publishes, and what it says of them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from exporter.cloudflare.found_items import TURNS
from exporter.ledger.roster import Standing
from exporter.views.health import health_document
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID
from tests.poller.scene import listed_world, two_accounts

Alter = Callable[[dict[str, Any]], None]
KV = "/storage/kv/namespaces"
ACCOUNTS = "/client/v4/accounts"


@dataclass
class Altered(httpx.AsyncBaseTransport):
    """Changes the answers of paths that end with one of those in ``changes``."""

    transport: httpx.AsyncBaseTransport
    changes: dict[str, Alter]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.transport.handle_async_request(request)
        change = next((alter for end, alter in self.changes.items() if request.url.path.endswith(end)), None)
        if change is None:
            return answer
        body = json.loads(await answer.aread())
        change(body)
        return httpx.Response(answer.status_code, json=body, headers={"Date": answer.headers["Date"]})


def altered(site: Site) -> dict[str, Alter]:
    """Let a site's answers be altered; returns how, by path."""
    changes: dict[str, Alter] = {}
    site.recorder.transport = Altered(site.recorder.transport, changes)
    return changes


def health(site: Site) -> dict[str, Any]:
    """What the API says of the exporter's health."""
    return health_document(site.exporter.published.snapshot, is_refreshing=True)


def listed_names(site: Site) -> set[str]:
    """The KV namespaces that are published."""
    return site.values("cloudflare_kv_namespace_info", "kv_namespace")


def test_one_bad_item_costs_only_itself(tmp_path: Path) -> None:
    """The others are published at the first refresh; the problem names the account, the kind and the number."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            changes = altered(site)
            await site.refresh()
            before = listed_names(site)
            changes[KV] = lambda body: body["result"].append({"title": "without an id"})
            await site.refresh(15)
            assert listed_names(site) == before != set()
            (problem,) = health(site)["problems"]
            assert (problem["account"], problem["part"], problem["reason"]) == (
                "Example",
                "list of kv_namespace",
                "bad_items",
            )
            assert f"1 of {len(before) + 1} items" in problem["detail"] and problem["remedy"]
            assert ("incomplete", "bad_items") in {
                (labels["state"], labels["reason"]) for labels, _ in site.samples("cloudflare_exporter_discovery_state")
            }
            changes.clear()
            await site.refresh(15)
            assert health(site)["problems"] == []

    asyncio.run(script())


def test_a_count_that_is_too_high_hides_nothing_and_is_a_hint_in_the_end(tmp_path: Path) -> None:
    """The list is published at once, by an exporter that has none of before; later there is no problem any more."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:

            def count_more(body: dict[str, Any]) -> None:
                body["result_info"]["total_count"] += 1

            altered(site)[KV] = count_more
            await site.refresh()
            before = listed_names(site)
            assert before
            (problem,) = health(site)["problems"]
            assert (problem["part"], problem["reason"]) == ("list of kv_namespace", "miscounted")
            await site.refresh(TURNS)
            assert health(site)["problems"] == []
            (told,) = [each for each in health(site)["lists"] if each["kind"] == "kv_namespace"]
            assert (told["state"], told["reason"]) == ("ok", "")
            assert "Cloudflare counts" in told["detail"]
            assert listed_names(site) == before

    asyncio.run(script())


def test_a_short_list_removes_nothing_until_it_has_been_so_several_times(tmp_path: Path) -> None:
    """An item that the list lacks but counts is not missed at first; once the list is believed, it is."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            changes = altered(site)
            await site.refresh()

            def standings() -> list[Standing]:
                roster = site.exporter.ledger.roster(ACCOUNT_ID)
                return sorted(entry.standing for (kind, _), entry in roster.items() if kind == "kv_namespace")

            def drop(body: dict[str, Any]) -> None:
                del body["result"][:1]

            changes[KV] = drop
            await site.refresh(10 + TURNS - 2)
            assert standings() == [Standing.LISTED, Standing.LISTED]
            await site.refresh()
            assert standings() == [Standing.ABSENT, Standing.LISTED]

    asyncio.run(script())


def test_null_is_an_empty_list(tmp_path: Path) -> None:
    """An account without any has no problem."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            altered(site)[KV] = lambda body: body.update(result=None, result_info=None, errors=None)
            await site.refresh()
            assert health(site)["problems"] == []

    asyncio.run(script())


def test_a_bad_item_among_the_accounts_is_told_and_loses_no_account(tmp_path: Path) -> None:
    """An account whose item is spoilt goes on for a while; the token's problem says what was left out."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path) as site:
            changes = altered(site)
            await site.refresh()

            def spoil(body: dict[str, Any]) -> None:
                body["result"][1]["id"] = None

            changes[ACCOUNTS] = spoil
            await site.refresh(11)
            assert {each["account"]: each["state"] for each in health(site)["accounts"]} == {
                "Example": "up",
                "Other": "up",
            }
            (problem,) = health(site)["problems"]
            assert (problem["account"], problem["part"], problem["reason"]) == ("token 1", "token", "bad_items")
            assert "1 of 2 items" in problem["detail"]
            changes.clear()
            await site.refresh(15)
            assert health(site)["problems"] == []

    asyncio.run(script())
