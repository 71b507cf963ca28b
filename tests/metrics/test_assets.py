"""What there is, as metrics: info series with the labels of the usage, counts, and moments of each asset."""

from datetime import UTC, datetime

from exporter.catalog import KINDS
from exporter.ledger import Entry, Publication, RosterKey, Standing
from exporter.metrics.assets import asset_families
from exporter.metrics.family import Family
from exporter.model import Asset

ACCOUNT_ID = "a" * 32
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
MAY = datetime(2022, 5, 5, 5, 15, 11, 500_000, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, 12, tzinfo=UTC)

SHOP = Entry(Asset("worker", "w1", "shop-web", MAY, JUNE), Standing.LISTED, NOON, project="shop")
YOUNGER = Entry(Asset("worker", "w2" * 16, "shop-web"), Standing.LISTED, NOON, project="shop", suffixed=True)
ORDERS = Entry(Asset("d1_database", "d1", "orders", JUNE), Standing.ABSENT, NOON, absences=1, project="unassigned")
UNNAMED = (
    Entry(Asset("worker", "w3", "gone"), Standing.UNLISTED, NOON, absences=2, project="shop"),
    Entry(Asset("worker", "w4", ""), Standing.STRANGER, NOON),
    Entry(Asset("worker", "name:shop-web", "shop-web", MAY), Standing.LISTED, NOON, project="shop"),
)


def families(*entries: Entry, used: dict[RosterKey, datetime] | None = None) -> dict[str, Family]:
    """The families about the assets of one account, by name."""
    publication = Publication(1, {ACCOUNT_ID: "Example"}, (), {ACCOUNT_ID: entries}, {ACCOUNT_ID: used or {}})
    return {family.name: family for family in asset_families(publication, KINDS.values())}


def values(family: Family) -> dict[str, int | float]:
    """The samples of a family by their labels' text."""
    return {sample.labels.text: sample.amount for sample in family.samples}


def test_an_asset_has_the_labels_of_its_usage() -> None:
    """Each kind has an info metric that joins with its usage, and the id tells namesakes apart."""
    made = families(SHOP, YOUNGER, ORDERS)
    assert values(made["cloudflare_worker_info"]) == {
        '{account="Example",project="shop",script_name="shop-web",asset_id="w1"}': 1,
        f'{{account="Example",project="shop",script_name="shop-web (w2w2w2w2)",asset_id="{"w2" * 16}"}}': 1,
    }
    assert values(made["cloudflare_d1_database_info"]) == {
        '{account="Example",project="unassigned",database="orders",asset_id="d1"}': 1
    }
    assert {name for name, family in made.items() if family.kind == "info"} == {
        *(kind.info for kind in KINDS.values()),
        "cloudflare_asset_info",
    }


def test_all_assets_are_in_one_list_and_counted() -> None:
    """Whatever its kind, an asset is there by account, project, kind, name and id."""
    made = families(SHOP, YOUNGER, ORDERS)
    assert list(values(made["cloudflare_asset_info"])) == [
        '{account="Example",project="shop",kind="worker",asset="shop-web",asset_id="w1"}',
        f'{{account="Example",project="shop",kind="worker",asset="shop-web (w2w2w2w2)",asset_id="{"w2" * 16}"}}',
        '{account="Example",project="unassigned",kind="d1_database",asset="orders",asset_id="d1"}',
    ]
    assert values(made["cloudflare_assets"]) == {
        '{account="Example",kind="worker"}': 2,
        '{account="Example",kind="d1_database"}': 1,
    }


def test_only_listed_assets_are_described() -> None:
    """What no list has, waits for one, or is a name without an id, is no asset that could be described."""
    made = families(*UNNAMED, used={("worker", "w3"): NOON, ("worker", "w4"): NOON})
    assert [name for name, family in made.items() if family.samples] == []


def test_an_asset_tells_when_it_was_made_changed_and_used() -> None:
    """Moments are seconds since 1970, as far as the list gives them; last use is the start of an hour with usage."""
    made = families(SHOP, YOUNGER, ORDERS, used={("worker", "w1"): NOON, ("d1_database", "w1"): MAY})
    shop = '{account="Example",project="shop",kind="worker",asset="shop-web"}'
    orders = '{account="Example",project="unassigned",kind="d1_database",asset="orders"}'
    assert values(made["cloudflare_asset_created_timestamp_seconds"]) == {
        shop: 1_651_727_711.5,
        orders: 1_717_243_200,
    }
    assert values(made["cloudflare_asset_modified_timestamp_seconds"]) == {shop: 1_717_243_200}
    assert values(made["cloudflare_asset_last_used_timestamp_seconds"]) == {shop: 1_760_961_600}
