"""The published costs. Part of the error boundary: where costs cannot be computed, the previous ones stay."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from exporter.billing import BillingFacts
from exporter.costs.calculator import CostCalculator
from exporter.ledger import Ledger, StorageError, shown_until
from exporter.logs import keys
from exporter.pricing import AccountCosts, BilledAccount, BudgetCost, RateCard, budget_costs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Costs:
    """The published costs: costs by account id, budgets, billing facts by account id, and the rate card."""

    accounts: Mapping[str, AccountCosts] = field(default_factory=dict)
    budgets: Sequence[BudgetCost] = ()
    facts: Mapping[str, BillingFacts] = field(default_factory=dict)
    card: RateCard = field(default_factory=lambda: RateCard(date.min, {}))


class CostSource(Protocol):
    """What the poller asks, once a refresh, for the money beside the usage."""

    def compute(self, labels: Mapping[str, str], latest: datetime) -> Costs:
        """Return the costs of accounts, by id and label, with no time after the ``latest``."""
        ...


class CurrentCosts:
    """The costs of the published accounts, computed once per refresh."""

    def __init__(self, ledger: Ledger, calculator: CostCalculator) -> None:
        self._ledger = ledger
        self._calculator = calculator
        self._known: dict[str, AccountCosts] = {}

    def compute(self, labels: Mapping[str, str], latest: datetime) -> Costs:
        """Return the costs of the accounts, given with their labels by id, that have any counted usage.

        What was asked until later than ``latest`` was asked at a false time, and has its costs until then.
        """
        found = {key: self._of_account(BilledAccount(key, label), latest) for key, label in labels.items()}
        self._known = {key: costs for key, costs in found.items() if costs is not None}
        budgets = budget_costs(self._calculator.rules.budgets, list(self._known.values()))
        facts = {key: self._calculator.facts(key) for key in self._known}
        return Costs(self._known, budgets, facts, self._calculator.card)

    def _of_account(self, account: BilledAccount, latest: datetime) -> AccountCosts | None:
        until = self._ledger.until(account.id)
        if until is None:
            return None
        shown = shown_until(until, latest)
        try:
            return self._calculator.compute(self._ledger, account, self._ledger.roster(account.id), shown)
        except StorageError as error:
            # A ledger that cannot be read cannot be written either, and that is reported already.
            log.debug("%s", error, extra=keys(account=account.id))
        except Exception:
            log.exception("computing the costs failed; the previous ones stay", extra=keys(account=account.id))
        return self._known.get(account.id)
