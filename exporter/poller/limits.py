"""The limits of plan and token: read now and then for an account and for each of its zones, and known until then.

Part of the error boundary: what cannot be read keeps the usual limits.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import MOST_ZONES, USUAL_LIMITS, Analytics, CloudflareError, DatasetLimits, find_limits
from exporter.logs import keys
from exporter.model import Account, BookKey, Scope
from exporter.poller.context import PollerContext

log = logging.getLogger(__name__)

LIMITS_LIFE = timedelta(hours=6)
"""How often the limits of plan and token are read, as long as they allow everything."""


class KnownLimits:
    """The limits of one account's datasets and of its zones'. Times are monotonic seconds."""

    def __init__(self, context: PollerContext) -> None:
        self._context = context
        self._known: dict[BookKey, DatasetLimits] = {}
        self._read_at: dict[Scope, float] = {}
        self._due_at: dict[Scope, float] = {}

    @property
    def by_book(self) -> dict[BookKey, DatasetLimits]:
        """The limits that Cloudflare gave."""
        return self._known

    def find(self, key: BookKey) -> DatasetLimits:
        """Return the limits of a dataset; the usual ones until Cloudflare has given others."""
        return find_limits(self._known, key) or USUAL_LIMITS

    def reset(self) -> None:
        """Read everything again when it is next needed."""
        self._due_at.clear()

    def keep(self, scopes: Collection[Scope]) -> None:
        """Forget all scopes but those given."""
        self._known = {key: limits for key, limits in self._known.items() if key.scope in scopes}
        self._due_at = {scope: due for scope, due in self._due_at.items() if scope in scopes}

    def hasten(self, dataset: Dataset, scope: Scope, pause: timedelta) -> None:
        """Read the limits of a scope again ``pause`` after the last time: a question was not as they allow."""
        scope = _whose(dataset, scope)
        read_at = self._read_at.get(scope, float("-inf"))
        self._due_at[scope] = min(self._due_at.get(scope, read_at), read_at + pause.total_seconds())

    def requests(self, scopes: Collection[Scope]) -> int:
        """Return the number of requests that reading what is due takes."""
        due = self._due(scopes)
        of_zones = sum(bool(scope.zone_id) for scope in due)
        return len(due) - of_zones + -(-of_zones // MOST_ZONES)

    async def read_due(
        self, account: Account, analytics: Analytics, datasets: Sequence[Dataset], scopes: Collection[Scope]
    ) -> list[tuple[BookKey, Dataset]]:
        """Read the limits that are due; return the datasets that these plans turn out to lack."""
        due = self._due(scopes)
        interval, now = self._context.settings.discovery_interval, self._context.clock.monotonic()
        for scope in due:
            self._read_at[scope], self._due_at[scope] = now, now + interval.total_seconds()
        found = await self._read(account, analytics, datasets, due) if due else {}
        read = {key.scope for key in found}
        self._known = {key: limits for key, limits in self._known.items() if key.scope not in read} | found
        untold = (
            dataset
            for dataset in datasets
            if any(self.find(BookKey(scope, dataset.key)).confirmed is None for scope in due)
        )
        await analytics.recent_fields.look_up(account, untold)
        tried = frozenset(due)
        lacking = [
            (BookKey(scope, dataset.key), dataset)
            for scope in scopes
            for dataset in datasets
            if bool(scope.zone_id) is dataset.is_of_zones and _whose(dataset, scope) in tried
            if not self.find(BookKey(scope, dataset.key)).is_enabled
        ]
        # A zone's plan is read again as seldom as if it allowed everything: there may be a hundred of them.
        for scope in read - {key.scope for key, _ in lacking if not key.scope.zone_id}:
            self._due_at[scope] = now + LIMITS_LIFE.total_seconds()
        return [(key, dataset) for key, dataset in lacking if _whose(dataset, key.scope) in read]

    def _due(self, scopes: Collection[Scope]) -> list[Scope]:
        now = self._context.clock.monotonic()
        has_zone_nodes = any(dataset.reads.is_zone_node for dataset in self._context.settings.refreshed)
        wanted = [scope for scope in scopes if has_zone_nodes or not scope.zone_id]
        return [scope for scope in wanted if now >= self._due_at.get(scope, float("-inf"))]

    async def _read(
        self, account: Account, analytics: Analytics, datasets: Sequence[Dataset], due: Sequence[Scope]
    ) -> dict[BookKey, DatasetLimits]:
        found: dict[BookKey, DatasetLimits] = {}
        of_account = [dataset for dataset in datasets if not dataset.reads.is_zone_node]
        zones = [scope.zone_id for scope in due if scope.zone_id]
        try:
            if of_account and len(zones) < len(due):
                found |= await analytics.limits(account, of_account)
            if zones:
                of_zones = [dataset for dataset in datasets if dataset.reads.is_zone_node]
                found |= await analytics.zone_limits(account, of_zones, zones)
        except CloudflareError as error:
            log.debug("%s", error, extra=keys(account=account.id))
        return found


def _whose(dataset: Dataset, scope: Scope) -> Scope:
    """Return whose limits hold for a dataset of a scope: the account's, or the zone's whose node is asked."""
    return scope if dataset.reads.is_zone_node else Scope(scope.account_id)
