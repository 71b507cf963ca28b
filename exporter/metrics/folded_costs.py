"""The costs as metrics show them: those of folded assets are one amount, like their usage. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from exporter.costs.current import Costs
from exporter.ledger import Entry, Publication
from exporter.model import OTHER
from exporter.pricing import CostItem

_Place = tuple[str, str, str]
"""Kind, project and name of an asset."""


def fold_costs(costs: Costs, publication: Publication) -> Costs:
    """Return the costs with those of folded assets under the name ``other``."""
    folded = {account_id: _find_folded(publication.assets.get(account_id, ())) for account_id in costs.accounts}
    if not any(folded.values()):
        return costs
    accounts = {
        account_id: replace(each, items=tuple(_fold(item, folded[account_id]) for item in each.items))
        for account_id, each in costs.accounts.items()
    }
    return replace(costs, accounts=accounts)


def _find_folded(roster: Iterable[Entry]) -> frozenset[_Place]:
    """Return the folded assets by name, without those whose name another has that is not folded."""
    folded, own = set(), set()
    for entry in roster:
        place = (entry.asset.kind, entry.project, entry.label)
        if entry.is_folded:
            folded.add(place)
        elif entry.is_published:
            own.add(place)
    return frozenset(folded - own)


def _fold(item: CostItem, folded: frozenset[_Place]) -> CostItem:
    return replace(item, asset=OTHER) if (item.kind, item.project, item.asset) in folded else item
