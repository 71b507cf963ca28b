"""The id of a refresh: one trouble can be followed from a question to what is published."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.logs import LineFormatter
from exporter.simulator import Fault, Kind
from tests.configured import Site
from tests.poller.scene import listed_world

Line = dict[str, Any]


class Lines(logging.Handler):
    """Keeps every line of the exporter as the object that ``--log.format=json`` writes."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LineFormatter("json"))
        self.kept: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    """The exporter's log lines, at level debug."""
    handler, logger = Lines(), logging.getLogger("exporter")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.kept
    logger.removeHandler(handler)
    logger.setLevel(level)


def messages(lines: list[Line], refresh: str) -> list[str]:
    """The messages of a refresh, in order."""
    return [line["msg"] for line in lines if line.get("refresh") == refresh]


def test_a_refresh_is_followed_from_its_questions_to_its_publication(tmp_path: Path, lines: list[Line]) -> None:
    """Its start, questions, retries, commit and publication carry one id, and the health of the API names it."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh(2)
        lines.clear()
        site.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="graphql", times=1))
        await site.refresh()
        transport = httpx.ASGITransport(app=site.exporter.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as client:
            refresh = (await client.get("/api/health")).json()["refresh"]
        await site.exporter.close()
        assert {line.get("refresh") for line in lines} == {refresh}
        told = messages(lines, refresh)
        steps = [
            "the refresh begins",
            "asking for usage",
            "asking: ",
            "retrying ",
            "asking: ",
            "committed",
            "published",
        ]
        found = [next(step for step in steps if message.startswith(step)) for message in told]
        assert found == steps
        asked = next(line for line in lines if line["msg"] == "asking for usage")
        assert asked["account"] == listed_world().accounts[0].id
        assert "workersInvocationsAdaptive" in asked["datasets"]

    asyncio.run(script())


def test_each_refresh_has_an_id_of_its_own(tmp_path: Path, lines: list[Line]) -> None:
    """Three refreshes have three ids, which count up and share what tells one process from another."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh(3)
        await site.exporter.close()
        begun = [line["refresh"] for line in lines if line["msg"] == "the refresh begins"]
        runs, numbers = {each.split("-")[0] for each in begun}, [each.split("-")[1] for each in begun]
        assert (len(runs), numbers) == (1, ["1", "2", "3"])

    asyncio.run(script())


def test_a_dataset_that_fails_says_which_account_and_dataset(tmp_path: Path, lines: list[Line]) -> None:
    """The line of a change has the account, the dataset, its state and its reason as keys."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh(2)
        site.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset="kvOperationsAdaptiveGroups"))
        await site.refresh()
        await site.exporter.close()
        (line,) = [line for line in lines if line["level"] == "warn"]
        assert {name: line[name] for name in ("account", "dataset", "state")} == {
            "account": listed_world().accounts[0].id,
            "dataset": "kvOperationsAdaptiveGroups",
            "state": "failing",
        }
        assert line["refresh"].endswith("-3")

    asyncio.run(script())
