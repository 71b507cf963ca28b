"""Several troubles at once: each costs only itself, and the page alone, or the metrics alone, tell them all."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from exporter.app import Exporter, build_exporter
from exporter.config import Cloudflare, Config, Storage, Token, load_config
from exporter.simulator import (
    AccountModel,
    Database,
    Fault,
    Kind,
    KvNamespace,
    ManualClock,
    Simulator,
    TokenModel,
    Worker,
    World,
)
from tests.clock import START, CoupledClock
from tests.configured import Site
from tests.documents import shared_documents
from tests.exactness.harness import TOKEN
from tests.exposition.page.reader import Page
from tests.poller.scene import full_disk, listed_world

GOOD, FAILING, REVOKED = "a" * 32, "b" * 32, "c" * 32
R2 = "r2OperationsAdaptiveGroups"
PERMISSIONS = frozenset({"accounts", "analytics", "workers", "r2", "d1"})
ANALYTICS = "Grant the token the permission 'Account Analytics Read'; if it has that, the plan lacks this dataset."
KV = "Grant the token the permission 'Workers KV Storage Read'."
PROBLEM = re.compile(
    r"cloudflare_exporter_problem_start_timestamp_seconds"
    r'\{account="(.*)",part="(.*)",reason="(.*)",remedy="(.*)"\} (.*)'
)

Told = dict[tuple[str, str, str], datetime]
"""Since when something is wrong: by account, part and remedy."""


def account(account_id: str, name: str) -> AccountModel:
    """An account with a Worker, a database and a KV namespace."""
    return AccountModel(
        id=account_id,
        name=name,
        assets=(
            Worker(id=account_id, name="shop-web", weight=30),
            Database(id=f"00000000-0000-0000-0000-{account_id[:12]}", name="shop-db", weight=30),
            KvNamespace(id=account_id, name="shop-cache", weight=30),
        ),
    )


async def read(exporter: Exporter, path: str) -> str:
    """Return a page of the exporter's own."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=exporter.web), base_url="http://exporter") as http:
        return (await http.get(path)).text


async def told_by_metrics(exporter: Exporter) -> Told:
    """Return what the metrics say is wrong."""
    return {
        (account, part, remedy): datetime.fromtimestamp(float(since), UTC)
        for account, part, _, remedy, since in PROBLEM.findall(await read(exporter, "/metrics"))
    }


async def told_by_page(exporter: Exporter) -> Told:
    """Return what the status page says is wrong, where it says since when; times are to the minute there."""
    rows = Page(await read(exporter, "/")).tables["Problems"]
    return {
        (row["Account"], row["Part"], row["What to do"]): datetime.strptime(
            row["Since (UTC)"][:16] + "Z", "%Y-%m-%d %H:%M%z"
        )
        for row in rows
        if row["Since (UTC)"]
    }


async def told(exporter: Exporter) -> Told:
    """Return what is wrong, which the page and the metrics tell alike."""
    metrics, page = await told_by_metrics(exporter), await told_by_page(exporter)
    assert {key: since.replace(second=0, microsecond=0) for key, since in metrics.items()} == page
    return metrics


def counted(metrics: str, account_name: str) -> int:
    """Return the invocations counted for an account."""
    start = f'cloudflare_worker_requests_total{{account="{account_name}"'
    return sum(int(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(start))


def test_troubles_cost_only_themselves() -> None:
    """A refused dataset, a permission that is missing, a failing account and a revoked token leave the rest alone."""
    asyncio.run(_token_statuses())


async def _token_statuses() -> None:
    clock = CoupledClock(ManualClock(START))
    world = World(
        accounts=(account(GOOD, "Good"), account(FAILING, "Failing"), account(REVOKED, "Revoked")),
        tokens=(
            TokenModel(token="first", accounts=frozenset({GOOD, FAILING}), permissions=PERMISSIONS),
            TokenModel(token="second", accounts=frozenset({REVOKED}), status="expired"),
        ),
        seed=1,
    )
    simulator = Simulator(world, clock.cloudflare, documents=shared_documents())
    simulator.faults.add(
        Fault(kind=Kind.ALIAS_ERROR, dataset=R2, message="not authorized for that dataset", code="authz"),
        Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql", account=FAILING),
    )
    tokens = tuple(Token.model_validate({"token": secret}) for secret in ("first", "second"))
    config = Config(
        cloudflare=Cloudflare(api_url="http://cloudflare.test/client/v4", tokens=tokens), storage=Storage(path="")
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    seen = []
    for _ in range(12):
        await exporter.poller.refresh()
        metrics = await read(exporter, "/metrics")
        seen.append(await told(exporter))
        clock.advance(timedelta(seconds=60))

    assert counted(metrics, "Good") > 0
    assert 'cloudflare_exporter_account_up{account="Good"} 1' in metrics
    assert 'cloudflare_exporter_account_up{account="Failing"} 0' in metrics
    assert 'cloudflare_exporter_account_up{account="token 2"} 0' in metrics
    assert (
        f'cloudflare_exporter_dataset_state{{account="Good",dataset="{R2}",zone="",state="unavailable",'
        'reason="forbidden"} 1'
    ) in metrics
    lists = 'cloudflare_exporter_discovery_state{account="Good",kind="kv_namespace"'
    assert f'{lists},state="unavailable",reason="forbidden"}} 1' in metrics
    assert 'kv_namespace="(unlisted)"' in metrics

    assert seen == [seen[0]] * 12, "a problem that lasts keeps its time and its labels"
    assert {key[:2]: key[2] for key in seen[0]} == {
        ("Failing", "account"): "Wait for the automatic retry; if it persists, check Cloudflare's status page.",
        ("token 2", "token"): (
            "Give the exporter a valid token with the permission 'Account Settings Read', "
            "or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
        ),
        ("Good", R2): ANALYTICS,
        ("Good", "list of kv_namespace"): KV,
        ("Failing", "list of kv_namespace"): KV,
    }
    page = await read(exporter, "/")
    assert "Cloudflare answered HTTP 500." in page
    for secret in ("first", "second"):
        assert f">{secret}<" not in page and f"Bearer {secret}" not in page

    simulator.faults.clear()
    for _ in range(12):
        await exporter.poller.refresh()
        clock.advance(timedelta(seconds=60))
    assert {key[:2] for key in await told(exporter)} == {
        ("token 2", "token"),
        ("Good", "list of kv_namespace"),
        ("Failing", "list of kv_namespace"),
    }
    await exporter.close()


def test_nothing_is_told_where_all_is_well(tmp_path: Path) -> None:
    """The page says so in a line, and there is no series."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh(3)
        assert await told(site.exporter) == {}
        assert "The exporter has no problem." in await read(site.exporter, "/")
        await site.exporter.close()

    asyncio.run(script())


def test_a_ledger_that_cannot_be_written_is_told_as_long_as_it_lasts(tmp_path: Path) -> None:
    """One problem with what to do, since the first refresh that could not be kept."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh(2)
        with full_disk(tmp_path):
            since = site.clock.cloudflare.now()
            await site.refresh(3)
            ((key, began),) = (await told(site.exporter)).items()
            assert key[:2] == ("", "storage")
            assert key[2]
            assert began == since.replace(microsecond=0)
        await site.refresh()
        assert await told(site.exporter) == {}
        await site.exporter.close()

    asyncio.run(script())


def test_a_configuration_that_is_refused_is_told(tmp_path: Path) -> None:
    """Since it was first refused and until one is taken over; the page names the key that is wrong."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path / "state")
        path = tmp_path / "exporter.yml"
        path.write_text("pol: {refresh: 60s}\n", encoding="utf-8")
        await site.refresh(2)
        since = site.clock.cloudflare.now()
        for _ in range(2):
            site.reload(lambda: load_config(path, {}, None))
            await site.refresh(2)
        ((key, began),) = (await told(site.exporter)).items()
        assert key == (
            "",
            "configuration",
            "Correct the configuration and reload it (SIGHUP); the previous one stays in use until then.",
        )
        assert abs(began - since) <= timedelta(seconds=1)
        assert "pol: unknown key" in await read(site.exporter, "/")
        site.configure()
        await site.refresh()
        assert await told(site.exporter) == {}
        await site.exporter.close()

    asyncio.run(script())


def test_a_token_file_that_is_unusable_is_told(tmp_path: Path) -> None:
    """The token of before goes on, so no account is down; the page names the file."""

    async def script() -> None:
        path = tmp_path / "token"
        path.write_text(TOKEN, encoding="utf-8")
        site = Site(listed_world(), tmp_path / "state", cloudflare={"tokens": [{"token_file": str(path)}]})
        await site.refresh()
        path.unlink()
        for _ in range(3):
            site.exporter.reloader.reread_tokens()
            await site.refresh()
        assert [key[:2] for key in await told(site.exporter)] == [("", "token")]
        assert str(path) in await read(site.exporter, "/")
        assert 'cloudflare_exporter_account_up{account="Example"} 1' in await read(site.exporter, "/metrics")
        path.write_text(TOKEN, encoding="utf-8")
        site.exporter.reloader.reread_tokens()
        await site.refresh()
        assert await told(site.exporter) == {}
        await site.exporter.close()

    asyncio.run(script())


def test_a_clock_that_is_wrong_is_a_hint_on_the_page(tmp_path: Path) -> None:
    """Nothing is counted by it, and nobody knows since when: the metrics have the offset, not a problem."""

    async def script() -> None:
        site = Site(listed_world(), tmp_path)
        await site.refresh()
        site.clock.step_wall(timedelta(minutes=5))
        await site.refresh()
        assert await told(site.exporter) == {}
        (row,) = Page(await read(site.exporter, "/")).tables["Problems"]
        assert (row["Part"], row["What is wrong"]) == (
            "clock",
            "This machine's clock is 300 s ahead of Cloudflare's.",
        )
        await site.exporter.close()

    asyncio.run(script())
