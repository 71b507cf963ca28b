"""The statuses of one account, its datasets and its lists: since when, why, and one log line per change."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from exporter.cloudflare import CloudflareError
from exporter.logs import keys
from exporter.model import Account, BookKey, Listing, ListingFailure, PublishedKey, Scope
from exporter.status import BEGINNING, AccountStatus, DatasetStatus, ListStatus, SourceStatus

log = logging.getLogger(__name__)

ALL_LISTS = "assets"
"""The kind recorded when none of an account's lists could be read."""

Status = TypeVar("Status", AccountStatus, DatasetStatus, ListStatus, SourceStatus)


def dated(status: Status, known: Status | None, now: datetime) -> Status:
    """Return a status with the time it began: that of ``known`` if state and reason are the same."""
    is_same = known is not None and (known.state, known.reason) == (status.state, status.reason)
    return replace(status, since=known.since if known is not None and is_same else now)


def describe(status: AccountStatus | DatasetStatus | ListStatus | SourceStatus) -> str:
    """Return a status as text: what happened and what to do."""
    return f"{status.detail} {status.remedy}".strip()


class StatusTracker:
    """The statuses of one account; ``now`` returns the time at which a new one begins."""

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        self.account = account
        self.whole = AccountStatus(account.id, False, BEGINNING, "The first refresh is under way.")
        self._now = now
        self._datasets: dict[BookKey, DatasetStatus] = {}
        self._lists: dict[str, ListStatus] = {}
        self._told: dict[PublishedKey, str] = {}

    def datasets(self) -> list[DatasetStatus]:
        """Return one status per dataset and scope: where it is asked in several ways, the one with a problem."""
        worst: dict[PublishedKey, DatasetStatus] = {}
        for status in self._datasets.values():
            known = worst.get(status.key)
            if known is None or known.state == "ok":
                worst[status.key] = status
        return list(worst.values())

    def is_ok(self, key: BookKey) -> bool:
        """Return whether a dataset was answered when it was last asked."""
        status = self._datasets.get(key)
        return status is not None and status.state == "ok"

    def lists(self) -> list[ListStatus]:
        """Return the status of each list that was ever read."""
        return list(self._lists.values())

    def keep(self, datasets: Collection[str], kinds: Collection[str]) -> None:
        """Forget the statuses of all datasets (by key) and kinds but those given."""
        self._datasets = {key: status for key, status in self._datasets.items() if key.dataset in datasets}
        self._lists = {kind: status for kind, status in self._lists.items() if kind in kinds}

    def keep_scopes(self, scopes: Collection[Scope]) -> None:
        """Forget the statuses of the datasets of all scopes but those given."""
        self._datasets = {key: status for key, status in self._datasets.items() if key.scope in scopes}
        self._told = {key: reason for key, reason in self._told.items() if key[0] in scopes}

    def mark_up(self) -> None:
        """Record that Cloudflare answered for the account."""
        self._record_whole(AccountStatus(self.account.id, True))

    def mark_down(self, reason: str, detail: str, remedy: str) -> None:
        """Record why nothing of the account was answered, or nothing could be stored."""
        self._record_whole(AccountStatus(self.account.id, False, reason, detail, remedy=remedy))

    def record_dataset(self, key: BookKey, name: str, error: CloudflareError | None, zone: str = "") -> None:
        """Record whether a dataset was answered; ``log_changes`` logs it. ``zone`` is the zone's name."""
        status = DatasetStatus(key.scope, name, "ok", zone=zone)
        if error is not None:
            state = "unavailable" if error.is_final else "failing"
            said = (state, error.outcome, error.detail, error.remedy)
            status = DatasetStatus(key.scope, name, *said, zone=zone)
        self._datasets[key] = dated(status, self._datasets.get(key), self._now())

    def mark_unavailable(self, key: BookKey, name: str, zone: str = "") -> None:
        """Record and log that the plan of the account, or of a ``zone``, does not have a dataset."""
        of_zone = f"zone {zone} of " if key.scope.zone_id else ""
        status = DatasetStatus(
            key.scope,
            name,
            "unavailable",
            "plan",
            f"{name}: the plan of {of_zone}account {self.account.name} ({self.account.id}) does not include it.",
            f"Move the {'zone' if of_zone else 'account'} to a plan that includes it, or leave the product out with "
            "filters.products.",
            zone=zone,
        )
        self._datasets[key] = dated(status, self._datasets.get(key), self._now())
        self._log_change(status)

    def log_changes(self) -> None:
        """Log each dataset whose reason changed since it was last logged; ``mark_down`` logs the whole account."""
        for status in self.datasets():
            self._log_change(status)

    def _log_change(self, status: DatasetStatus) -> None:
        if status.reason != self._told.get(status.key, ""):
            level = logging.INFO if status.state == "ok" else logging.WARNING
            about = keys(
                account=self.account.id,
                zone=status.scope.zone_id,
                dataset=status.dataset,
                state=status.state,
                reason=status.reason,
            )
            log.log(level, "%s", describe(status) or "Cloudflare answers for the dataset again", extra=about)
            self._told[status.key] = status.reason

    def record_lists(self, listings: Mapping[str, Listing | ListingFailure]) -> None:
        """Record which lists were read and which were not; known assets stay."""
        self._record_lists({kind: self._of_list(kind, found) for kind, found in listings.items()})

    def _of_list(self, kind: str, found: Listing | ListingFailure) -> ListStatus:
        failure = found.failure if isinstance(found, Listing) else found
        if failure is not None:
            state = "unavailable" if failure.final else "failing"
            return ListStatus(self.account.id, kind, state, failure.outcome, failure.reason, failure.remedy)
        flaw = found.flaw if isinstance(found, Listing) else None
        if flaw is None:
            return ListStatus(self.account.id, kind, "ok")
        if flaw.is_hint:
            return ListStatus(self.account.id, kind, "ok", detail=flaw.reason)
        return ListStatus(self.account.id, kind, "incomplete", flaw.outcome, flaw.reason, flaw.remedy)

    def record_failed_lists(self, error: CloudflareError) -> None:
        """Record that no list could be read; the lists' own statuses are kept."""
        status = ListStatus(self.account.id, ALL_LISTS, "failing", error.outcome, error.detail, error.remedy)
        self._record_lists(self._lists | {ALL_LISTS: status})

    def _record_lists(self, statuses: Mapping[str, ListStatus]) -> None:
        now, before = self._now(), self._lists
        self._lists = {kind: dated(status, before.get(kind), now) for kind, status in statuses.items()}
        failed = {kind for kind, status in before.items() if status.state != "ok"}
        for kind, status in self._lists.items():
            if status.state != "ok" and kind not in failed:
                about = keys(account=self.account.id, kind=kind, state=status.state, reason=status.reason)
                log.warning("%s", describe(status), extra=about)
        for kind in sorted(failed):
            current = self._lists.get(kind)
            if current is None or current.state == "ok":
                text = (current and describe(current)) or "the list of assets can be read again"
                log.info("%s", text, extra=keys(account=self.account.id, kind=kind))

    def _record_whole(self, status: AccountStatus) -> None:
        if (status.state, status.reason) != (self.whole.state, self.whole.reason):
            level = logging.INFO if status.is_up else logging.WARNING
            text = f"account {self.account.name} is {status.state}. {describe(status)}"
            about = keys(account=self.account.id, state=status.state, reason=status.reason)
            log.log(level, "%s", text.rstrip(), extra=about)
        self.whole = dated(status, self.whole, self._now())
