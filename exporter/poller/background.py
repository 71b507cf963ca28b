"""Background questions: which accounts may now ask about closed days and about billing."""

from collections.abc import Sequence

from exporter.cloudflare import RequestBudget
from exporter.cloudflare.budget import PERIOD_SECONDS
from exporter.poller.account import AccountPoller
from exporter.poller.schedule import Reserve

API = "graphql"

BILLING_REQUESTS = 5
"""The most REST requests that reading an account's billing takes."""


_Pool = tuple[RequestBudget, str]


class Background:
    """The allocator of background questions: they get what refreshes leave of each budget, and a small reserve."""

    def __init__(self) -> None:
        self._reserves: dict[_Pool, Reserve] = {}
        self._kept: dict[_Pool, int] = {}

    def reserve(self, budget: RequestBudget, pool: str, accounts: Sequence[AccountPoller], seconds: float) -> int:
        """Return the number of the coming refresh's requests reserved for the background: 0 if nothing is due."""
        kept = 0
        if any(account.pool == pool for account in _due(budget, accounts)):
            reserve = self._reserve(budget, pool)
            reserve.save(budget.allowance(API) * min(seconds / PERIOD_SECONDS, 1.0))
            kept = reserve.saved
        self._kept[budget, pool] = kept
        return kept

    def allocate(
        self, budget: RequestBudget, accounts: Sequence[AccountPoller], seconds: float
    ) -> list[tuple[AccountPoller, int]]:
        """Return the accounts that may ask about closed days after a refresh of ``seconds``, longest-waiting first.

        Each comes with its quota of documents. All pools together get no more than one would have: closed days of many
        accounts would otherwise keep the machine from what is fresh.
        """
        due = sorted(_due(budget, accounts), key=lambda account: account.days.asked_at)
        pools: dict[str, list[AccountPoller]] = {account.pool: [] for account in _of(budget, accounts)}
        for account in due:
            pools[account.pool].append(account)
        shares = [share for pool, those in pools.items() for share in self._of_pool(budget, pool, those, seconds)]
        if len(pools) == 1:
            return shares
        most = budget.fair_share(API, seconds)
        first = sorted(shares, key=lambda share: share[0].days.asked_at)[:most]
        return [(account, min(documents, max(most // len(first), 1))) for account, documents in first]

    def _of_pool(
        self, budget: RequestBudget, pool: str, due: Sequence[AccountPoller], seconds: float
    ) -> list[tuple[AccountPoller, int]]:
        reserve, spare = self._reserve(budget, pool), budget.spare(API, seconds, pool)
        documents = min(max(spare, reserve.saved), budget.remaining(API, pool))
        left_over = max(spare - self._kept.get((budget, pool), 0), 0)
        reserve.use(max(documents - left_over, 0) if due else 0)
        if not due or not documents:
            return []
        each = max(documents // len(due), 1)
        return [(account, each) for account in due[:documents]]

    def allocate_billing(
        self, budget: RequestBudget, accounts: Sequence[AccountPoller], seconds: float
    ) -> list[AccountPoller]:
        """Return the accounts that may read their billing with the requests that a refresh of ``seconds`` left."""
        due = [account for account in _of(budget, accounts) if account.billing.is_due]
        return due[: budget.spare("rest", seconds) // BILLING_REQUESTS]

    def _reserve(self, budget: RequestBudget, pool: str) -> Reserve:
        return self._reserves.setdefault((budget, pool), Reserve())


def _due(budget: RequestBudget, accounts: Sequence[AccountPoller]) -> list[AccountPoller]:
    return [account for account in _of(budget, accounts) if account.days.is_due]


def _of(budget: RequestBudget, accounts: Sequence[AccountPoller]) -> list[AccountPoller]:
    return [account for account in accounts if account.principal.budget is budget and account.statuses.whole.is_up]
