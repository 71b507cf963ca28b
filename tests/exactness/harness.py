"""An exporter on the simulated Cloudflare in process: every snapshot is watched, and compared with the oracle."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from exporter.app import Exporter, build_exporter
from exporter.catalog import DATASETS
from exporter.catalog.entry import Dataset, Role
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.model import DISPATCH_PREFIX, Snapshot
from exporter.simulator import (
    AccountModel,
    Asset,
    Bucket,
    BucketLists,
    Database,
    Documents,
    KvNamespace,
    Limits,
    ManualClock,
    ObjectNamespace,
    Simulator,
    TokenModel,
    Traffic,
    Worker,
    World,
)
from tests.clock import START, CoupledClock

ACCOUNT_ID = "a" * 32
TOKEN = "secret-token"

RENAMABLE = (
    ("worker", "1" * 32),
    ("worker", "2" * 32),
    ("database", "00000000-0000-0000-0000-000000000001"),
    ("database", "00000000-0000-0000-0000-000000000002"),
    ("object_namespace", "3" * 32),
    ("kv_namespace", "4" * 32),
    ("kv_namespace", "5" * 32),
)


def small_assets() -> tuple[Asset, ...]:
    """Two assets of most kinds, a script that no list has, and the account's own operations."""
    return (
        Worker(id="1" * 32, name="shop-web", weight=6),
        Worker(id="2" * 32, name="shop-api", weight=1, tags=("project:store",)),
        Worker(id="6" * 32, name="hidden", weight=2, listed=False),
        Worker(id="7" * 32, name="tenant-one", weight=1, listed=False, dispatch_namespace="tenants"),
        Bucket(name="media", weight=4),
        Bucket(name="media", jurisdiction="eu", weight=1),
        BucketLists(),
        Database(id="00000000-0000-0000-0000-000000000001", name="orders", weight=4),
        Database(id="00000000-0000-0000-0000-000000000002", name="shop-log", weight=1),
        ObjectNamespace(id="3" * 32, name="shop-web_Cart", script="shop-web", weight=3),
        KvNamespace(id="4" * 32, name="sessions", weight=5),
        KvNamespace(id="5" * 32, name="flags", weight=0),
    )


def small_world(seed: int, lateness: timedelta, max_page_size: int = 10_000) -> World:
    """One account that one token sees, with request limits off."""
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=small_assets()),),
        tokens=(TokenModel(token=TOKEN),),
        seed=seed,
        lateness=lateness,
        limits=Limits(rest=None, graphql=None, max_page_size=max_page_size),
    )


@dataclass
class Watcher:
    """Follows every exposed series through all snapshots, as a Prometheus that misses none would."""

    values: dict[tuple[str, str], int] = field(default_factory=dict)
    increases: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=Counter)

    def see(self, snapshot: Snapshot) -> None:
        """Take a snapshot in: no series may fall, none may be born above zero."""
        seen: dict[tuple[str, str], int] = {}
        for family in snapshot.families:
            if family.kind not in {"counter", "summary"} or family.name.startswith("cloudflare_exporter_"):
                continue
            for sample in family.samples:
                if family.kind == "summary" and not sample.suffix:
                    continue
                assert isinstance(sample.amount, int)
                name = family.name + sample.suffix
                series = (name, sample.labels.text)
                before = self.values.get(series, 0)
                assert sample.amount >= before, f"{series} fell from {before} to {sample.amount}"
                assert series in self.values or sample.amount == 0, f"{series} was born at {sample.amount}"
                seen[series] = sample.amount
                if sample.amount > before:
                    kept = [(n, v) for n, v in sample.labels.as_dict().items() if n not in _NAMES]
                    self.increases[name, tuple(kept)] += sample.amount - before
        self.values = seen


_NAMES = {"account", "project", "script_name", "bucket", "database", "do_namespace", "kv_namespace"}


class Rig:
    """An exporter, its simulated Cloudflare and a watcher; the exporter can be restarted or killed."""

    def __init__(
        self,
        world: World,
        folder: Path,
        traffic: Traffic | None = None,
        documents: Documents | None = None,
        page_limit: int = 10_000,
    ) -> None:
        self.clock = CoupledClock(ManualClock(START))
        self.simulator = Simulator(
            world,
            self.clock.cloudflare,
            traffic=traffic,
            documents=documents,
            broken_connection=lambda: httpx.RemoteProtocolError("server disconnected"),
        )
        self.watcher = Watcher()
        self.was_lied_to = False
        self._folder = folder
        self._page_limit = page_limit
        self.exporter = self._build()

    def _build(self) -> Exporter:
        config = Config(
            cloudflare=Cloudflare(
                api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": TOKEN}),)
            ),
            poll=Poll(refresh=timedelta(seconds=60), discovery=timedelta(minutes=10)),
            storage=Storage(path=str(self._folder)),
        )
        return build_exporter(
            config,
            self.clock,
            transport=httpx.ASGITransport(app=self.simulator.app),
            page_limit=self._page_limit,
        )

    async def turn(self) -> None:
        """Let the exporter turn once, and look at what it publishes."""
        await self.exporter.poller.turn()
        self.look()

    def look(self) -> None:
        """Look at the published snapshot."""
        if self.exporter.board.snapshot is not None:
            self.watcher.see(self.exporter.board.snapshot)

    def scrape(self) -> None:
        """Answer a scrape with the published snapshot."""
        if self.exporter.board.snapshot is not None:
            self.exporter.board.mark_scraped(self.exporter.board.snapshot.revision)

    async def restart(self) -> None:
        """Stop the exporter as SIGTERM does and start another on the same state."""
        await self.exporter.close()
        await self.start_again()

    async def start_again(self) -> None:
        """Start an exporter on the state that a closed one left."""
        self.exporter = self._build()
        await self.exporter.start()
        self.look()

    async def kill(self) -> None:
        """Let the exporter turn without anybody seeing what it publishes, then start another: it was killed."""
        await self.exporter.poller.turn()
        await self.restart()

    async def come_to_rest(self, hours: int = 2) -> None:
        """Let Cloudflare be well and quiet until everything is visible, settled and published."""
        self.simulator.faults.clear()
        self.simulator.set_quiet_from(self.clock.cloudflare.now())
        for _ in range(hours * 6):
            self.clock.advance(timedelta(minutes=10))
            await self.turn()
            self.scrape()
        self.clock.advance(timedelta(minutes=1))
        await self.turn()

    def start_of(self, dataset: str) -> datetime:
        """Give since when a dataset is counted."""
        books = self.exporter.ledger.publication().books
        return next(book.state.start for book in books if book.state and book.dataset.key == dataset)

    def oracle(
        self, dataset: Dataset, since: datetime, until: datetime
    ) -> dict[tuple[str, tuple[str, ...]], tuple[int, ...]]:
        """Give the truth about [since, until) in the ledger's shape, all-zero rows left out."""
        by = list(dataset.dimensions)
        truth: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
        for values, figures in self.simulator.used(ACCOUNT_ID, dataset.name, since, until, by=by).items():
            words = dict(zip(by, values, strict=True))
            labels = tuple(
                label.classify(words[label.dimension]) if label.classify else words[label.dimension]
                for label in dataset.labels
            )
            asset = words[dataset.id_dimension]
            if dataset.dispatch_dimension and words[dataset.dispatch_dimension]:
                asset = DISPATCH_PREFIX + words[dataset.dispatch_dimension]
            amounts = tuple(figures[entry.name] for entry in dataset.fields)
            known = truth.get((asset, labels), (0,) * len(amounts))
            truth[asset, labels] = tuple(a + b for a, b in zip(known, amounts, strict=True))
        return {key: amounts for key, amounts in truth.items() if any(amounts)}

    def check(self) -> None:
        """Compare totals, increases and daily sums with the oracle, to the last unit."""
        now = self.clock.cloudflare.now()
        expected_increases: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        for dataset in DATASETS.values():
            if dataset.role is not Role.USAGE:
                continue
            truth = self.oracle(dataset, self.start_of(dataset.name), now)
            totals = self.exporter.ledger.totals(ACCOUNT_ID, dataset.name)
            assert {key: total for key, total in totals.items() if any(total)} == truth, dataset.name
            _add_increases(expected_increases, dataset, truth)
        assert +self.watcher.increases == +expected_increases


def _add_increases(
    increases: Counter[tuple[str, tuple[tuple[str, str], ...]]],
    dataset: Dataset,
    truth: dict[tuple[str, tuple[str, ...]], tuple[int, ...]],
) -> None:
    names = [label.name for label in dataset.labels]
    for (_, values), amounts in truth.items():
        labels = dict(zip(names, values, strict=True))
        for metric in dataset.metrics:
            for part in metric.parts:
                kept = [(name, labels[name]) for name in metric.labels]
                kept += [(metric.split, part.word)] if metric.split else []
                increases[metric.name, tuple(kept)] += amounts[dataset.field_index[part.source]]


@contextmanager
def state_folder() -> Iterator[Path]:
    """Give a folder for the ledger that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
