"""An exporter on the simulated Cloudflare in process: every snapshot is watched, and compared with the oracle."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from operator import le
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from exporter.app import Exporter, build_exporter
from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.cloudflare.client import TIMEOUT
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.config.selection import Selection
from exporter.costs.calculator import CostCalculator
from exporter.costs.current import Costs, CostSource
from exporter.ledger import Ledger
from exporter.ledger.reach import AUDIT_AFTER
from exporter.model import HOUR, Amounts, DailyKey, RowKey, Scope, floor_hour
from exporter.simulator import Documents, ManualClock, Simulator, Traffic, World
from tests.clock import START, CoupledClock
from tests.documents import shared_documents
from tests.exactness.counting import Counting, Ended
from tests.exactness.crash import Crash, CrashPoint, Writes, bury_crashed_tasks
from tests.exactness.oracle import DAY, USAGE, daily_truth, truth_of, usage_meters
from tests.exactness.release import TODAY, Release, releases
from tests.exactness.watcher import Kept, Watcher
from tests.exactness.worlds import ACCOUNT_ID, RENAMABLE, TOKEN, small_assets, small_world

__all__ = ["ACCOUNT_ID", "RENAMABLE", "TOKEN", "Rig", "Watcher", "small_assets", "small_world", "state_folder"]

EVERYTHING = Selection()

DailySums = dict[DailyKey, int]

LONGEST_UNSCRAPED = timedelta(minutes=4)

MEMORY = "/dev/shm"

LATEST_LIST = timedelta(hours=6)
"""How long a schedule may keep the exporter from reading a list: outages, sleep and restarts come on top of another."""


class CardOnly:
    """A source of costs that knows the prices of what is counted, and leaves out what accounts owe."""

    def __init__(self, ledger: Ledger, calculator: CostCalculator) -> None:
        self._calculator = calculator

    def compute(self, labels: Mapping[str, str], latest: datetime) -> Costs:
        """Return the card, without which no list cost is published."""
        return Costs(card=self._calculator.card)


class Rig:
    """An exporter, its simulated Cloudflare and a Prometheus; the exporter can be restarted, killed or crash.

    Prometheus scrapes when it is told to, and by itself before it would have missed more than four minutes: what is
    born at zero is held for five. While assets change it misses nothing, for a series that leaves takes with it what
    no scrape has seen.

    The exporter is of a ``release``; others that may follow are drawn with a ``seed``. When it starts, it takes the
    ``selection``.

    What accounts owe is worked out only with another source of costs, ``CurrentCosts``: it takes a third of the time.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        traffic: Traffic | None = None,
        documents: Documents | None = None,
        *,
        tokens: Sequence[str] = (TOKEN,),
        page_limit: int = 10_000,
        products: Sequence[Product] | None = None,
        start: datetime = START,
        crash_point: CrashPoint | None = None,
        source_costs: Callable[[Ledger, CostCalculator], CostSource] = CardOnly,
        release: Release = TODAY,
        seed: str = "",
        selection: Selection = EVERYTHING,
    ) -> None:
        self.clock = CoupledClock(ManualClock(start))
        self.simulator = Simulator(
            world,
            self.clock.cloudflare,
            traffic=traffic,
            documents=documents or shared_documents(),
            broken_connection=lambda: httpx.RemoteProtocolError("server disconnected"),
            sleep=self._answer_slowly,
        )
        self.watcher = Watcher()
        self.writes = Writes(crash_point)
        self.lied_at: datetime | None = None
        self.changing_until = self.now
        self.releases = releases(seed)
        self._scraped_at = self.now
        self._folder = folder
        self._tokens = tokens
        self._page_limit = page_limit
        self.products = release.products() if products is None else products
        self.counting = Counting.of(self.products)
        self._source_costs = source_costs
        self.selection = selection
        self.exporter = self._build()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.exporter.close()

    @property
    def now(self) -> datetime:
        """Cloudflare's time."""
        return self.clock.cloudflare.now()

    @property
    def fills_days(self) -> bool:
        """Return whether Cloudflare keeps whole days before today, which the exporter fills in and audits."""
        return self.simulator.state.world.limits.not_older_than > DAY

    def _transport(self) -> httpx.AsyncBaseTransport:
        """Return the way to Cloudflare."""
        return httpx.ASGITransport(app=self.simulator.app)

    def _build(self) -> Exporter:
        config = Config(
            cloudflare=Cloudflare(
                api_url="http://cloudflare.test/client/v4",
                tokens=tuple(Token.model_validate({"token": token}) for token in self._tokens),
            ),
            poll=Poll(refresh=timedelta(seconds=60), discovery=timedelta(minutes=10)),
            storage=Storage(path=str(self._folder)),
        )
        return build_exporter(
            config.model_copy(update={"selection": self.selection}),
            self.clock,
            transport=self._transport(),
            page_limit=self._page_limit,
            products=self.products,
            open_ledger=self.writes.open_ledger,
            source_costs=self._source_costs,
        )

    async def _answer_slowly(self, seconds: float) -> None:
        """Let time pass until the answer comes or the client's patience is over, which httpx measures on a socket."""
        patience = TIMEOUT.read or seconds
        self.clock.advance(timedelta(seconds=min(seconds, patience)))
        if seconds > patience:
            raise httpx.ReadTimeout("no answer in time")

    async def refresh(self) -> None:
        """Let the exporter refresh once, and look at what it publishes; if it dies on the way, start another."""
        await self._turn_unseen()
        if self.writes.is_dead:
            await self.restart()
        self.look()

    async def _turn_unseen(self) -> None:
        if self.now < self.changing_until:
            self.scrape()
        bury_crashed_tasks()
        with suppress(Crash):
            await self.exporter.poller.refresh()

    async def publish(self) -> None:
        """Publish what was asked in the background, as the next refresh would in a minute, and look at it."""
        snapshot = self.exporter.published.snapshot
        if snapshot is not None and snapshot.commit_number != self.exporter.ledger.commit_number:
            with suppress(Crash):
                await self.exporter.poller.publish()
            self.look()

    def look(self) -> None:
        """Look at the published snapshot."""
        if self.exporter.published.snapshot is not None:
            self.watcher.see(self.exporter.published.snapshot)

    def scrape(self) -> None:
        """Answer a scrape with the published snapshot."""
        self._scraped_at = self.now
        if self.exporter.published.snapshot is not None:
            self.watcher.scrape(self.exporter.published.snapshot)
            self.exporter.published.mark_scraped(self.exporter.published.snapshot.commit_number)

    def pass_time(self, by: timedelta) -> None:
        """Let time pass; a Prometheus that would miss too much of it scrapes before."""
        if self.now + by - self._scraped_at > LONGEST_UNSCRAPED:
            self.scrape()
        self.clock.advance(by)

    async def restart(self) -> None:
        """Stop the exporter as SIGTERM does and start another on the same state."""
        await self.exporter.close()
        await self.start_again()

    async def install(self, release: Release) -> None:
        """Stop the exporter and start that of another release."""
        self.scrape()
        ended = Ended.of(self.exporter.ledger, self.watcher.increases, self.now)
        await self.exporter.close()
        self.products = release.products()
        self.exporter = self._build()
        self.watcher.forget(self.counting.follow(self.products, ended, self.exporter.ledger))
        await self._start()

    async def start_with(self, products: Sequence[Product]) -> None:
        """Stop the exporter and start one with another catalog, which counts the same."""
        self.scrape()
        await self.exporter.close()
        self.products = tuple(products)
        await self.start_again()

    async def start_again(self) -> None:
        """Start an exporter on the state that a closed one left."""
        self.exporter = self._build()
        await self._start()

    async def _start(self) -> None:
        await self.exporter.start()
        self.look()

    async def be_away(self, away: timedelta) -> None:
        """Stop the exporter, let time pass and start it again."""
        if self.now < self.changing_until:
            self.scrape()
        await self.exporter.close()
        self.clock.advance(away)
        await self.start_again()

    async def kill(self) -> None:
        """Let the exporter refresh without anybody seeing what it publishes, then start another: it was killed."""
        await self._turn_unseen()
        await self.restart()

    def note_changing(self) -> None:
        """Note that assets change: for as long as it may take until a list tells, nothing goes unscraped."""
        self.changing_until = self.now + LATEST_LIST

    def calm_down(self) -> None:
        """Let Cloudflare be well, and let nothing be used any more."""
        self.simulator.faults.clear()
        self.simulator.set_token_status(TOKEN, "active")
        self.simulator.set_quiet_from(self.now)

    async def come_to_rest(self, hours: int = 2) -> None:
        """Let Cloudflare be well and quiet until everything is visible, settled and published."""
        self.calm_down()
        for _ in range(hours * 2):
            await self.rest(HOUR / 2)
        await self.rest(timedelta(minutes=1))

    async def rest(self, by: timedelta) -> None:
        """Let time pass, refresh and scrape; what was asked in the background is published a minute later."""
        while True:
            self.pass_time(by)
            await self.refresh()
            self.scrape()
            snapshot = self.exporter.published.snapshot
            if snapshot is not None and snapshot.commit_number == self.exporter.ledger.commit_number:
                return
            by = timedelta(minutes=1)

    async def come_to_audit(self) -> None:
        """Let Cloudflare be well and quiet until every day with usage has been audited."""
        last_day = datetime.combine(self.now.date(), time(), UTC)
        await self.come_to_rest(hours=3)
        while self.now < last_day + DAY + AUDIT_AFTER:
            await self.rest(4 * HOUR)
        for _ in range(4):
            await self.rest(HOUR / 2)

    def start_of(self, dataset: str, account_id: str = ACCOUNT_ID) -> datetime:
        """Return since when a dataset is counted."""
        books = self.exporter.ledger.publication().books
        return next(
            book.state.start
            for book in books
            if book.state and book.dataset.key == dataset and book.account_id == account_id
        )

    def oracle(
        self, dataset: Dataset, since: datetime, until: datetime, account_id: str = ACCOUNT_ID
    ) -> dict[RowKey, Amounts]:
        """Return the truth about [since, until) in the ledger's shape, all-zero rows left out."""
        return truth_of(self.simulator, account_id, dataset, since, until)

    def compared_increases(self, *account_ids: str) -> tuple[Counter[Kept], Counter[Kept]]:
        """Return what ``increase()`` has to come to and what it comes to, over all accounts given.

        What may come to more than one amount has to come to what it does, or else to the nearest of them.
        """
        books = self.exporter.ledger.publication().books
        starts = {(book.account_id, book.dataset.key): book.state.start for book in books if book.state}
        least, most = self.counting.increases(self.simulator, account_ids, self.now, starts)
        got = self.watcher.increases
        return +Counter({kept: min(max(got[kept], least[kept]), most[kept]) for kept in most}), +got

    def check(self, *account_ids: str) -> None:
        """Compare totals and increases with the oracle, to the last unit."""
        accounts = account_ids or (ACCOUNT_ID,)
        for account_id in accounts:
            for key, counted in self.counting.counted.items():
                if not counted.is_asked:
                    continue
                start = self.start_of(key, account_id)
                assert counted.starts.get(account_id, start) == start, f"{key} has begun anew"
                truth = counted.truth(self.simulator, account_id, self.now, start)
                totals = self.exporter.ledger.totals(Scope(account_id), key)
                assert {row: total for row, total in totals.items() if any(total)} == truth, key
        expected, got = self.compared_increases(*accounts)
        assert got == expected

    def check_on_the_way(self, *account_ids: str) -> None:
        """Compare totals with the oracle while usage is still becoming visible: none may exceed it."""
        for book in self.exporter.ledger.publication().books:
            if book.state is None or book.account_id not in (account_ids or (ACCOUNT_ID,)):
                continue
            key = book.dataset.key
            truth = self.counting.counted[key].truth(self.simulator, book.account_id, self.now, book.state.start)
            for row, total in self.exporter.ledger.totals(book.scope, key).items():
                used = truth.get(row, (0,) * len(total))
                assert all(map(le, total, used)), f"{book.dataset.name} {row}: {total} exceeds {used}"

    def daily_sums(self, first: datetime, account_id: str = ACCOUNT_ID) -> tuple[DailySums, DailySums]:
        """Return the daily sums of usage, and what they have to be, up to yesterday.

        They begin with the first whole day that could be asked at ``first``; all days have to be audited by now. A sum
        that may be more than one amount has to be what it is, or else the nearest of them.
        """
        retention = self.simulator.state.world.limits.not_older_than
        oldest = floor_hour(first - retention) + HOUR
        since, until = (oldest - timedelta(microseconds=1)).date() + DAY, self.now.date()
        meters = usage_meters(USAGE)
        known = {
            key: amount
            for key, amount in self.exporter.ledger.daily_sums(account_id).items()
            if amount and key[2] in meters and since <= key[0] < until
        }
        most = daily_truth(self.simulator, account_id, since, until)
        least = self.counting.least_sums(account_id, most)
        expected = {key: min(max(known.get(key, 0), least.get(key, 0)), amount) for key, amount in most.items()}
        return known, {key: amount for key, amount in expected.items() if amount}

    def check_daily(self, first: datetime, account_id: str = ACCOUNT_ID) -> None:
        """Compare the daily sums of usage with the oracle, to the last unit."""
        known, truth = self.daily_sums(first, account_id)
        assert known == truth


@contextmanager
def state_folder() -> Iterator[Path]:
    """Return a folder for the ledger that is removed afterwards; in memory where that is possible, for speed."""
    with tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None) as folder:
        yield Path(folder)
