"""Odd answers, from the network to what is published: each costs only what it is about."""

import asyncio
import logging
import re
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.exposition.text import Format, render
from exporter.simulator import KvNamespace, TokenModel
from exporter.status import find_problems
from tests.exactness.harness import TOKEN
from tests.poller.altered_scene import Alter, AlteredRig, envelope, is_graphql, rewritten
from tests.poller.scene import (
    KV,
    USAGE,
    all_ok_but,
    listed_world,
    published_assets,
    refresh,
    samples,
    states,
    told,
    untils,
)

LOCATION = {"code": 9109, "message": "Cannot use the access token from location: 192.0.2.7"}
FORMAT = {
    "code": 6003,
    "message": "Invalid request headers",
    "error_chain": [{"code": 6111, "message": "Invalid format for Authorization header"}],
}
SECOND = "second-token"


@pytest.mark.parametrize("status", [200, 302, 407, 502])
def test_a_proxy_that_answers_itself_sets_no_time(tmp_path: Path, status: int) -> None:
    """Its clock is days ahead, and it speaks up once; nothing is asked or shown of the future, nor after a restart."""

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path) as rig:
            await refresh(rig, 3)

            def alter(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
                if not is_graphql(request):
                    return None
                rig.alter = lambda *_: None
                date = format_datetime(rig.now + timedelta(days=3), usegmt=True)
                return httpx.Response(status, html="<html>Bad Gateway</html>", headers={"Date": date})

            rig.alter = alter
            for _ in range(2):
                await refresh(rig, 3)
                assert all(until <= rig.now.timestamp() for until in untils(rig).values())
                assert samples(rig.exporter, "account_up") == {("Example",): 1}
                await rig.restart()
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


@pytest.mark.parametrize("error", [LOCATION, FORMAT], ids=["location", "format"])
def test_a_token_that_is_refused_is_told_everywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: dict[str, Any]
) -> None:
    """Reason, Cloudflare's own words and advice are the same in metrics, problems and log; one document is asked."""

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.alter = lambda _, response: envelope(response, 403, error)
            before = rig.simulator.requests["graphql"]
            with caplog.at_level(logging.INFO, logger="exporter"):
                await refresh(rig)
            assert rig.simulator.requests["graphql"] == before + 1
            assert set(states(rig).values()) <= {("failing", "unauthorized"), ("ok", "")}
            assert {states(rig)[name] for name in USAGE} == {("failing", "unauthorized")}
            assert samples(rig.exporter, "account_up") == {("Example",): 0}
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            problems = [each for each in find_problems(snapshot.status, snapshot.account_labels) if each.account]
            assert {each.reason for each in problems} == {"unauthorized"}
            words = error.get("error_chain", [error])[-1]["message"]
            assert all(words in each.detail and "Update the exporter" not in each.remedy for each in problems)
            assert words in "".join(told(caplog))

    asyncio.run(script())


@pytest.mark.parametrize("error", [LOCATION, FORMAT], ids=["location", "format"])
def test_another_token_takes_over_whatever_the_code(tmp_path: Path, error: dict[str, Any]) -> None:
    """The account is up again at once, with the token that may be used from here."""

    async def script() -> None:
        world = replace(listed_world(), tokens=(TokenModel(token=TOKEN), TokenModel(token=SECOND)))
        async with AlteredRig(world, tmp_path, (TOKEN, SECOND)) as rig:
            await refresh(rig, 2)
            asked: list[str] = []

            def alter(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
                token = request.headers["Authorization"].removeprefix("Bearer ")
                if is_graphql(request):
                    asked.append(token)
                return envelope(response, 400, error) if token == owner else None

            rig.alter = lambda request, _: asked.append(request.headers["Authorization"].removeprefix("Bearer "))
            await refresh(rig)
            owner = asked[-1]
            rig.alter = alter
            await refresh(rig, 2)
            assert samples(rig.exporter, "account_up")["Example",] == 1
            asked.clear()
            await refresh(rig, 3)
            assert set(asked) == {SECOND if owner == TOKEN else TOKEN}
            rig.alter = lambda *_: None
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_text_that_is_none_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A title cut within an emoji, NUL in a name and halves in labels: everything is up, kept and exposed."""

    async def script() -> None:
        world = listed_world()
        (account,) = world.accounts
        odd = tuple(
            replace(each, name=f"{each.name} \ud83d\0") if isinstance(each, KvNamespace) else each
            for each in account.assets
        )
        world = replace(world, accounts=(replace(account, name="Example", assets=odd),))
        async with AlteredRig(world, tmp_path) as rig:
            rig.alter = lambda request, response: (
                httpx.Response(
                    response.status_code,
                    content=response.content.replace(b'"hot_read"', rb'"hot\udc00"'),
                    headers={"Date": response.headers["Date"]},
                )
                if is_graphql(request)
                else None
            )
            with caplog.at_level(logging.INFO, logger="exporter"):
                await refresh(rig, 3)
                await rig.restart()
                await refresh(rig, 3)
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            assert published_assets(rig.exporter, KV) == {"sessions \ufffd\ufffd", "flags \ufffd\ufffd"}
            assert not [line for line in told(caplog) if "damaged" in line or "Internal error" in line]
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            for form in Format:
                text = render(snapshot.families, form).decode("utf-8")
                assert 'kv_namespace="sessions \ufffd\ufffd"' in text
                assert 'result="hot\ufffd"' in text

    asyncio.run(script())


def test_words_of_an_error_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    """The problem is told and the exposition can be written."""

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path) as rig:
            rig.alter = lambda _, response: envelope(response, 403, {"code": 9109, "message": "no \ud83d\0 access"})
            await refresh(rig, 2)
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            (problem,) = find_problems(snapshot.status, snapshot.account_labels)
            assert "no \ufffd\ufffd access" in problem.detail
            assert all(render(snapshot.families, form) for form in Format)

    asyncio.run(script())


NUMBERS = [
    "1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e99999999999999999999",
    "9" * 400,
    "9" * 5_000,
    "-7",
    "0.5",
    '"7"',
]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
def test_a_number_that_is_none_costs_one_dataset(tmp_path: Path, caplog: pytest.LogCaptureFixture, number: str) -> None:
    """It fails with a sentence, the others count, and nothing of it is in the ledger once it is right again."""
    spoil = _spoiling(KV, number)

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.alter = spoil
            with caplog.at_level(logging.INFO, logger="exporter"):
                await refresh(rig, 2)
            assert {name: state for name, state in states(rig).items() if name in USAGE} == {
                name: state for name, state in all_ok_but(**{KV: ("failing", "unreachable")}).items() if name in USAGE
            }
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            assert not [record for record in caplog.records if record.exc_info]
            (line,) = [line for line in told(caplog) if line.startswith(KV)]
            assert len(line) < 400
            rig.alter = lambda *_: None
            await rig.restart()
            await refresh(rig, 2)
            assert states(rig) == all_ok_but()
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def _spoiling(dataset: str, number: str) -> Alter:
    """Return what puts a number into each row of a dataset's usage."""

    def alter(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if not is_graphql(request):
            return None
        aliases = re.findall(rf"(usage_\d+): {dataset}\(", request.content.decode())

        def rewrite(body: Any) -> Any:
            for node in body["data"]["viewer"]["accounts"]:
                for row in (row for alias in aliases for row in node.get(alias) or ()):
                    if "requests" in row.get("sum", {}):
                        row["sum"]["requests"] = "NUMBER"
            return body

        spoiled = rewritten(response, rewrite)
        content = spoiled.content.replace(b'"NUMBER"', number.encode())
        return httpx.Response(response.status_code, content=content, headers={"Date": response.headers["Date"]})

    return alter


def test_rows_of_the_future_are_not_counted(tmp_path: Path) -> None:
    """Cloudflare's own answer with an hour that was not asked about fails alone, and no data count as newest."""

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            hour = f"{rig.now + timedelta(days=3):%Y-%m-%dT%H:00:00Z}".encode()
            rig.alter = lambda request, response: (
                httpx.Response(
                    response.status_code,
                    content=re.sub(rb'(?<="datetimeHour": ")[^"]+', hour, response.content),
                    headers={"Date": response.headers["Date"]},
                )
                if is_graphql(request)
                else None
            )
            await refresh(rig, 2)
            newest = samples(rig.exporter, "dataset_newest_data_timestamp_seconds")
            assert max(newest.values()) <= rig.now.timestamp()
            rig.alter = lambda *_: None
            await refresh(rig, 2)
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())
