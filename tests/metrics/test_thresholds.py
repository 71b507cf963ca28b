"""Thresholds as a metric: one sample for every subject that a rule is for, with the labels of its usage."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import DATASETS, KINDS, PRODUCTS
from exporter.config import load_config
from exporter.config.thresholds import ThresholdRule
from exporter.exposition.text import Format, render
from exporter.ledger.publication import Publication, PublishedBook
from exporter.ledger.roster import FILTERED, Entry, Standing
from exporter.ledger.series import SeriesKey
from exporter.metrics.family import Family
from exporter.metrics.thresholds import LABELS, THRESHOLD, ThresholdFacts, Thresholds
from exporter.model import NAME_PREFIX, Asset, Placement, Scope
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID
from tests.exactness.worlds import small_world
from tests.metrics.test_snapshot import build
from tests.poller.scene import OTHER_ID, QUIET, listed_world, two_accounts

NAME = "cloudflare_alert_threshold"
START = datetime(2025, 10, 20, 9, tzinfo=UTC)
RATIO, SIZE, RISING, QUOTA = (
    f"Cloudflare{word}" for word in ("WorkerErrorRatioHigh", "D1SizeHigh", "ListCostRising", "QuotaHigh")
)

INVOCATIONS = DATASETS["workersInvocationsAdaptive"]
KV_STORAGE = DATASETS["durableObjectsStorageGroups"]
USED = ("shop-web", "shop-web (22222222)", "(unlisted)", "(dispatch tenants)", FILTERED)

Values = dict[tuple[str, ...], Decimal]


def worker(name: str, asset_id: str, **changes: Any) -> Entry:
    """A Worker of the project shop that is listed, unless something else is said."""
    entry = Entry(Asset("worker", asset_id, name), Standing.LISTED, START, project="shop", decided_by="name")
    return replace(entry, **changes)


def book(account_id: str, dataset: str, *placements: Placement) -> PublishedBook:
    """Usage of some assets."""
    series = tuple((placement, SeriesKey(0, ("ok",)), 1) for placement in placements)
    return PublishedBook(Scope(account_id), DATASETS[dataset], None, None, series)


PUBLICATION = Publication(
    7,
    {ACCOUNT_ID: "production", OTHER_ID: "Other"},
    (
        book(ACCOUNT_ID, INVOCATIONS.key, *(Placement("shop", name) for name in USED)),
        book(OTHER_ID, INVOCATIONS.key, Placement("blog", "shop-web")),
        book(ACCOUNT_ID, KV_STORAGE.key, Placement("unassigned", "(account)")),
        book(ACCOUNT_ID, "d1AnalyticsAdaptiveGroups", Placement("store", "orders")),
    ),
    {
        ACCOUNT_ID: (
            worker("shop-web", "1" * 32),
            worker("shop-web", "2" * 32, suffixed=True),
            worker("shop-idle", "3" * 32),
            worker("shop-left", "4" * 32, standing=Standing.ABSENT),
            worker("shop-secret", "5" * 32, is_filtered=True),
            worker("shop-gone", "6" * 32, standing=Standing.UNLISTED),
            worker("shop-new", "7" * 32, standing=Standing.STRANGER),
            worker("shop-web", f"{NAME_PREFIX}shop-web"),
        ),
        "c" * 32: (worker("elsewhere", "1" * 32),),
    },
    {},
    (book(ACCOUNT_ID, INVOCATIONS.key, Placement("gone-project", "")),),
)


def rule(alert: str, value: object, **keys: str) -> ThresholdRule:
    """A rule."""
    return ThresholdRule.model_validate({"alert": alert, "value": value, **keys})


def values(family: Family, *labels: str) -> Values:
    """The values of a family, by some of the labels."""
    found = [
        (tuple(sample.labels.as_dict()[label] for label in labels), Decimal(sample.amount) / sample.divisor)
        for sample in family.samples
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def make(*rules: ThresholdRule) -> Family:
    """The family of some rules."""
    names = {ACCOUNT_ID: "Example", OTHER_ID: "Other"}
    return THRESHOLD.family(ThresholdFacts(Thresholds(rules, names), PUBLICATION))


def assets(*rules: ThresholdRule) -> set[str]:
    """The assets of the one account that rules are for."""
    return {asset for account, asset in values(make(*rules), "account", "asset") if account == "production"}


def test_without_rules_the_family_is_there_and_empty() -> None:
    """Also in a snapshot, where nobody said anything of thresholds."""
    assert make().samples == ()
    (family,) = [family for family in build().families if family.name == NAME]
    assert (family.kind, family.samples) == ("gauge", ())


def test_an_alert_about_an_account() -> None:
    """Without a condition every account has a sample, and neither project nor asset."""
    family = make(rule(QUOTA, 0.9, severity="warning"))
    assert values(family, *LABELS) == {
        (QUOTA, "warning", account, "", "account", ""): Decimal("0.9") for account in ("production", "Other")
    }


def test_an_alert_about_a_project() -> None:
    """Every project that a series or an asset has, also one that only costs still have, per account."""
    family = make(rule(RISING, 3))
    assert values(family, *LABELS) == {
        (RISING, "warning", account, project, "project", ""): 3
        for account, project in (
            ("production", "shop"),
            ("production", "store"),
            ("production", "gone-project"),
            ("Other", "blog"),
        )
    }
    assert set(values(make(rule(RISING, 3, project="s*")), "project")) == {("shop",), ("store",)}


def test_an_alert_about_an_asset() -> None:
    """Every label that usage or the list of that kind has; nothing of another kind, account or standing."""
    family = make(rule(RATIO, 0.2))
    expected = {("production", "shop", name) for name in (*USED, "shop-idle", "shop-left")}
    assert values(family, *LABELS) == {
        (RATIO, "warning", account, project, "worker", asset): Decimal("0.2")
        for account, project, asset in {*expected, ("Other", "blog", "shop-web")}
    }
    assert values(make(rule(SIZE, 5)), "project", "kind", "asset") == {("store", "d1_database", "orders"): 5}


def test_what_is_measured_for_the_account_only_is_no_asset() -> None:
    """A metric without an asset label gives no subject."""
    assert all(metric.is_of_account for metric in KV_STORAGE.metrics)
    assert make(rule("CloudflareDurableObjectStorageLarge", 1)).samples == ()


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("shop-web", {"shop-web", "shop-web (22222222)"}),
        ("shop-web (2*", {"shop-web (22222222)"}),
        ("shop-[il]*", {"shop-idle", "shop-left"}),
        ("(unlisted)", {"(unlisted)"}),
        ("(dispatch *)", {"(dispatch tenants)"}),
        ("(filtered)", {FILTERED}),
        ("shop-secret", set()),
        ("SHOP-WEB", set()),
        ("orders", set()),
    ],
)
def test_an_asset_goes_by_its_name_and_its_label(glob: str, expected: set[str]) -> None:
    """Namesakes go by one name, and by labels that tell them apart; what is left out goes by no name."""
    assert assets(rule(RATIO, 1, asset=glob)) == expected


@pytest.mark.parametrize("account", ["production", "Example", "Exam*", ACCOUNT_ID])
def test_an_account_goes_by_label_name_and_id(account: str) -> None:
    """As everywhere in the configuration."""
    for found in (rule(RATIO, 1, account=account), rule(QUOTA, 1, severity="info", account=account)):
        assert {labels[0] for labels in values(make(found), "account", "asset")} == {"production"}


def test_all_conditions_must_hold() -> None:
    """A name of one account and a project of the other have nothing in common."""
    assert values(make(rule(RATIO, 1, account="Other", project="blog", asset="shop-*")), "account", "asset") == {
        ("Other", "shop-web"): 1
    }
    assert make(rule(RATIO, 1, account="Other", project="shop")).samples == ()


def test_the_first_rule_that_matches_counts() -> None:
    """For each alert and severity by itself."""
    family = make(
        rule(RATIO, 0.5, asset="shop-web"),
        rule(QUOTA, 0.7, severity="info"),
        rule(RATIO, 0.1),
        rule(RATIO, 0.9, asset="shop-idle"),
        rule(QUOTA, 0.95, severity="warning"),
    )
    found = values(family, "alert", "severity", "account", "asset")
    assert found[RATIO, "warning", "production", "shop-web"] == Decimal("0.5")
    assert found[RATIO, "warning", "production", "shop-idle"] == Decimal("0.1")
    assert found[QUOTA, "info", "Other", ""] == Decimal("0.7")
    assert found[QUOTA, "warning", "Other", ""] == Decimal("0.95")


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "0.05"), (10**10, "10000000000"), ("0.000000001", "0.000000001"), (2.5, "2.5")]
)
@pytest.mark.parametrize("form", Format)
def test_a_threshold_is_exposed_as_it_was_written(value: object, text: str, form: Format) -> None:
    """In both formats, without needless zeros."""
    (line,) = [
        line
        for line in render([make(rule(QUOTA, value, severity="info", account="Other"))], form).decode().splitlines()
        if line.startswith(NAME)
    ]
    labels = 'alert="CloudflareQuotaHigh",severity="info",account="Other",project="",kind="account",asset=""'
    assert line == f"{NAME}{{{labels}}} {text}"


def thresholds(site: Site) -> set[tuple[str, str, str]]:
    """The thresholds that a site publishes: account, project and asset."""
    return {(each["account"], each["project"], each["asset"]) for each, _ in site.samples(NAME)}


def usage(site: Site, family: str = "cloudflare_worker_requests_total", label: str = "script_name") -> set[Any]:
    """What a site publishes usage of: account, project and asset."""
    return {(each["account"], each["project"], each[label]) for each, _ in site.samples(family)}


def every(kinds: Iterable[str]) -> dict[str, Any]:
    """A section with a rule for every asset of some kinds."""
    alerts = {
        "worker": RATIO,
        "r2_bucket": "CloudflareR2BucketLarge",
        "d1_database": SIZE,
        "do_namespace": "CloudflareDurableObjectStorageLarge",
        "kv_namespace": "CloudflareKvOperationSpike",
    }
    return {"thresholds": [{"alert": alerts[kind], "value": 7} for kind in kinds]}


def test_every_series_of_usage_finds_its_threshold(tmp_path: Path) -> None:
    """On a running exporter whose Workers are also unlisted, dispatched and left out, for every product."""

    async def script() -> None:
        site = Site(
            small_world(1, QUIET),
            tmp_path,
            alerting=every(list(KINDS)),
            filters={"assets": {"exclude": ["worker/shop-api"]}, "metrics": {"exclude": ["cloudflare_a*"]}},
        )
        await site.refresh(14)
        found = {(each["kind"], each["account"], each["project"], each["asset"]) for each, _ in site.samples(NAME)}
        for product in PRODUCTS:
            labelled = {
                (dataset.kind, each["account"], each["project"], each[KINDS[dataset.kind].label])
                for dataset in product.datasets
                for metric in dataset.metrics
                if not metric.is_of_account
                for each, _ in site.samples(metric.family or metric.name)
            }
            assert labelled
            assert labelled <= found
        assert {"(unlisted)", "(dispatch tenants)", FILTERED} <= {asset for _, _, _, asset in found}
        assert "shop-api" not in {asset for kind, _, _, asset in found if kind == "worker"}
        await site.exporter.close()

    asyncio.run(script())


def test_a_renamed_asset_takes_its_threshold_along(tmp_path: Path) -> None:
    """By the name that it has now; its old label has neither usage nor threshold."""

    async def script() -> None:
        rules = {"thresholds": [{"alert": RATIO, "value": 1, "asset": "shop-*"}]}
        async with Site(listed_world(), tmp_path, alerting=rules) as site:
            await site.refresh(3)
            assert thresholds(site) == usage(site)
            site.simulator.rename(ACCOUNT_ID, "worker", "1" * 32, "front")
            # It is not listed again before the next discovery, which a reload asks for.
            site.configure(
                alerting={"thresholds": [*rules["thresholds"], {"alert": RATIO, "value": 2, "asset": "front"}]}
            )
            await site.refresh(2)
            assert {asset for _, _, asset in usage(site)} == {"front", "shop-api"}
            assert {each["asset"]: amount / 10**9 for each, amount in site.samples(NAME)} == {"front": 2, "shop-api": 1}

    asyncio.run(script())


def test_a_reload_takes_thresholds_over(tmp_path: Path) -> None:
    """From the next refresh; a configuration that is refused changes nothing, and one without rules takes them away."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path / "state", accounts={"alias": {ACCOUNT_ID: "production"}}) as site:
            await site.refresh(3)
            assert thresholds(site) == set()
            for account in ("production", "Example", ACCOUNT_ID):
                site.configure(
                    accounts={"alias": {ACCOUNT_ID: "production"}},
                    alerting={"thresholds": [{"alert": RATIO, "value": 1, "account": account}]},
                )
                await site.refresh()
                assert thresholds(site) == {each for each in usage(site) if each[0] == "production"} != set()
            path = tmp_path / "exporter.yml"
            path.write_text("alerting: {thresholds: [{alert: Nonsense, value: 1}]}\n", encoding="utf-8")
            site.reload(lambda: load_config(path, {}, None))
            await site.refresh()
            assert {account for account, _, _ in thresholds(site)} == {"production"}
            site.configure()
            await site.refresh()
            assert thresholds(site) == set()

    asyncio.run(script())
