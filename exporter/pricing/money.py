"""Dollars: exact amounts as Decimal, cents as invoices print them. Nothing here is ever a float."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

from exporter.billing import USD

PLACES = 15
"""Exact amounts have so many decimal places: what a single row read costs has nine."""

LAST_PLACE = USD // 10**PLACES
"""The last decimal place of an exact amount, in the units in which the ledger keeps dollars."""

ZERO = Decimal(0)

_CENT = Decimal("0.01")
_DIGITS = 60
_QUANTA = 10**PLACES


def to_usd(amount: Fraction) -> Decimal:
    """Return an amount to the last place."""
    return _decimal(round(amount * _QUANTA))


def to_cents(amount: Decimal) -> Decimal:
    """Return an amount as an invoice prints it: whole cents, halves up."""
    with localcontext(prec=_DIGITS):
        return amount.quantize(_CENT, ROUND_HALF_UP)


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Return shares in proportion to weights that add up to the amount exactly. Raises ValueError if all weights are 0.

    Each share is off by one unit of the last place at most.
    """
    total = sum(weights)
    if total <= 0:
        raise ValueError("nothing to split by")
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
    """Return a context in which sums of dollars are exact."""
    return localcontext(prec=_DIGITS)


def add(amounts: Sequence[Decimal]) -> Decimal:
    """Return the exact sum."""
    with localcontext(prec=_DIGITS):
        return sum(amounts, ZERO)


def plain(amount: Decimal) -> str:
    """Return an amount as text without an exponent and needless zeros, but with cents."""
    whole, _, rest = f"{amount:f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"


def quantity_text(quantity: Fraction) -> str:
    """Return a quantity as text, with nine decimal places at most."""
    with localcontext(prec=_DIGITS):
        rounded = Decimal(round(quantity * 10**9)).scaleb(-9).normalize()
    return f"{rounded:f}"


def _decimal(quanta: int) -> Decimal:
    with localcontext(prec=_DIGITS):
        return Decimal(quanta).scaleb(-PLACES)
