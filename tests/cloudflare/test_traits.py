"""Traits of an item: its numbers, states and words, whatever else the list says."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exporter.catalog.trait import Detail, Figure, FigurePart, State
from exporter.cloudflare.traits import read_traits
from exporter.model import Traits
from tests.cloudflare.test_lists_of_parents import QUEUE

KIND = replace(
    QUEUE,
    figures=(
        Figure(
            "cloudflare_queue_endpoints",
            "Producers and consumers.",
            (FigurePart("producers_total_count", "producer"), FigurePart("consumers_total_count", "consumer")),
            split="role",
        ),
    ),
    states=(State("cloudflare_queue_delivery", "Delivery.", "settings.delivery_paused", ("true", "false")),),
    details=(Detail("jurisdiction", "jurisdiction"),),
)
ALL = {
    "producers_total_count": 2,
    "consumers_total_count": Decimal("1.5"),
    "settings": {"delivery_paused": False},
    "jurisdiction": "eu",
}


def test_an_item_has_what_the_catalog_names() -> None:
    """Numbers are kept in millionths, a boolean is a word, and a path leads into the item."""
    assert read_traits(KIND, ALL) == Traits(((2_000_000, 1_500_000),), ("false",), ("eu",))


@pytest.mark.parametrize(
    ("item", "traits"),
    [
        ({}, Traits(((None, None),), ("unknown",), ("",))),
        ({**ALL, "producers_total_count": True}, Traits(((None, 1_500_000),), ("false",), ("eu",))),
        ({**ALL, "producers_total_count": Decimal("1e999999999")}, Traits(((None, 1_500_000),), ("false",), ("eu",))),
        ({**ALL, "producers_total_count": 2**64}, Traits(((None, 1_500_000),), ("false",), ("eu",))),
        ({**ALL, "producers_total_count": "2"}, Traits(((None, 1_500_000),), ("false",), ("eu",))),
        ({**ALL, "producers_total_count": Decimal("0.0000005")}, Traits(((0, 1_500_000),), ("false",), ("eu",))),
        ({**ALL, "settings": None}, Traits(((2_000_000, 1_500_000),), ("unknown",), ("eu",))),
        ({**ALL, "settings": {"delivery_paused": "soon"}}, Traits(((2_000_000, 1_500_000),), ("unknown",), ("eu",))),
        ({**ALL, "jurisdiction": ["eu"]}, Traits(((2_000_000, 1_500_000),), ("false",), ("",))),
    ],
)
def test_what_is_missing_or_odd_costs_only_itself(item: dict[str, Any], traits: Traits) -> None:
    """A state that the catalog does not know is unknown, never one of those that it does."""
    assert read_traits(KIND, item) == traits


@pytest.mark.parametrize(
    ("number", "unit", "millionths"),
    [(1500, "0.001", 1_500_000), (2, "60", 120_000_000), (Decimal("0.0025"), "0.001", 2), (10**19, "1", 10**25)],
)
def test_a_number_is_turned_into_the_unit_of_its_metric(number: int | Decimal, unit: str, millionths: int) -> None:
    """Exactly to the millionth; half of one goes to the even."""
    figure = Figure("cloudflare_queue_wait_seconds", "Wait.", (FigurePart("wait"),), unit=Decimal(unit))
    assert read_traits(replace(QUEUE, figures=(figure,)), {"wait": number}) == Traits(figures=((millionths,),))
