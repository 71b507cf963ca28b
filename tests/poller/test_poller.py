"""The poller on the simulated Cloudflare: accounts and tokens that fail cost only themselves."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from exporter.app import build_exporter
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.simulator import Fault, Kind, TokenModel
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig
from tests.poller.scene import (
    MINUTE,
    OTHER_ID,
    USAGE,
    all_ok_but,
    listed_world,
    published_assets,
    refresh,
    samples,
    states,
    told,
    two_accounts,
    untils,
)


def test_an_account_that_fails_costs_only_itself(tmp_path: Path) -> None:
    """The other account's datasets are asked and published as ever."""

    async def script() -> None:
        async with Rig(two_accounts(), tmp_path) as rig:
            await refresh(rig)
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, account=OTHER_ID))
            before = untils(rig)
            await refresh(rig, 2)
            assert samples(rig.exporter, "account_up") == {("Example",): 1, ("Other",): 0}
            assert states(rig) == all_ok_but()
            assert {states(rig, "Other")[name] for name in USAGE} == {("failing", "unreachable")}
            moved = {account for (account, dataset), until in untils(rig).items() if until > before[account, dataset]}
            assert moved == {"Example"}
            rig.simulator.faults.clear()
            await refresh(rig)
            assert samples(rig.exporter, "account_up") == {("Example",): 1, ("Other",): 1}

    asyncio.run(script())


def test_a_wrong_token_is_shown_and_the_exporter_runs_on(tmp_path: Path) -> None:
    """Nothing is counted, the token is down, and once Cloudflare accepts it all is well."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=401))
            await refresh(rig, 3)
            assert samples(rig.exporter, "account_up") == {("token 1",): 0}
            assert rig.exporter.ledger.publication().books == ()
            rig.simulator.faults.clear()
            await refresh(rig)
            assert samples(rig.exporter, "account_up") == {("Example",): 1}

    asyncio.run(script())


def test_a_token_that_expires_takes_its_accounts_down(tmp_path: Path) -> None:
    """Published values stay, ``account_up`` is 0, and counting catches up when the token is accepted again."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 3)
            published = published_assets(rig.exporter)
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=401))
            await refresh(rig, 15)
            assert samples(rig.exporter, "account_up")["Example",] == 0
            assert published_assets(rig.exporter) == published
            await rig.come_to_rest()
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            rig.check()

    asyncio.run(script())


def test_an_unknown_account_id_is_shown(tmp_path: Path) -> None:
    """An id that Cloudflare does not know is down, with a reason per dataset; the known one goes on."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path / "unused") as rig:
            token = Token.model_validate({"token": TOKEN, "accounts": [ACCOUNT_ID, OTHER_ID]})
            config = Config(
                cloudflare=Cloudflare(api_url="http://cloudflare.test/client/v4", tokens=(token,)),
                poll=Poll(),
                storage=Storage(path=str(tmp_path / "state")),
            )
            exporter = build_exporter(config, rig.clock, transport=httpx.ASGITransport(app=rig.simulator.app))
            for _ in range(2):
                await exporter.poller.refresh()
                rig.clock.advance(MINUTE)
            assert samples(exporter, "account_up") == {("Example",): 1, (OTHER_ID,): 0}
            reasons = {key[3:] for key in samples(exporter, "dataset_state") if key[0] == OTHER_ID}
            assert reasons == {("unavailable", "forbidden")}
            await exporter.close()

    asyncio.run(script())


def test_a_restart_publishes_before_anything_is_asked(tmp_path: Path) -> None:
    """What the ledger holds is served at once, without a request."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 3)
            before, asked = untils(rig), rig.simulator.requests.total()
            await rig.restart()
            assert rig.simulator.requests.total() == asked
            assert untils(rig) == before
            assert published_assets(rig.exporter) == {"shop-web", "shop-api"}

    asyncio.run(script())


def test_a_token_that_stays_wrong_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The reason is one line, not one per refresh."""

    async def script() -> None:
        async with Rig(replace(listed_world(), tokens=(TokenModel(token="another"),)), tmp_path) as rig:
            with caplog.at_level(logging.INFO, logger="exporter"):
                await refresh(rig, 5)
            (line,) = told(caplog)
            assert line.startswith("Listing the accounts: Cloudflare answered HTTP 401")
            assert TOKEN not in line

    asyncio.run(script())
