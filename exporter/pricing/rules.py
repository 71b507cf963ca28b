"""The user's settings on costs, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from exporter.pricing.overrides import Override

AUTO = "auto"
"""The plan, or the days of a GB-month, are detected."""

PAID_PLAN = "workers_paid"
FREE_PLAN = "workers_free"


class Spread(StrEnum):
    """Allocation of subscriptions: to no project, to the projects by usage at list price, or in equal parts."""

    APART = "apart"
    USAGE = "usage"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Budget:
    """Dollars per billing cycle for everything that matches the given account, project and product."""

    name: str
    amount: Decimal
    account: str = ""
    project: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class AccountRule:
    """Settings of one account, by id or label; None: as for all."""

    plan: str | None = None
    cycle_day: int | None = None


@dataclass(frozen=True, slots=True)
class CostRules:
    """All of the user's settings on costs.

    ``storage_month_days`` is a number, ``cycle`` or ``auto``; ``cycle_day`` is used if the account's subscriptions do
    not show the day.
    """

    plan: str = AUTO
    cycle_day: int | None = None
    storage_month_days: str = AUTO
    is_proportional: bool = False
    pools_days: bool = True
    spread: Spread = Spread.APART
    shows_assets: bool = True
    overrides: tuple[Override, ...] = ()
    budgets: tuple[Budget, ...] = ()
    accounts: Mapping[str, AccountRule] = field(default_factory=dict)
