"""The part of a publication that the user's selection includes. Pure; the ledger itself keeps everything."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.config.selection import Selection
from exporter.ledger.publication import Publication
from exporter.model import Account


def select(
    publication: Publication,
    accounts: Iterable[Account],
    selection: Selection,
    products: Sequence[Product] = PRODUCTS,
) -> Publication:
    """Return a publication without what the selection leaves out of ``products``. ``accounts`` have real names."""
    wanted = {account.id for account in accounts if selection.accounts.admits(account)}
    datasets = {dataset.key for dataset in selection.datasets(products)}
    kinds = selection.kinds(products)
    return replace(
        publication,
        accounts={account: label for account, label in publication.accounts.items() if account in wanted},
        books=tuple(book for book in publication.books if book.account_id in wanted and book.dataset.key in datasets),
        list_costs=tuple(book for book in publication.list_costs if book.account_id in wanted),
        assets={
            account: tuple(entry for entry in roster if entry.asset.kind in kinds and not entry.is_filtered)
            for account, roster in publication.assets.items()
            if account in wanted
        },
        gaps={
            key: gap
            for key, gap in publication.gaps.items()
            if key.scope.account_id in wanted and key.dataset in datasets
        },
    )
