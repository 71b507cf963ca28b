"""What Cloudflare says of an account's billing: subscriptions, the day its cycles begin, and what it billed. Values.

subscription  something that is paid for each period, whatever is used
tariff        the list price of the smallest unit of a meter
billed day    what Cloudflare's own bill says of one line on one day
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

USD = 10**24
"""A dollar, in the unit in which list cost is kept: what a byte costs in an hour is no whole number of anything larger.
"""


class Tariff(NamedTuple):
    """The meter that is billed, and the price of its smallest unit in parts of a ``USD``; of stored bytes, an hour."""

    meter: str
    price: int


PAYING_STATES = frozenset({"Trial", "Provisioned", "Paid", "AwaitingPayment"})
"""Of the states of a subscription, those in which it is charged."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as ``GET /accounts/{id}/subscriptions`` lists it; ``price`` is for each ``frequency``."""

    id: str
    name: str
    price: Decimal
    currency: str = "USD"
    frequency: str = "monthly"
    state: str = "Paid"
    period_start: datetime | None = None

    @property
    def is_charged(self) -> bool:
        """Return whether it is paid for."""
        return self.state in PAYING_STATES


@dataclass(frozen=True, slots=True)
class BilledDay:
    """What Cloudflare's billable usage says of one line (``service``, as printed) on one day.

    ``cost`` is None where the answer has none; ``consumed`` is in the line's unit.
    """

    service: str
    day: date
    cost: Decimal | None
    consumed: Decimal | None


@dataclass(frozen=True, slots=True)
class BillingFacts:
    """What is known of an account's billing.

    ``subscriptions`` is None as long as they could not be read, and ``is_forbidden`` says that the token may not.
    ``anchor_day`` is the day of the month on which a cycle begins. ``billed_path`` is the path that gave ``billed``,
    empty if the account offers none, and ``billed_state`` is ``available``, ``absent``, ``forbidden`` or ``unknown``.
    """

    fetched_at: Annotated[datetime | None, Field(alias="heard")] = None
    """Stored as ``heard``, as in every ledger that there is."""
    subscriptions: tuple[Subscription, ...] | None = None
    is_forbidden: bool = False
    anchor_day: int | None = None
    billed_state: str = "unknown"
    billed_path: str = ""
    billed: tuple[BilledDay, ...] = ()


NO_BILLING_FACTS = BillingFacts()

_FACTS = TypeAdapter(BillingFacts)


def facts_to_text(facts: BillingFacts) -> str:
    """Return facts as text, to be put down."""
    return _FACTS.dump_json(facts, by_alias=True).decode()


def facts_from_text(text: str) -> BillingFacts:
    """Read what ``facts_to_text`` gave; what cannot be read, as that of another release, counts as no facts."""
    try:
        return _FACTS.validate_json(text)
    except ValidationError:
        return NO_BILLING_FACTS
