"""A small simulated account and a client for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exporter.simulator import (
    AccountModel,
    Bucket,
    BucketLists,
    Database,
    Documents,
    Fault,
    Kind,
    KvNamespace,
    ManualClock,
    ObjectNamespace,
    Simulator,
    TokenModel,
    Worker,
    World,
    Zone,
)
from tests.simulator.client import ACCOUNT, MINUTE, OTHER_ACCOUNT, TOKEN, Client

START = datetime(2026, 6, 1, 10, 30, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def documents() -> Documents:
    """The schema and the documents read so far."""
    return Documents()


@pytest.fixture
def account() -> AccountModel:
    """An account with at least one asset of every product."""
    return AccountModel(
        id=ACCOUNT,
        name="Example",
        assets=(
            Worker(id="1" * 32, name="shop-web", weight=20, tags=("project:shop",)),
            Worker(id="2" * 32, name="shop-api", weight=2),
            Worker(id="3" * 32, name="preview", listed=False),
            Worker(id="4" * 32, name="tenant", dispatch_namespace="tenants"),
            Bucket(name="media"),
            Bucket(name="private", jurisdiction="eu"),
            BucketLists(),
            Database(id="d1-orders", name="orders"),
            ObjectNamespace(id="5" * 32, name="shop-api_Room", class_name="Room", script="shop-api"),
            ObjectNamespace(id="6" * 32, name="old", use_sqlite=False),
            KvNamespace(id="7" * 32, name="sessions"),
            Zone(id="8" * 32, name="shop.example"),
        ),
    )


@pytest.fixture
def clock() -> ManualClock:
    """A Monday morning."""
    return ManualClock(START)


@pytest.fixture
def simulate(account: AccountModel, clock: ManualClock, documents: Documents) -> Callable[..., Simulator]:
    """Build a simulator of the account; keywords are fields of its world."""

    def build(**fields: Any) -> Simulator:
        other = AccountModel(id=OTHER_ACCOUNT, name="Other")
        tokens = (TokenModel(token=TOKEN, accounts=frozenset({ACCOUNT})),)
        world = {"accounts": (account, other), "tokens": tokens, **fields}
        return Simulator(World(**world), clock, documents=documents)

    return build


@pytest.fixture
def simulator(simulate: Callable[..., Simulator]) -> Simulator:
    """A simulator without lateness or faults."""
    return simulate()


@pytest.fixture
def late_simulator(simulate: Callable[..., Simulator]) -> Simulator:
    """A simulator in which usage becomes visible up to twenty minutes late."""
    return simulate(lateness=timedelta(minutes=20))


@pytest.fixture
def client(simulator: Simulator) -> Client:
    """A client of the simulator, with a token that sees the one account."""
    return Client(simulator)


@pytest.fixture
def fail(simulator: Simulator, clock: ManualClock) -> Callable[..., None]:
    """Declare a fault that lasts for a minute from now; keywords are its fields."""

    def declare(kind: Kind, **fields: Any) -> None:
        simulator.faults.add(Fault(kind=kind, until=clock.now() + MINUTE, **fields))

    return declare
