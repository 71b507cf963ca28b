"""Dollars: exact amounts as Decimal, and cents as printed on invoices. Never floats."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

from exporter.billing import USD

PLACES = 15
"""The number of decimal places of exact amounts; the price of a single row read has nine."""

LAST_PLACE = USD // 10**PLACES
"""The last decimal place of an exact amount, in the ledger's unit of dollars."""

ZERO = Decimal(0)

_CENT = Decimal("0.01")
MOST_DIGITS = 24
"""The digits, before and after the point, that a number of the user's may have: a price, a budget, a quantity."""

_DIGITS = 120
"""More than the product of the largest price, quantity and number of units, with all places."""

_QUANTA = 10**PLACES


def to_usd(amount: Fraction) -> Decimal:
    """Return an amount in dollars, rounded to the last place."""
    return _decimal(round(amount * _QUANTA))


def to_cents(amount: Decimal) -> Decimal:
    """Return an amount as printed on invoices: whole cents, halves rounded up."""
    with localcontext(prec=_DIGITS):
        return amount.quantize(_CENT, ROUND_HALF_UP)


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Return shares of an amount in proportion to weights; they add up exactly. Raises ValueError if all weights are 0.

    Each share is off by at most one unit of the last place.
    """
    total = sum(weights)
    if total <= 0:
        raise ValueError("all weights are 0")
    with localcontext(prec=_DIGITS):
        quanta = int(amount.scaleb(PLACES))
    shares: list[Decimal] = []
    weighed = given = 0
    for weight in weights:
        weighed += weight
        reached = quanta * weighed // total
        shares.append(_decimal(reached - given))
        given = reached
    return shares


def exactly() -> AbstractContextManager[Context]:
    """Return a decimal context in which sums of dollars are exact."""
    return localcontext(prec=_DIGITS)


def add(amounts: Sequence[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    with localcontext(prec=_DIGITS):
        return sum(amounts, ZERO)


def plain(amount: Decimal) -> str:
    """Return an amount as text without an exponent or trailing zeros, but at least with cents."""
    whole, _, rest = f"{amount:f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"


def quantity_text(quantity: Fraction) -> str:
    """Return a quantity as text with at most nine decimal places."""
    with localcontext(prec=_DIGITS):
        rounded = Decimal(round(quantity * 10**9)).scaleb(-9).normalize()
    return f"{rounded:f}"


def _decimal(quanta: int) -> Decimal:
    with localcontext(prec=_DIGITS):
        return Decimal(quanta).scaleb(-PLACES)
