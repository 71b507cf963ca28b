"""Attribution: the shares of assets and projects in an invoice line. Pure.

Shares are unrounded and add up exactly: assets to lines, lines to the bill, and projects to both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from exporter.model import Placement
from exporter.pricing.money import ZERO, add, exactly, split
from exporter.pricing.rules import Spread
from exporter.pricing.terms import SubscriptionCost

Key = TypeVar("Key")

SUBSCRIPTION = "subscription"
"""The ``kind`` of cost items that are subscriptions rather than usage."""


Placing = Callable[[str, str], Placement]
"""A function from an asset's kind and id to its placement."""

APART = Placement("unassigned", "")


@dataclass(frozen=True, slots=True)
class CostAmount:
    """Dollars to date, and forecast for the end of the cycle with a lower and an upper bound.

    ``list_price`` is the usage to date at list price, without included quantities and blocks.
    """

    to_date: Decimal = ZERO
    forecast: Decimal = ZERO
    low: Decimal = ZERO
    high: Decimal = ZERO
    list_price: Decimal = ZERO

    def __add__(self, other: "CostAmount") -> "CostAmount":
        return CostAmount(
            add((self.to_date, other.to_date)),
            add((self.forecast, other.forecast)),
            add((self.low, other.low)),
            add((self.high, other.high)),
            add((self.list_price, other.list_price)),
        )


NOTHING = CostAmount()


@dataclass(frozen=True, slots=True)
class CostItem:
    """The share of one asset in one line; a subscription is an item without an asset."""

    project: str
    product: str
    meter: str
    kind: str
    asset: str
    quantity: Fraction
    amount: CostAmount


def sum_amounts(amounts: Iterable[CostAmount]) -> CostAmount:
    """Return the exact sum."""
    those = list(amounts)
    return CostAmount(
        add([each.to_date for each in those]),
        add([each.forecast for each in those]),
        add([each.low for each in those]),
        add([each.high for each in those]),
        add([each.list_price for each in those]),
    )


def sum_by_key(amounts: Iterable[tuple[Key, CostAmount]]) -> dict[Key, CostAmount]:
    """Return the exact sum of each key; for many keys much faster than ``sum_amounts``."""
    sums: dict[Key, CostAmount] = {}
    with exactly():
        for key, amount in amounts:
            known = sums.get(key)
            sums[key] = (
                amount
                if known is None
                else CostAmount(
                    known.to_date + amount.to_date,
                    known.forecast + amount.forecast,
                    known.low + amount.low,
                    known.high + amount.high,
                    known.list_price + amount.list_price,
                )
            )
    return sums


def split_line(
    line: CostItem, assets: Mapping[str, int], projected: Mapping[str, int], place: Placing
) -> list[CostItem]:
    """Split a line over the assets: the cost to date by their usage, the forecast by their projected usage.

    ``line`` is an item with the whole line's dollars; ``assets`` and ``projected`` are by asset id.
    """
    ids = sorted(assets.keys() | projected.keys())
    used = [assets.get(asset, 0) for asset in ids]
    ahead = [projected.get(asset, 0) for asset in ids]
    if not ids or (line.amount == NOTHING and not any(used) and not any(ahead)):
        return []
    amount, total = line.amount, sum(used)
    shares = zip(
        _shares(amount.to_date, used),
        _shares(amount.forecast, ahead),
        _shares(amount.low, ahead),
        _shares(amount.high, ahead),
        _shares(amount.list_price, used),
        strict=True,
    )
    items: dict[Placement, CostItem] = {}
    for asset, weight, share in zip(ids, used, shares, strict=True):
        where = place(line.kind, asset)
        quantity = line.quantity * weight / total if total else Fraction(0)
        known = items.get(where)
        whole = CostAmount(*share) + known.amount if known else CostAmount(*share)
        quantity += known.quantity if known else 0
        items[where] = replace(line, project=where.project, asset=where.asset, quantity=quantity, amount=whole)
    return list(items.values())


def _shares(amount: Decimal, weights: list[int]) -> list[Decimal]:
    if not amount:
        return [ZERO] * len(weights)
    return split(amount, weights if any(weights) else [1] * len(weights))


def subscription_items(
    subscriptions: Iterable[SubscriptionCost], spread: Spread, items: Sequence[CostItem]
) -> list[CostItem]:
    """Return the items of the subscriptions: without a project, or spread over the existing projects."""
    projects = dict.fromkeys(sorted({item.project for item in items}), ZERO)
    for item in items:
        projects[item.project] += item.amount.list_price
    found: list[CostItem] = []
    for each in subscriptions:
        if spread is Spread.APART or not projects:
            found.append(_item_of(each, APART.project, each.usd))
            continue
        weights = [1] * len(projects)
        if spread is Spread.USAGE and any(projects.values()):
            weights = [int(at_list.scaleb(12)) for at_list in projects.values()]
        shares = split(each.usd, weights if any(weights) else [1] * len(projects))
        found += [_item_of(each, project, share) for project, share in zip(projects, shares, strict=True)]
    return found


def _item_of(cost: SubscriptionCost, project: str, share: Decimal) -> CostItem:
    amount = CostAmount(share, share, share, share, share)
    return CostItem(project, cost.product, cost.meter, SUBSCRIPTION, "", Fraction(1), amount)
