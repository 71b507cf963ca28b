"""The refresh loop: list the accounts, ask each, publish. Part of the error boundary."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta

from exporter.cloudflare import OverBudget, Principal, RequestBudget, RequestCounts
from exporter.cloudflare.budget import PERIOD_SECONDS, QUOTAS, SHARED
from exporter.costs.current import CostSource
from exporter.logs import keys, logging_refresh
from exporter.metrics.selection import select
from exporter.metrics.snapshot import Snapshot, SnapshotBuilder
from exporter.metrics.thresholds import Thresholds
from exporter.poller.account import AccountPoller
from exporter.poller.background import Background
from exporter.poller.billing_problems import BillingProblems
from exporter.poller.context import PollerContext
from exporter.poller.folded_assets import FoldProblems
from exporter.poller.ownership import TokenAssignment
from exporter.poller.pacing import ReadingPace
from exporter.poller.reading_schedule import ReadingSchedule
from exporter.poller.schedule import Allotment, effective_discovery_interval, effective_refresh_interval
from exporter.poller.sources import ShownSource, SourcePollers
from exporter.poller.status_tracker import dated
from exporter.status import AccountStatus, ExporterStatus, Problem

log = logging.getLogger(__name__)

LISTS_SHOWN = 3
"""For how many discovery intervals the numbers and states of a list are published that is not read again."""

PATIENCE_SECONDS = 10.0
"""How long a publication waits for slow accounts before it goes ahead without them."""


class Poller:
    """The refresh loop: asks every account that is not still busy, then publishes what was committed.

    Each refresh has an id, made of ``run_id`` and its number, that appears on all of its log lines.
    """

    def __init__(
        self,
        principals: Sequence[Principal],
        context: PollerContext,
        builder: SnapshotBuilder,
        costs: CostSource,
        sources: SourcePollers,
        *,
        request_counts: RequestCounts,
        find_problems: Callable[[], Iterable[Problem]],
        run_id: str,
        on_publish: Callable[[Snapshot], None],
    ) -> None:
        self._assignment = TokenAssignment(principals, context)
        self._context = context
        self._builder = builder
        self._costs = costs
        self._sources = sources
        self._request_counts = request_counts
        self._find_problems = find_problems
        self._run_id = run_id
        self._refreshes = 0
        self._refresh_id = ""
        self._on_publish = on_publish
        self._listing: set[Principal] = set()
        self._allotments: dict[RequestBudget, Allotment] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._background = Background()
        self._readings = ReadingSchedule(context)
        self._splits_before = 0
        self._gone: dict[str, AccountStatus] = {}
        self._billing_problems = BillingProblems(context.now)
        self._fold_problems = FoldProblems(context.now)
        self._budget_problems: dict[str, Problem] = {}

    async def run(self) -> None:
        """Refresh after each interval until cancelled."""
        clock = self._context.clock
        while True:
            started, interval = clock.monotonic(), self._context.settings.refresh_interval.total_seconds()
            try:
                await self.refresh(longest_wait=interval)
            except Exception:
                log.exception(
                    "the refresh failed; the next one starts in %s s", interval, extra=keys(refresh=self._refresh_id)
                )
            await clock.sleep(max(interval - (clock.monotonic() - started), 0.0))

    async def stop(self) -> None:
        """Cancel the questions under way, but let a commit under way finish."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def refresh(self, longest_wait: float | None = None, patience: float = PATIENCE_SECONDS) -> None:
        """Ask every account once and publish; a token or account that takes longer is published with a later refresh.

        Known accounts are asked at once. Accounts that are new, or that another token takes over, are asked as soon as
        the list that shows this has arrived, so a token whose list hangs delays no other account. After ``patience``
        (in seconds, like ``longest_wait``) everything that is done is published without the rest.
        """
        self._refreshes += 1
        self._refresh_id = f"{self._run_id}-{self._refreshes}"
        with logging_refresh(self._refresh_id):
            await self._refresh(longest_wait, patience)

    async def _refresh(self, longest_wait: float | None, patience: float) -> None:
        clock = self._context.clock
        began = clock.monotonic()
        self._allotments = {budget: self._allot(budget) for budget in self._budgets()}
        due = [principal for principal in self._assignment.due() if principal not in self._listing]
        doubted = {account.account.id for account in self._assignment.doubted() if account.principal in due}
        started = [self._start(self._list_and_ask(principal)) for principal in due]
        started += self._ask_waiting(but_for=doubted)
        log.debug("the refresh begins", extra=keys(lists=len(due), accounts=len(started) - len(due)))
        await self._publish_when_done(started, longest_wait, patience)
        self._context.published.refreshed_at = clock.monotonic()
        left = None if longest_wait is None else max(longest_wait - (clock.monotonic() - began), 0.0)
        asking = [self._start(account.ask_days(documents)) for account, documents in self._allocate_days()]
        asking += [self._start(account.ask_billing()) for account in self._allocate_billing()]
        asking += [self._start(account.ask_readings(pace)) for account, pace in self._allocate_readings()]
        if asking:
            await asyncio.wait(asking, timeout=left)

    def _allot(self, budget: RequestBudget) -> Allotment:
        """Return a refresh's share of a budget, minus the requests reserved for closed days."""
        seconds = self._context.settings.refresh_interval.total_seconds()
        asked = self._assignment.asked()

        def graphql(pool: str) -> int:
            kept = self._background.reserve(budget, pool, asked, seconds)
            return budget.per_refresh("graphql", seconds, pool) - kept

        return Allotment(graphql, budget.per_refresh("rest", seconds))

    def _allocate_days(self) -> list[tuple[AccountPoller, int]]:
        """Return the accounts that may ask about closed days, each with its quota of documents."""
        asked, seconds = self._assignment.asked(), self._context.settings.refresh_interval.total_seconds()
        for account in asked:
            account.find_days()
        return [share for budget in self._budgets() for share in self._background.allocate(budget, asked, seconds)]

    def _allocate_billing(self) -> list[AccountPoller]:
        asked, seconds = self._assignment.asked(), self._context.settings.refresh_interval.total_seconds()
        budgets = self._budgets()
        return [one for budget in budgets for one in self._background.allocate_billing(budget, asked, seconds)]

    def _allocate_readings(self) -> list[tuple[AccountPoller, ReadingPace]]:
        asked = self._assignment.asked()
        return [share for budget in self._budgets() for share in self._readings.allocate(budget, asked)]

    async def _publish_when_done(
        self, started: Collection[asyncio.Task[None]], longest_wait: float | None, patience: float
    ) -> None:
        """Publish a refresh's results; if some take long, once without them and once after the longest wait."""
        first = patience if longest_wait is None else min(patience, longest_wait)
        pending = await self._publish_after(started, first)
        if pending and first != longest_wait:
            await self._publish_after(pending, None if longest_wait is None else longest_wait - first)

    async def _publish_after(
        self, awaited: Collection[asyncio.Task[None]], longest_wait: float | None
    ) -> set[asyncio.Task[None]]:
        """Publish once all is done or the wait is over; return the tasks that are not done."""
        pending = (await asyncio.wait(awaited, timeout=longest_wait))[1] if awaited else set()
        await self.publish()
        return pending

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _list_and_ask(self, principal: Principal) -> None:
        """List a token's accounts, and ask those that it adds if the same refresh is still under way."""
        allotments = self._allotments
        self._listing.add(principal)
        try:
            await self._assignment.list_accounts(principal)
        except Exception:
            log.exception("listing the token's accounts failed; it is tried again", extra=keys(token=principal.name))
        finally:
            self._listing.discard(principal)
        asked = self._ask_waiting() if allotments is self._allotments else []
        if asked:
            await asyncio.wait(asked)

    def _ask_waiting(self, but_for: Collection[str] = ()) -> list[asyncio.Task[None]]:
        """Ask the accounts that are not busy and not yet part of this refresh, within each budget."""
        idle = {
            account.account.id: account
            for account in self._assignment.asked()
            if not account.is_busy and account.account.id not in but_for
        }
        interval = self._effective_refresh_interval()
        started: list[asyncio.Task[None]] = []
        for budget, allotment in self._allotments.items():
            candidates = [account.candidate() for account in idle.values() if account.principal.budget is budget]
            grants = allotment.allocate(candidates)
            started += [self._start(idle[account_id].refresh(grant, interval)) for account_id, grant in grants.items()]
        return started

    def _budgets(self) -> list[RequestBudget]:
        return list(dict.fromkeys(principal.budget for principal in self._assignment.principals))

    def _effective_refresh_interval(self) -> timedelta:
        """Return the time until every account has been refreshed."""
        interval = longest = self._context.settings.refresh_interval
        for budget in self._budgets():
            costs: dict[str, list[int]] = {}
            for one in self._asked_of(budget):
                costs.setdefault(one.pool, []).append(one.candidate().requests)
            per_refresh = budget.fair_share("graphql", interval.total_seconds())
            intervals = [effective_refresh_interval(interval, each, per_refresh) for each in costs.values()]
            longest = max([longest, *intervals])
        return longest

    def _asked_of(self, budget: RequestBudget) -> list[AccountPoller]:
        return [account for account in self._assignment.asked() if account.principal.budget is budget]

    def _effective_discovery_interval(self) -> timedelta:
        """Return the time until the lists of every account have been read."""
        longest = self._context.settings.discovery_interval
        for budget in self._budgets():
            costs = [one.candidate().list_requests for one in self._asked_of(budget)]
            longest = max(
                longest, effective_discovery_interval(longest, costs, budget.allowance("rest"), PERIOD_SECONDS)
            )
        return longest

    async def publish(self) -> None:
        """Build the snapshot of the ledger's last commit and publish it."""
        self._context.published.snapshot = await self._context.with_ledger(self._build)

    def _build(self) -> Snapshot:
        context, settings = self._context, self._context.settings_in_force
        accounts = context.ledger.accounts()
        list_life = LISTS_SHOWN * self._effective_discovery_interval()
        latest = context.now()
        published = context.ledger.publication(context.time.now(), list_life, latest)
        publication = select(published, accounts, settings.selection, settings.products)
        sources = self._sources.show()
        self._sources.log_changes(sources)
        costs = self._costs.compute(publication.accounts, latest)
        problems = [
            *self._billing_problems.find(costs),
            *self._fold_problems.find(publication, accounts, settings.selection),
        ]
        status = self._status(publication.accounts, sources, problems)
        thresholds = Thresholds(settings.alerting.thresholds, {account.id: account.name for account in accounts})
        snapshot = self._builder.build(
            publication,
            status,
            context.clock.now(),
            settings.selection.wants_metric,
            has_starts=settings.has_start_timestamps,
            costs=costs,
            thresholds=thresholds,
            of_sources=[family for source in sources for family in source.families],
        )
        self._on_publish(snapshot)
        log.debug("published", extra=keys(commit=snapshot.commit_number, families=len(snapshot.families)))
        return snapshot

    def reconfigure(self, principals: Sequence[Principal]) -> None:
        """Apply changed tokens and settings; everything is listed again at the next refresh."""
        self._splits_before += sum(
            old.analytics.splits.count
            for old in self._assignment.principals
            if all(old.analytics is not new.analytics for new in principals)
        )
        self._assignment.reconfigure(principals)

    def _budget_status(self) -> dict[str, tuple[int, int]]:
        pools = {api: [(one, SHARED) for one in self._budgets()] for api in QUOTAS}
        by_account = [one for one in self._assignment.asked() if one.pool]
        pools["graphql"] = [(one, SHARED) for one in self._budgets() if not one.is_by_account]
        pools["graphql"] += [(one.principal.budget, one.pool) for one in by_account]
        return {
            api: (sum(one.allowance(api) for one, _ in each), sum(one.remaining(api, pool) for one, pool in each))
            for api, each in pools.items()
        }

    def _status(
        self, known: Mapping[str, str], sources: Collection[ShownSource], of_accounts: Iterable[Problem]
    ) -> ExporterStatus:
        context = self._context
        asked = self._assignment.asked()
        self._gone = self._statuses_of_gone(known.keys() - {account.account.id for account in asked})
        return ExporterStatus(
            accounts=(
                *(account.statuses.whole for account in asked),
                *self._gone.values(),
                *self._assignment.token_statuses(),
            ),
            datasets=tuple(status for account in asked for status in account.statuses.datasets()),
            lists=tuple(status for account in asked for status in account.statuses.lists()),
            api_requests=self._request_counts.counts(),
            days={key: progress for key, progress in context.days.items() if key[0].account_id in known},
            sample_intervals={
                key: float(interval) for key, interval in context.sample_intervals.items() if key[0].account_id in known
            },
            page_splits=self._splits_before + sum(each.analytics.splits.count for each in self._assignment.principals),
            commit_failures=context.commit_failures,
            storage_bytes=context.ledger.size(),
            refresh_interval=self._effective_refresh_interval(),
            budgets=self._budget_status(),
            discovery_interval=self._effective_discovery_interval(),
            clock_offset=context.time.offset(),
            config_is_current=context.config_problem is None,
            configured_at=context.settings.configured_at,
            refresh=self._refresh_id,
            own_problems=(
                *filter(None, (context.config_problem, context.token_problem)),
                *self._assignment.problems(),
                *self._find_problems(),
                *self._over_budget_problems(),
                *self._readings.problems([(self._names(budget), budget) for budget in self._budgets()], asked),
                *(problem for source in sources for problem in source.problems),
                *of_accounts,
            ),
            sources=tuple(source.status for source in sources),
        )

    def _statuses_of_gone(self, account_ids: Collection[str]) -> dict[str, AccountStatus]:
        """Return the statuses of published accounts that no token lists any more."""
        now = self._context.now()
        detail, remedy = (
            "No token lists this account any more.",
            "Give a token access to it, or exclude it (accounts.exclude).",
        )
        statuses = {key: AccountStatus(key, False, "not_listed", detail, remedy=remedy) for key in sorted(account_ids)}
        return {key: dated(status, self._gone.get(key), now) for key, status in statuses.items()}

    def _names(self, budget: RequestBudget) -> str:
        """Return the names of the tokens that share a budget."""
        return ", ".join(each.name for each in self._assignment.principals if each.budget is budget)

    def _over_budget_problems(self) -> list[Problem]:
        """Return a problem for each budget that stayed used up over several refreshes, and log changes."""
        seconds = self._context.settings.refresh_interval.total_seconds()
        problems: dict[str, Problem] = {}
        for budget in self._budgets():
            length = budget.over_budget_for(seconds)
            if length is not None:
                names = self._names(budget)
                detail = f"{names}: the share of Cloudflare's request limits is used up; some questions are left out."
                since = self._context.now() - timedelta(seconds=length)
                new = Problem(names, "budget", OverBudget.outcome, since, detail, OverBudget.advice)
                problems[names] = self._budget_problems.get(names, new)
        for names in problems.keys() - self._budget_problems.keys():
            log.warning("%s %s", problems[names].detail, problems[names].remedy, extra=keys(token=names))
        for names in self._budget_problems.keys() - problems.keys():
            log.info("there is room again in the request limits of %s", names, extra=keys(token=names))
        self._budget_problems = problems
        return list(problems.values())
