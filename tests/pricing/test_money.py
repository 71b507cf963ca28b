"""Dollars: exact sums and shares, cents as invoices have them, and text without an exponent."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pricing.money import PLACES, add, plain, quantity_text, split, to_cents, to_usd
from tests.pricing.factories import always

AMOUNTS = st.decimals(0, 10**15, places=PLACES)
WEIGHTS = st.lists(st.integers(0, 10**24), min_size=1, max_size=20).filter(any)
QUANTUM = Decimal(1).scaleb(-PLACES)


@always(200)
@given(AMOUNTS, WEIGHTS)
def test_shares_add_up(amount: Decimal, weights: list[int]) -> None:
    """Shares come to the amount exactly; none is negative, and what has no weight has no share."""
    shares = split(amount, weights)
    assert add(shares) == amount
    assert len(shares) == len(weights)
    assert min(shares) >= 0
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)


@always(200)
@given(AMOUNTS, WEIGHTS)
def test_shares_are_in_proportion(amount: Decimal, weights: list[int]) -> None:
    """Each share is its weight's part of the amount, but for one unit of the last place at most."""
    for share, weight in zip(split(amount, weights), weights, strict=True):
        assert abs(Fraction(share) - Fraction(amount) * weight / sum(weights)) <= Fraction(QUANTUM)


def test_shares_of_what_cannot_be_halved() -> None:
    """What is left over goes to one of the shares, and nothing is lost."""
    assert split(Decimal("0.10"), [1, 1, 1]) == [
        Decimal("0.033333333333333"),
        Decimal("0.033333333333333"),
        Decimal("0.033333333333334"),
    ]
    assert split(Decimal(5), [3, 0, 1]) == [Decimal("3.75"), Decimal(0), Decimal("1.25")]
    assert split(Decimal(0), [1, 2]) == [Decimal(0), Decimal(0)]


@pytest.mark.parametrize("weights", [[], [0], [0, 0]])
def test_nothing_to_split_by(weights: list[int]) -> None:
    """Without a weight there is no share to give the amount to."""
    with pytest.raises(ValueError, match="all weights are 0"):
        split(Decimal(1), weights)


CENTS = {
    "0.385": "0.39",
    "759.225": "759.23",
    "253.075": "253.08",
    "124.975": "124.98",
    "0.225": "0.23",
    "0.004999999999999": "0.00",
    "0.005": "0.01",
    "1.994999999999999": "1.99",
    "12.5": "12.50",
    "0": "0.00",
    "123456789012345678901234567890.125": "123456789012345678901234567890.13",
}


@pytest.mark.parametrize("amount", CENTS)
def test_cents_are_halves_up(amount: str) -> None:
    """Half a cent is a cent more, as on invoices; always with two places, however large."""
    assert str(to_cents(Decimal(amount))) == CENTS[amount]


PLAIN = {
    "0": "0.00",
    "0E-15": "0.00",
    "5": "5.00",
    "5.10": "5.10",
    "0.300000000000000": "0.30",
    "1E+3": "1000.00",
    "3E-7": "0.0000003",
    "0.001": "0.001",
    "0.000000000000001": "0.000000000000001",
    "12345678901234567890.000000000000001": "12345678901234567890.000000000000001",
}


@pytest.mark.parametrize("amount", PLAIN)
def test_amounts_as_text(amount: str) -> None:
    """Text has cents at least, no needless zeros and no exponent, and every place that there is."""
    assert plain(Decimal(amount)) == PLAIN[amount]


@always(200)
@given(st.decimals(0, 10**15, places=PLACES))
def test_text_says_the_amount_exactly(amount: Decimal) -> None:
    """Reading the text gives the amount again."""
    text = plain(amount)
    assert Decimal(text) == amount
    assert set(text) <= set("0123456789.")


QUANTITIES = {
    Fraction(0): "0",
    Fraction(80, 30): "2.666666667",
    Fraction(1, 20): "0.05",
    Fraction(1_500_000): "1500000",
    Fraction(1, 10**9): "0.000000001",
    Fraction(1, 10**10): "0",
    Fraction(10**30 + 1): "1000000000000000000000000000001",
}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_quantities_as_text(quantity: Fraction) -> None:
    """A quantity has nine places at most, and no exponent."""
    assert quantity_text(quantity) == QUANTITIES[quantity]


def test_dollars_to_the_last_place() -> None:
    """What goes on for ever is rounded at the fifteenth place, and what is shorter stays as it is."""
    assert to_usd(Fraction(2, 3)) == Decimal("0.666666666666667")
    assert to_usd(Fraction(1, 3)) == Decimal("0.333333333333333")
    assert to_usd(Fraction(3, 10**7)) == Decimal("0.0000003")
    assert to_usd(Fraction(10**20) + Fraction(1, 10**15)) == Decimal("100000000000000000000.000000000000001")


@always(100)
@given(st.lists(st.decimals(0, 10**15, places=PLACES), max_size=20))
def test_sums_are_exact(amounts: list[Decimal]) -> None:
    """A sum is that of the fractions, however far apart the amounts are."""
    assert Fraction(add(amounts)) == sum((Fraction(amount) for amount in amounts), Fraction(0))
