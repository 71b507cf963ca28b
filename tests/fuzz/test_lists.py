"""REST lists of assets and of accounts that differ from true ones anywhere."""

import json

from hypothesis import given
from hypothesis import strategies as st

from exporter.catalog import PRODUCTS
from exporter.cloudflare import CloudflareError, Discovery
from exporter.cloudflare.found_items import TURNS
from exporter.config.selection import Selection
from exporter.ledger.discovered import apply_discovery
from exporter.ledger.roster import Entry, RosterKey
from exporter.model import Account, AccountList, Inventory, Listing
from exporter.poller.status_tracker import StatusTracker
from tests.catalog.test_lists import ACCOUNT, LISTS
from tests.clock import START
from tests.cloudflare.conftest import Scene
from tests.fuzz.budget import fuzzed
from tests.fuzz.form import check_form
from tests.fuzz.mutations import Json, answers
from tests.fuzz.scene import answered

LIST_OF_ACCOUNTS: Json = {
    "result": [{"id": ACCOUNT.id, "name": ACCOUNT.name, "type": "standard"}, {"id": "b" * 32, "name": "Other"}],
    "result_info": {"page": 1, "per_page": 50, "count": 2, "total_count": 2},
    "success": True,
    "errors": [],
    "messages": [],
}


def list_of(name: str) -> Json:
    """The documented answer of a product's list, with a second item."""
    document = json.loads(LISTS[name][1])
    items = document["result"]["buckets"] if name == "r2" else document["result"]
    items.append({key: f"{value}2" if isinstance(value, str) else value for key, value in items[0].items()})
    if "total_count" in document.get("result_info", {}):
        document["result_info"] |= {"count": 2, "total_count": 2}
    return document


PAGES = {name: st.lists(answers(list_of(name)), min_size=1, max_size=3) for name in LISTS}


@fuzzed(600)
@given(st.data())
def test_lists_of_assets(data: st.DataObject) -> None:
    """What is read is a discovery that can be applied and shown, or an error that says what to do."""
    product = data.draw(st.sampled_from(PRODUCTS), label="product")
    pages = data.draw(PAGES[product.name], label="pages")

    async def discover(scene: Scene) -> list[Inventory]:
        discovery = Discovery(scene.client, scene.time, [product])
        return [await discovery.assets(ACCOUNT) for _ in range(TURNS)]

    found = answered(pages, discover)
    check_form(found)
    if isinstance(found, CloudflareError):
        return
    roster: dict[RosterKey, Entry] = {}
    statuses = StatusTracker(ACCOUNT, lambda: START)
    for inventory in found:
        for kind, listing in inventory.listings.items():
            assert kind == product.kinds[0].kind
            if isinstance(listing, Listing):
                assert len({asset.id for asset in listing.assets}) == len(listing.assets)
                assert all(asset.id and asset.name for asset in listing.assets)
        roster |= apply_discovery(roster, inventory, lambda kind, asset_id: False, Selection())
        check_form([entry.placement for entry in roster.values()])
        statuses.record_lists(inventory.listings)
        check_form(statuses.lists())


@fuzzed(300)
@given(st.lists(answers(LIST_OF_ACCOUNTS), min_size=1, max_size=3), st.sampled_from([(), (ACCOUNT.id, "c" * 32)]))
def test_lists_of_accounts(pages: list[Json], wanted: tuple[str, ...]) -> None:
    """What is read are accounts with an id and a name, each once, or an error that says what to do."""

    async def accounts(scene: Scene) -> list[AccountList]:
        discovery = Discovery(scene.client, scene.time, PRODUCTS)
        return [await discovery.accounts(wanted) for _ in range(TURNS)]

    found = answered(pages, accounts)
    check_form(found)
    for listed in () if isinstance(found, CloudflareError) else found:
        assert len({account.id for account in listed.accounts}) == len(listed.accounts)
        assert all(account.id and account.name for account in listed.accounts)
        assert not wanted or tuple(account.id for account in listed.accounts) == wanted
        assert all(isinstance(account, Account) for account in listed.accounts)
