"""Numbers, states and words of lists, as metrics with the labels of the usage."""

from dataclasses import replace

from exporter.ledger import Entry, Publication, Standing
from exporter.metrics.assets import asset_families
from exporter.model import Asset, Traits
from tests.cloudflare.test_traits import KIND
from tests.metrics.test_assets import ACCOUNT_ID, NOON, values

MAIL = Entry(Asset("queue", "q1", "mail"), Standing.LISTED, NOON, project="shop")


def told(traits: Traits | None, entry: Entry = MAIL) -> dict[str, dict[str, int | float]]:
    """Return the samples about one queue by metric, without those of all kinds."""
    known = {} if traits is None else {ACCOUNT_ID: {("queue", "q1"): traits}}
    publication = Publication(1, {ACCOUNT_ID: "Example"}, (), {ACCOUNT_ID: (entry,)}, {}, traits=known)
    families = {family.name: family for family in asset_families(publication, [KIND])}
    return {name: values(family) for name, family in families.items() if name.startswith("cloudflare_queue_")}


def test_numbers_and_states_are_gauges_and_details_labels() -> None:
    """A state has a series for each that there may be, unknown among them."""
    assert told(Traits(((2_000_000, 1_500_000),), ("false",), ("eu",))) == {
        "cloudflare_queue_info": {
            '{account="Example",project="shop",queue="mail",asset_id="q1",jurisdiction="eu"}': 1,
        },
        "cloudflare_queue_endpoints": {
            '{account="Example",project="shop",queue="mail",role="producer"}': 2_000_000,
            '{account="Example",project="shop",queue="mail",role="consumer"}': 1_500_000,
        },
        "cloudflare_queue_delivery": {
            '{account="Example",project="shop",queue="mail",state="true"}': 0,
            '{account="Example",project="shop",queue="mail",state="false"}': 1,
            '{account="Example",project="shop",queue="mail",state="unknown"}': 0,
        },
    }


def test_a_number_that_the_list_lacks_has_no_series() -> None:
    """The others have theirs, and a state that cannot be told is unknown."""
    made = told(Traits(((None, 0),), ("unknown",), ("",)))
    assert list(made["cloudflare_queue_endpoints"]) == [
        '{account="Example",project="shop",queue="mail",role="consumer"}'
    ]
    assert list(made["cloudflare_queue_delivery"].values()) == [0, 0, 1]


def test_without_news_of_the_list_only_the_asset_is_there() -> None:
    """After a restart nothing is known; later figures and states may be too old, when details still hold."""
    assert told(None) == {
        "cloudflare_queue_info": {'{account="Example",project="shop",queue="mail",asset_id="q1",jurisdiction=""}': 1},
        "cloudflare_queue_endpoints": {},
        "cloudflare_queue_delivery": {},
    }
    assert told(Traits((), (), ("eu",)))["cloudflare_queue_endpoints"] == {}
    assert 'jurisdiction="eu"' in next(iter(told(Traits((), (), ("eu",)))["cloudflare_queue_info"]))


def test_an_asset_that_is_gone_has_no_traits() -> None:
    """Whatever its list said last."""
    gone = Entry(MAIL.asset, Standing.UNLISTED, NOON, project="shop")
    assert not any(told(Traits(((1, 1),), ("true",), ("eu",)), gone).values())


def test_help_says_where_a_trait_is_from() -> None:
    """Its list and the path in an item."""
    publication = Publication(1, {}, (), {}, {})
    texts = {family.name: family.help for family in asset_families(publication, [KIND])}
    assert texts["cloudflare_queue_delivery"] == (
        "Delivery (GET /accounts/{account_id}/queues settings.delivery_paused; newest discovery)."
    )


def test_folded_assets_share_the_sum_of_their_numbers() -> None:
    """They have no info and no states, which do not add up."""
    entries = [
        replace(MAIL, asset=Asset("queue", f"q{number}", f"mail-{number}"), is_folded=number > 1)
        for number in (1, 2, 3)
    ]
    traits = {
        ("queue", f"q{number}"): Traits(((number * 1_000_000, None),), ("true",), ("eu",)) for number in (1, 2, 3)
    }
    publication = Publication(
        1, {ACCOUNT_ID: "Example"}, (), {ACCOUNT_ID: tuple(entries)}, {}, traits={ACCOUNT_ID: traits}
    )
    families = {family.name: values(family) for family in asset_families(publication, [KIND])}
    assert families["cloudflare_queue_endpoints"] == {
        '{account="Example",project="shop",queue="mail-1",role="producer"}': 1_000_000,
        '{account="Example",project="shop",queue="other",role="producer"}': 5_000_000,
    }
    assert all('queue="mail-1"' in labels for labels in families["cloudflare_queue_delivery"])
    assert list(families["cloudflare_queue_info"].values()) == [1]
    assert families["cloudflare_assets"] == {'{account="Example",kind="queue"}': 3}
