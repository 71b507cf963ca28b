"""What is asked in the background: which account may ask about closed days, and about its billing, now."""

from collections.abc import Sequence

from exporter.cloudflare import RequestBudget
from exporter.cloudflare.budget import PERIOD_SECONDS
from exporter.poller.account import AccountPoller
from exporter.poller.schedule import Reserve

API = "graphql"

BILLING_REQUESTS = 5
"""Asking how an account is billed takes so many REST requests at most."""


class Background:
    """Allocates what refreshes leave of each budget, and a small reserve, to background questions."""

    def __init__(self) -> None:
        self._reserves: dict[RequestBudget, Reserve] = {}
        self._kept: dict[RequestBudget, int] = {}

    def reserve(self, budget: RequestBudget, accounts: Sequence[AccountPoller], seconds: float) -> int:
        """Return how many requests of the coming refresh are reserved for the background: none if nothing is due."""
        kept = 0
        if _due(budget, accounts):
            reserve = self._reserve(budget)
            reserve.save(budget.allowance(API) * min(seconds / PERIOD_SECONDS, 1.0))
            kept = reserve.saved
        self._kept[budget] = kept
        return kept

    def allocate(
        self, budget: RequestBudget, accounts: Sequence[AccountPoller], seconds: float
    ) -> list[tuple[AccountPoller, int]]:
        """Return who may ask after a refresh of ``seconds``, and in how many documents: longest-waiting first."""
        due = sorted(_due(budget, accounts), key=lambda account: account.days.asked_at)
        reserve, spare = self._reserve(budget), budget.spare(API, seconds)
        documents = min(max(spare, reserve.saved), budget.remaining(API))
        left_over = max(spare - self._kept.get(budget, 0), 0)
        reserve.use(max(documents - left_over, 0) if due else 0)
        if not due or not documents:
            return []
        each = max(documents // len(due), 1)
        return [(account, each) for account in due[:documents]]

    def allocate_billing(
        self, budget: RequestBudget, accounts: Sequence[AccountPoller], seconds: float
    ) -> list[AccountPoller]:
        """Return the accounts that may ask how they are billed, from what a refresh of ``seconds`` left."""
        due = [account for account in _of(budget, accounts) if account.billing.is_due]
        return due[: budget.spare("rest", seconds) // BILLING_REQUESTS]

    def _reserve(self, budget: RequestBudget) -> Reserve:
        return self._reserves.setdefault(budget, Reserve())


def _due(budget: RequestBudget, accounts: Sequence[AccountPoller]) -> list[AccountPoller]:
    return [account for account in _of(budget, accounts) if account.days.is_due]


def _of(budget: RequestBudget, accounts: Sequence[AccountPoller]) -> list[AccountPoller]:
    return [account for account in accounts if account.principal.budget is budget and account.statuses.whole.is_up]
