"""Several troubles at once: each costs only itself, and the first page and the metrics name it with its remedy."""

import asyncio
from datetime import timedelta

import httpx

from exporter.app import Exporter, build_exporter
from exporter.config import Cloudflare, Config, Storage, Token
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

GOOD, FAILING, REVOKED = "a" * 32, "b" * 32, "c" * 32
R2 = "r2OperationsAdaptiveGroups"
PERMISSIONS = frozenset({"accounts", "analytics", "workers", "r2", "d1"})


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
    """Give a page of the exporter's own."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=exporter.web), base_url="http://exporter") as http:
        return (await http.get(path)).text


def counted(metrics: str, account_name: str) -> int:
    """Give the invocations counted for an account."""
    start = f'cloudflare_worker_requests_total{{account="{account_name}"'
    return sum(int(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(start))


def test_troubles_cost_only_themselves() -> None:
    """A refused dataset, a permission that is missing, a failing account and a revoked token leave the rest alone."""
    asyncio.run(_troubles())


async def _troubles() -> None:
    clock = CoupledClock(ManualClock(START))
    world = World(
        accounts=(account(GOOD, "Good"), account(FAILING, "Failing"), account(REVOKED, "Revoked")),
        tokens=(
            TokenModel(token="first", accounts=frozenset({GOOD, FAILING}), permissions=PERMISSIONS),
            TokenModel(token="second", accounts=frozenset({REVOKED}), status="expired"),
        ),
        seed=1,
    )
    simulator = Simulator(world, clock.cloudflare)
    simulator.faults.add(
        Fault(kind=Kind.ALIAS_ERROR, dataset=R2, message="not authorized for that dataset", code="authz"),
        Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql", account=FAILING),
    )
    tokens = tuple(Token.model_validate({"token": secret}) for secret in ("first", "second"))
    config = Config(
        cloudflare=Cloudflare(api_url="http://cloudflare.test/client/v4", tokens=tokens), storage=Storage(path="")
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    for _ in range(12):
        await exporter.poller.turn()
        metrics = await read(exporter, "/metrics")
        clock.advance(timedelta(seconds=60))

    assert counted(metrics, "Good") > 0
    assert 'cloudflare_exporter_account_up{account="Good"} 1' in metrics
    assert 'cloudflare_exporter_account_up{account="Failing"} 0' in metrics
    assert 'cloudflare_exporter_account_up{account="token 2"} 0' in metrics
    assert (
        f'cloudflare_exporter_dataset_state{{account="Good",dataset="{R2}",state="unavailable",reason="forbidden"}} 1'
    ) in metrics
    lists = 'cloudflare_exporter_discovery_state{account="Good",kind="kv_namespace"'
    assert f'{lists},state="unavailable",reason="forbidden"}} 1' in metrics
    assert 'kv_namespace="(unlisted)"' in metrics

    page = await read(exporter, "/")
    assert "Give the token the permission &#x27;Workers KV Storage Read&#x27;." in page
    assert "Give the token the permission &#x27;Account Analytics Read&#x27;" in page
    assert "If it has that, it is wrong, expired or revoked: give the exporter a valid one." in page
    assert "Cloudflare answered HTTP 500." in page
    for secret in ("first", "second"):
        assert f">{secret}<" not in page and f"Bearer {secret}" not in page
    await exporter.close()
