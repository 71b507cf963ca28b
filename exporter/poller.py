"""The loops: list the accounts, let each have its turn, publish. With ``account_poller`` the only error boundary."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from exporter.account_poller import EARLY_DISCOVERY, AccountPoller, Principal, Works
from exporter.cloudflare import CloudflareError, RequestTally
from exporter.ledger import CommitError
from exporter.model import Account, AccountStatus, ExporterStatus, Snapshot
from exporter.snapshot import SnapshotBuilder

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

    async def run(self) -> None:
        """Turn until cancelled."""
        clock, interval = self._works.clock, self._refresh_interval.total_seconds()
        while True:
            started = clock.monotonic()
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
        started = [asyncio.create_task(account.turn()) for account in self._accounts.values() if not account.is_busy]
        self._running.update(started)
        for task in started:
            task.add_done_callback(self._running.discard)
        if started:
            await asyncio.wait(started, timeout=longest_wait)
        await self.publish()
        self._works.board.turned_at = self._works.clock.monotonic()

    async def publish(self) -> None:
        """Build and hang out the snapshot of the ledger's last commit."""
        self._works.board.snapshot = await self._works.with_ledger(self._build)

    def _build(self) -> Snapshot:
        publication = self._works.ledger.publication()
        snapshot = self._builder.build(publication, self._status(publication.accounts), self._works.clock.now())
        self._on_publish(snapshot)
        return snapshot

    async def _list_accounts(self, principal: Principal) -> None:
        now = self._works.clock.monotonic()
        if now < self._list_at.get(principal.name, float("-inf")):
            return
        try:
            accounts = await principal.discovery.accounts(principal.wanted)
            await self._works.with_ledger(self._works.ledger.enroll, accounts)
        except CloudflareError as error:
            self._note_trouble(principal, error.outcome, str(error))
            return
        except CommitError as error:
            self._works.commit_failures += 1
            self._note_trouble(principal, "storage", str(error))
            return
        is_complete = self._take_list(principal, accounts)
        interval = self._works.discovery_interval if is_complete else EARLY_DISCOVERY
        self._list_at[principal.name] = now + interval.total_seconds()

    def _take_list(self, principal: Principal, accounts: Sequence[Account]) -> bool:
        """Begin to ask new accounts and give up those that are gone; False if one is missing for the first time."""
        if accounts:
            self._troubles.pop(principal.name, None)
        else:
            detail = f"{principal.name} sees no account. Give it 'Account Settings Read', or name the account ids."
            self._note_trouble(principal, "no_account", detail)
        for account in accounts:
            known = self._accounts.get(account.id)
            if known is None:
                self._accounts[account.id] = AccountPoller(account, principal, self._works)
            elif known.principal is principal:
                known.account = account
        listed = {account.id for account in accounts}
        missing = [key for key, known in self._accounts.items() if known.principal is principal and key not in listed]
        self._absences = {key: count for key, count in self._absences.items() if key not in listed}
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

    def _status(self, known: Mapping[str, str]) -> ExporterStatus:
        works = self._works
        gone = [
            AccountStatus(account_id, False, "not_listed", "No token lists this account now.")
            for account_id in known
            if account_id not in self._accounts
        ]
        return ExporterStatus(
            accounts=(*(account.status for account in self._accounts.values()), *gone, *self._troubles.values()),
            datasets=tuple(status for account in self._accounts.values() for status in account.datasets.values()),
            api_requests=self._tally.counts(),
            revisions=dict(works.revisions),
            gaps=dict(works.gaps),
            page_splits=sum(principal.analytics.splits.count for principal in self._principals),
            commit_failures=works.commit_failures,
            storage_bytes=works.ledger.size(),
            refresh_interval=self._refresh_interval,
            discovery_interval=works.discovery_interval,
            clock_offset=works.time.offset(),
        )
