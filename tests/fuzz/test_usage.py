"""GraphQL answers about usage and limits that differ from true ones anywhere, on their way through a whole exporter."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloudflare.bodies import decode_body
from exporter.cloudflare.json_text import LEVELS
from exporter.cloudflare.nodes import find_account, find_zones, zone_id_of
from exporter.model import Amounts, RowKey, Scope
from stack.tools import Tools
from tests.exactness.harness import ACCOUNT_ID, state_folder
from tests.exactness.watcher import Series, Watcher
from tests.fuzz.budget import fuzzed
from tests.fuzz.exporter import check_published, without_traceback
from tests.fuzz.graphql import lies
from tests.fuzz.world import ZONES, play
from tests.poller.altered_scene import AlteredRig, as_it_is, is_graphql
from tests.poller.scene import refresh
from tests.zones import OPERATIONS

Book = tuple[str, str]
"""A zone's id (empty: the account itself) and a dataset's name."""


@dataclass(frozen=True)
class Left:
    """What an exporter left that had counted for a while: its ledger, when it ended, and what it had published."""

    ledger: bytes
    at: datetime
    values: dict[Series, int]

    def put_into(self, folder: Path) -> None:
        """Make a state folder of it."""
        (folder / "ledger.db").write_bytes(self.ledger)


@pytest.fixture(scope="module")
def left() -> Iterator[Left]:
    """Count for some minutes, up to shortly before an hour ends."""

    async def script(folder: Path) -> Left:
        async with play(folder) as rig:
            await refresh(rig, 15)
        return Left((folder / "ledger.db").read_bytes(), rig.now, rig.watcher.values)

    with state_folder() as folder:
        yield asyncio.run(script(folder))


def go_on(left: Left, folder: Path) -> AlteredRig:
    """An exporter that goes on where another has ended."""
    left.put_into(folder)
    rig = play(folder, start=left.at)
    rig.watcher = Watcher(dict(left.values))
    return rig


@fuzzed(3)
@given(st.data())
def test_usage(left: Left, tools: Tools, data: st.DataObject) -> None:
    """Nothing falls; what is not believed does not count, and what was believed is right once it is asked again."""

    async def script(folder: Path) -> None:
        async with go_on(left, folder) as rig:
            deceived = await be_lied_to(rig, data, b"query Usage")
            check_published(rig, tools if data.draw(st.integers(0, 9), label="promtool") == 9 else None)
            await refresh(rig, 2)
            check_published(rig)
            await rig.restart()
            await rig.come_to_rest()
            check_published(rig)
            check_totals(rig, deceived)

    with state_folder() as folder, without_traceback():
        asyncio.run(script(folder))


@fuzzed(8)
@given(st.data())
def test_limits(left: Left, data: st.DataObject) -> None:
    """Whatever the limits of datasets are said to be, nothing falls, and what is asked with them is published."""

    async def script(folder: Path) -> None:
        async with go_on(left, folder) as rig:
            await be_lied_to(rig, data, b"query Settings")
            check_published(rig)
            await refresh(rig, 1)
            check_published(rig)

    with state_folder() as folder, without_traceback():
        asyncio.run(script(folder))


async def be_lied_to(rig: AlteredRig, data: st.DataObject, query: bytes) -> set[Book]:
    """Let two refreshes get lies for answers to a query; return the books about which rows were untrue."""
    deceived: set[Book] = set()
    stopped: list[BaseException] = []

    def alter(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if not is_graphql(request) or query not in request.content or stopped:
            return None
        try:
            body = data.draw(lies(json.loads(response.content)), label="answer")
        except BaseException as stop:  # Hypothesis ends an example so; the exporter's tasks must not end with it.
            stopped.append(stop)
            return None
        deceived.update(differences(request, response.content, body))
        return httpx.Response(200, content=body, headers={"Date": response.headers["Date"]})

    rig.alter = alter
    await refresh(rig, 2)
    rig.alter = as_it_is
    if stopped:
        raise stopped[0]
    return deceived


def differences(request: httpx.Request, honest: bytes, lie: bytes) -> set[Book]:
    """Return the books whose rows are there in a lie, but other than those of the honest answer."""
    names = {alias: name for alias, name in re.findall(r"((?:usage|newest)_\d+): (\w+)\(", request.content.decode())}
    true, false = (nodes_of(decode_body([body], LEVELS["graphql"])) for body in (honest, lie))
    return {
        (zone, names[alias])
        for zone, there in false.items()
        for alias, rows in there.items()
        if alias in names and isinstance(rows, list) and rows != true.get(zone, {}).get(alias)
    }


def nodes_of(body: Any) -> dict[str, Any]:
    """Return the nodes of an answer, by zone."""
    account = find_account(body) if isinstance(body, dict) else None
    return {zone_id_of(zone): zone for zone in find_zones(account)} | {"": account or {}}


def check_totals(rig: AlteredRig, deceived: set[Book]) -> None:
    """Compare what is counted with the oracle: it is the same, or at least as much where a lie was believed."""
    books = [book for book in rig.exporter.ledger.publication().books if book.state and book.dataset.is_counted]
    assert {book.scope for book in books} == {Scope(ACCOUNT_ID), *(Scope(ACCOUNT_ID, zone) for zone in ZONES)}
    for book in books:
        name, key, start = book.dataset.name, book.dataset.key, book.state.start
        totals = rig.exporter.ledger.totals(book.scope, key)
        truth = (
            truth_of_zone(rig, book.scope.zone_id, start)
            if book.scope.zone_id
            else rig.counting.counted[key].truth(rig.simulator, ACCOUNT_ID, rig.now, start)
        )
        assert all(amount >= 0 for total in totals.values() for amount in total)
        if (book.scope.zone_id, name) not in deceived:
            assert {row: total for row, total in totals.items() if any(total)} == truth, name
        else:
            for row, used in truth.items():
                got = totals.get(row, (0,) * len(used))
                assert all(counted >= amount for counted, amount in zip(got, used, strict=True)), (name, row)


def truth_of_zone(rig: AlteredRig, zone: str, since: datetime) -> dict[RowKey, Amounts]:
    """Return what was used of a zone."""
    by = ("zoneTag", "operationClass", "actionStatus")
    used = rig.simulator.used(ACCOUNT_ID, OPERATIONS.name, since, rig.now, by=by)
    return {(key[0], key[1:]): (row["requests"],) for key, row in used.items() if key[0] == zone}
