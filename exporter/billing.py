"""An account's billing facts: subscriptions, the day its billing cycles begin, and Cloudflare's bill. Values.

subscription  a service that is paid per period, regardless of usage
tariff        the list price of the smallest unit of a meter
billed day    one line of Cloudflare's bill on one day
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

USD = 10**24
"""One dollar in the unit of list costs, which is small enough for the price of a byte-hour to be an integer."""


class Tariff(NamedTuple):
    """A meter, and the price of its smallest unit in parts of a ``USD``; for stored bytes, the price per hour."""

    meter: str
    price: int


PAYING_STATES = frozenset({"trial", "provisioned", "paid", "awaitingpayment"})
"""The states of a subscription in which it is charged, in lower case."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as in ``GET /accounts/{id}/subscriptions``.

    ``price`` is per ``frequency``, None if it is not told. ``plan_id`` is the id of its rate plan. The current period
    ends where the next one starts.
    """

    id: str
    name: str
    price: Decimal | None
    currency: str = "USD"
    frequency: str = "monthly"
    state: str = "Paid"
    period_start: datetime | None = None
    period_end: datetime | None = None
    plan_id: str = ""

    @property
    def is_charged(self) -> bool:
        """Return whether the subscription is charged."""
        return self.state.lower() in PAYING_STATES


@dataclass(frozen=True, slots=True)
class BilledDay:
    """Cloudflare's billable usage of one line (``service``, as printed) on one day.

    ``cost`` is None if the answer has none; ``consumed`` is in the line's unit.
    """

    service: str
    day: date
    cost: Decimal | None
    consumed: Decimal | None


@dataclass(frozen=True, slots=True)
class BillingFacts:
    """The known facts of an account's billing.

    ``subscriptions`` is None until they have been read; ``is_forbidden`` if the token may not read them.
    ``anchor_day`` is the day of the month on which a cycle begins. ``billed_path`` is the path that returned
    ``billed``, empty if there is none; ``billed_state`` is ``available``, ``absent``, ``forbidden`` or ``unknown``.
    ``unread_subscriptions`` and ``unread_rows`` (of the bill) are the numbers of items that could not be read.
    """

    fetched_at: Annotated[datetime | None, Field(alias="heard")] = None
    """Stored as ``heard``, as in every existing ledger."""
    subscriptions: tuple[Subscription, ...] | None = None
    is_forbidden: bool = False
    anchor_day: int | None = None
    billed_state: str = "unknown"
    billed_path: str = ""
    billed: tuple[BilledDay, ...] = ()
    unread_subscriptions: int = 0
    unread_rows: int = 0


NO_BILLING_FACTS = BillingFacts()

_FACTS = TypeAdapter(BillingFacts)


def facts_to_text(facts: BillingFacts) -> str:
    """Return facts as text for storage."""
    return _FACTS.dump_json(facts, by_alias=True).decode()


def facts_from_text(text: str) -> BillingFacts:
    """Return the facts in a text of ``facts_to_text``; an unreadable text, as of another release, gives no facts."""
    try:
        return _FACTS.validate_json(text)
    except ValidationError:
        return NO_BILLING_FACTS
