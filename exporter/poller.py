"""The loops: list the accounts, let each have its turn, publish. With ``account_poller`` the only error boundary."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from exporter.account_poller import EARLY_DISCOVERY, AccountPoller, Principal, Works
from exporter.cloudflare import Budget, CloudflareError, RequestTally
from exporter.cloudflare.budget import PERIOD_SECONDS, QUOTAS
from exporter.ledger import CommitError, choose
from exporter.model import Account, AccountStatus, ExporterStatus, Snapshot
from exporter.snapshot import SnapshotBuilder
from exporter.turns import Turn, share_out

log = logging.getLogger(__name__)

ABSENCES = 2
"""In how many lists in a row an account must be missing before it is no longer asked: a list can be wrong."""


class Poller:
    """Turns: every account that is not still busy is asked, and what was committed is published once."""

    def __init__(
        self,
        principals: Sequence[Principal],
        works: Works,
        builder: SnapshotBuilder,
        *,
        tally: RequestTally,
        refresh_interval: timedelta,
        on_publish: Callable[[Snapshot], None],
    ) -> None:
        self._principals = principals
        self._works = works
        self._builder = builder
        self._tally = tally
        self._refresh_interval = refresh_interval
        self._on_publish = on_publish
        self._accounts: dict[str, AccountPoller] = {}
        self._absences: dict[str, int] = {}
        self._troubles: dict[str, AccountStatus] = {}
        self._list_at: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._splits_before = 0

    async def run(self) -> None:
        """Turn until cancelled."""
        clock = self._works.clock
        while True:
            started, interval = clock.monotonic(), self._refresh_interval.total_seconds()
            try:
                await self.turn(longest_wait=interval)
            except Exception:
                log.exception("a turn failed; the next is in %s s", interval)
            await clock.sleep(max(interval - (clock.monotonic() - started), 0.0))

    async def stop(self) -> None:
        """Cancel what is being asked; a commit that is under way is finished."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def turn(self, longest_wait: float | None = None) -> None:
        """Ask every account once and publish; an account that takes longer is published with a later turn."""
        await asyncio.gather(*(self._list_accounts(principal) for principal in self._principals))
        started = [asyncio.create_task(account.turn(turn)) for account, turn in self._share_out()]
        self._running.update(started)
        for task in started:
            task.add_done_callback(self._running.discard)
        if started:
            await asyncio.wait(started, timeout=longest_wait)
        await self.publish()
        self._works.board.turned_at = self._works.clock.monotonic()

    def _share_out(self) -> list[tuple[AccountPoller, Turn]]:
        """Give the turns of the accounts that are not still busy, as far as each budget goes."""
        idle = [account for account in self._asked() if not account.is_busy]
        seconds = self._refresh_interval.total_seconds()
        turns: list[tuple[AccountPoller, Turn]] = []
        for budget in self._budgets():
            accounts = {account.account.id: account for account in idle if account.principal.budget is budget}
            candidates = [account.candidate() for account in accounts.values()]
            graphql, rest = (budget.per_turn(api, seconds) for api in ("graphql", "rest"))
            shared = share_out(candidates, graphql, rest)
            turns += [(accounts[account_id], turn) for account_id, turn in shared.items() if any(turn)]
        return turns

    def _budgets(self) -> list[Budget]:
        return list({id(principal.budget): principal.budget for principal in self._principals}.values())

    def _stretched_refresh(self) -> timedelta:
        """Give how long it takes until every account has had its turn."""
        seconds = self._refresh_interval.total_seconds()
        longest = 1
        for budget in self._budgets():
            costs = [one.candidate().cost for one in self._asked() if one.principal.budget is budget]
            longest = max(longest, -(-sum(costs) // budget.fair_share("graphql", seconds)))
        return longest * self._refresh_interval

    def _stretched_discovery(self) -> timedelta:
        """Give how long it takes until the lists of every account have been read."""
        longest = self._works.discovery_interval
        for budget in self._budgets():
            costs = [one.candidate().list_cost for one in self._asked() if one.principal.budget is budget]
            longest = max(longest, timedelta(seconds=PERIOD_SECONDS * sum(costs) / budget.allowance("rest")))
        return longest

    async def publish(self) -> None:
        """Build and hang out the snapshot of the ledger's last commit."""
        self._works.board.snapshot = await self._works.with_ledger(self._build)

    def _build(self) -> Snapshot:
        works = self._works
        publication = choose(works.ledger.publication(works.time.now()), works.ledger.accounts(), works.choices)
        status = self._status(publication.accounts)
        snapshot = self._builder.build(publication, status, works.clock.now(), works.choices.wants_metric)
        self._on_publish(snapshot)
        return snapshot

    async def _list_accounts(self, principal: Principal) -> None:
        now = self._works.clock.monotonic()
        if now < self._list_at.get(principal.name, float("-inf")):
            return
        try:
            listed = [self._named(account) for account in await principal.discovery.accounts(principal.wanted)]
            chosen = self._works.choices.accounts
            accounts = [account for account in listed if chosen.admits(account)]
            await self._works.with_ledger(self._works.ledger.enroll, accounts, chosen.alias)
        except CloudflareError as error:
            self._note_trouble(principal, error.outcome, str(error))
            return
        except CommitError as error:
            self._works.commit_failures += 1
            self._note_trouble(principal, "storage", str(error))
            return
        is_complete = self._take_list(principal, listed, accounts)
        interval = self._works.discovery_interval if is_complete else EARLY_DISCOVERY
        self._list_at[principal.name] = now + interval.total_seconds()

    def _named(self, account: Account) -> Account:
        """Give the account with the name known from before, if the token may not read it."""
        if account.name != account.id:
            return account
        return next((known for known in self._works.ledger.accounts() if known.id == account.id), account)

    def _asked(self) -> list[AccountPoller]:
        """Give the accounts to ask: those that are not left out, and whose token is still there."""
        chosen = self._works.choices.accounts
        return [
            account
            for account in self._accounts.values()
            if account.principal in self._principals and chosen.admits(account.account)
        ]

    def _take_list(self, principal: Principal, listed: Sequence[Account], accounts: Sequence[Account]) -> bool:
        """Begin to ask new ``accounts`` and give up those that are gone; False if one is missing for the first time."""
        principal.analytics.serve_accounts(len(accounts))
        if accounts:
            self._troubles.pop(principal.name, None)
        elif listed:
            detail = f"{principal.name} sees {len(listed)} accounts; accounts.include and accounts.exclude leave none."
            self._note_trouble(principal, "no_account", detail)
        else:
            detail = f"{principal.name} sees no account. Give it 'Account Settings Read', or name the account ids."
            self._note_trouble(principal, "no_account", detail)
        for account in accounts:
            known = self._accounts.get(account.id)
            if known is None:
                self._accounts[account.id] = AccountPoller(account, principal, self._works)
            elif known.principal is principal or known.principal not in self._principals:
                known.principal, known.account = principal, account
        there = {account.id for account in listed}
        missing = [key for key, known in self._accounts.items() if known.principal is principal and key not in there]
        self._absences = {key: count for key, count in self._absences.items() if key not in there}
        for account_id in missing:
            self._absences[account_id] = self._absences.get(account_id, 0) + 1
            if self._absences[account_id] >= ABSENCES:
                log.warning("account %s is no longer listed for %s", account_id, principal.name)
                del self._accounts[account_id], self._absences[account_id]
        return not self._absences

    def _note_trouble(self, principal: Principal, reason: str, detail: str) -> None:
        """Take down that a token's accounts cannot be listed; those that are known go on meanwhile."""
        known = self._troubles.get(principal.name)
        if known is None or known.reason != reason:
            log.warning("%s", detail)
        self._troubles[principal.name] = AccountStatus("", False, reason, detail, principal.name)

    def reconfigure(self, principals: Sequence[Principal], refresh_interval: timedelta) -> None:
        """Go on with other tokens, choices and intervals; everything is listed anew with the next turn.

        An account stays with its token; one whose token is gone is not asked until another token lists it.
        """
        self._splits_before += sum(
            old.analytics.splits.count
            for old in self._principals
            if all(old.analytics is not new.analytics for new in principals)
        )
        for account in self._accounts.values():
            for principal in principals:
                is_its = principal.analytics is account.principal.analytics
                if is_its and (not principal.wanted or account.account.id in principal.wanted):
                    account.principal = principal
            account.begin_anew()
        self._principals = principals
        self._refresh_interval = refresh_interval
        names = {principal.name for principal in principals}
        self._troubles = {name: trouble for name, trouble in self._troubles.items() if name in names}
        self._list_at.clear()

    def _budget_status(self) -> dict[str, tuple[int, int]]:
        budgets = self._budgets()
        return {
            api: (sum(one.allowance(api) for one in budgets), sum(one.remaining(api) for one in budgets))
            for api in QUOTAS
        }

    def _status(self, known: Mapping[str, str]) -> ExporterStatus:
        works = self._works
        asked = self._asked()
        asked_ids = {account.account.id for account in asked}
        gone = [
            AccountStatus(account_id, False, "not_listed", "No token lists this account now.")
            for account_id in known
            if account_id not in asked_ids
        ]
        return ExporterStatus(
            accounts=(*(account.status for account in asked), *gone, *self._troubles.values()),
            datasets=tuple(status for account in asked for status in account.dataset_statuses()),
            lists=tuple(status for account in asked for status in account.list_statuses()),
            api_requests=self._tally.counts(),
            revisions={key: count for key, count in works.revisions.items() if key[0] in known},
            gaps={key: gap for key, gap in works.gaps.items() if key[0] in known},
            sample_intervals={
                key: float(interval) for key, interval in works.sample_intervals.items() if key[0] in known
            },
            page_splits=self._splits_before + sum(each.analytics.splits.count for each in self._principals),
            commit_failures=works.commit_failures,
            storage_bytes=works.ledger.size(),
            refresh_interval=self._stretched_refresh(),
            budgets=self._budget_status(),
            discovery_interval=self._stretched_discovery(),
            clock_offset=works.time.offset(),
            config_is_current=works.config_is_current,
            configured_at=works.configured_at,
        )
