"""A product that the catalog gains is followed by everything that is made of the catalog."""

import json
import re
from dataclasses import replace

import yaml

from alerting import overrides
from alerting.promql import subject_of, subjects
from dashboards.freshness import alerts_table
from dashboards.grafana import Json, Size
from dashboards.links import asset_of_row
from dashboards.queries import with_product
from dashboards.variables import alerts, of_assets
from docs.metrics import product_rows
from exporter.alertmanager import examples, write
from exporter.alerts.alert import find_asset, find_product
from exporter.catalog import KINDS, PRODUCTS
from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.product import Product
from exporter.check.links import added_by_hand, needed_permissions, token_link
from exporter.config.routing import Routing
from exporter.config.selection import Selection
from exporter.exposition.api.parameters import kind_parameter
from exporter.exposition.api.shapes import asset_kind
from exporter.exposition.page.links import Links
from exporter.metrics.asset_usage import AssetPlace
from exporter.views import NO_ASSET
from tests import queues

QUEUE = AssetKind(
    kind="queue",
    label="queue_name",
    info="cloudflare_queue_info",
    asset="queue",
    assets="Queues",
    endpoint=Endpoint(
        path="/accounts/{account_id}/queues", permission="Queues Read", permission_key="queues", paging="page"
    ),
)
QUEUES = Product(name="queues", title="Queues", category="Integration", kinds=(QUEUE,), datasets=())
WITH_QUEUES = (*PRODUCTS, QUEUES)


def text(made: Json) -> str:
    """Return what is in a part of a dashboard."""
    return json.dumps(made)


def test_rules_take_thresholds_of_its_assets() -> None:
    """Thresholds for single assets are recorded under its label, and alerts can be about them."""
    (group,) = overrides.groups(WITH_QUEUES)
    record = group.rules[-1]
    assert record.name == "job_account_project_queue_name:cloudflare_alert_threshold:max"
    assert '{kind="queue"}' in record.expr
    assert '"queue_name", "$1", "asset", "(.+)"' in record.expr
    assert subjects(WITH_QUEUES)["queue"] == subject_of(QUEUE)


def test_dashboards_choose_its_assets() -> None:
    """Its page has a variable of its assets, and rows and series of other pages lead to it."""
    variable = of_assets(QUEUE)[-1]
    assert (variable["name"], variable["label"]) == ("queue_name", "Queue")
    assert re.fullmatch(r'label_values\(\{.+,queue_name!=""\}, queue_name\)', variable["definition"])
    assert "&var-queue_name=" in asset_of_row(WITH_QUEUES)["url"]
    assert '"product", "queues", "kind", "queue"' in with_product("up", WITH_QUEUES)


def test_dashboards_say_which_of_its_assets_an_alert_is_about() -> None:
    """So do the marks in graphs and the table of alerts."""
    assert "{{queue_name}}" in text(alerts(products=WITH_QUEUES))
    assert '"queue_name"' in re.sub(r"\\", "", text(alerts_table(Size(8, 8), products=WITH_QUEUES)))


def test_kinds_that_begin_with_the_product_need_no_step() -> None:
    """A kind that the product's name begins is found by the one pattern that all of them share."""
    vectorize = replace(QUEUES, name="vectorize", kinds=(replace(QUEUE, kind="vectorize_index"),))
    expression = with_product("up", (*PRODUCTS, vectorize))
    assert '"(r2|d1|kv|vectorize)_.+"' in expression
    assert expression.count("label_replace") == with_product("up").count("label_replace")


def test_notifications_name_its_assets() -> None:
    """Every service's text does, and a critical alert silences the warning about the same asset only."""
    document = yaml.safe_load(write(Routing(), examples(), products=WITH_QUEUES))
    told = [each for each in document["receivers"] if "{{" in json.dumps(each)]
    assert len(told) == 5
    assert all(".CommonLabels.queue_name" in json.dumps(each) for each in told)
    of_queues, of_workers = (
        [rule for rule in document["inhibit_rules"] if {"alertname", label} <= set(rule["equal"])]
        for label in ("queue_name", "script_name")
    )
    assert len(of_queues) == 1
    assert json.dumps(of_queues).replace("queue_name", "script_name") == json.dumps(of_workers)


def test_alerts_are_about_its_assets() -> None:
    """Kind and product of an alert follow from its label."""
    assert find_asset({"queue_name": "mail"}, WITH_QUEUES) == ("queue", "mail")
    assert find_product({"queue_name": "mail"}, WITH_QUEUES) == "queues"
    assert find_asset({"queue_name": "mail"}, PRODUCTS) is None


def test_the_api_knows_its_kind() -> None:
    """Questions may name the kind, and answers may have it."""
    assert kind_parameter(WITH_QUEUES).schema["enum"][-1] == "queue"
    assert asset_kind(WITH_QUEUES)["enum"][-1] == "queue"


def test_the_first_page_leads_to_its_dashboard() -> None:
    """The link has the product's title, and stands with those of the other products."""
    links = Links("/metrics", "http://grafana", WITH_QUEUES).dashboards
    titles = [link.title for link in links]
    assert titles[titles.index("KV") + 1] == "Queues"
    assert "http://grafana/d/cloudflare-queues" in [link.url for link in links]


def test_the_token_link_has_its_permission() -> None:
    """Its permission is filled in by its key, and named where it has none."""
    permissions = needed_permissions(WITH_QUEUES)
    assert "%22queues%22" in token_link(permissions, is_of_account=False)
    assert added_by_hand(permissions) == ()
    without_key = replace(QUEUES, kinds=(replace(QUEUE, endpoint=replace(QUEUE.endpoint, permission_key="")),))
    assert added_by_hand(needed_permissions((without_key,))) == ("Queues Read",)


WITH_KINDS = (*PRODUCTS, queues.QUEUES)
"""The catalog with a product of three kinds: with a list, with a list for each parent, and without any."""

KINDS_OF_QUEUES = ["queue", "queue_consumer", "d1_region"]


def test_every_kind_of_a_product_has_its_thresholds_variable_and_place_in_notifications() -> None:
    """Whether a list has it or usage alone names it."""
    (group,) = overrides.groups(WITH_KINDS)
    assert [record.name.split(":")[0] for record in group.rules[-3:]] == [
        f"job_account_project_{label}" for label in ("queue", "queue_consumer", "region")
    ]
    assert [of_assets(kind)[-1]["name"] for kind in queues.QUEUES.kinds] == ["queue", "queue_consumer", "region"]
    assert "{{queue}} {{queue_consumer}} {{region}}" in text(alerts(products=WITH_KINDS))
    document = yaml.safe_load(write(Routing(), examples(), products=WITH_KINDS))
    told = [each for each in document["receivers"] if "{{" in json.dumps(each)]
    assert all(".CommonLabels.queue_consumer .CommonLabels.region" in json.dumps(each) for each in told)


def test_every_kind_of_a_product_is_an_asset_of_that_product() -> None:
    """To alerts, to the API and in tables; a kind may begin with the name of another product."""
    named = {"queue": "mail", "queue_consumer": "1f", "region": "weur"}
    for kind, (label, name) in zip(KINDS_OF_QUEUES, named.items(), strict=True):
        assert find_asset({label: name}, WITH_KINDS) == (kind, name)
        assert find_product({label: name}, WITH_KINDS) == "queues"
        assert f'"product", "queues", "kind", "{kind}"' in with_product("up", WITH_KINDS)
    assert kind_parameter(WITH_KINDS).schema["enum"][-3:] == asset_kind(WITH_KINDS)["enum"][-3:] == KINDS_OF_QUEUES


def test_the_first_page_leads_from_an_asset_of_any_kind_to_the_dashboard() -> None:
    """With the asset chosen under the label of its kind."""
    place = AssetPlace("a" * 32, "shop", "d1_region", "weur")
    row = replace(NO_ASSET, listed=replace(NO_ASSET.listed, place=place, account="Example"))
    link = Links("/metrics", "http://grafana", WITH_KINDS).of_asset(row)
    assert link == "http://grafana/d/cloudflare-queues?var-account=Example&var-project=shop&var-region=weur"


def test_a_kind_without_a_list_needs_no_permission_for_it() -> None:
    """What lists need is needed once, however many kinds of the product have one."""
    needed = needed_permissions((queues.QUEUES,))
    assert {each for each in needed if each not in needed_permissions(())} == {"Queues Read"}


def test_a_filter_of_the_product_leaves_out_all_its_kinds() -> None:
    """And only these."""
    without = Selection.model_validate({"filters": {"products": {"include": ["workers"]}}})
    assert without.kinds(WITH_KINDS) == {"worker"}
    assert Selection().kinds(WITH_KINDS) == {*KINDS, *KINDS_OF_QUEUES}


def test_the_pages_of_metrics_have_the_numbers_and_states_of_its_lists() -> None:
    """Beside what is made of its datasets."""
    rows = {row.name: row for row in product_rows(queues.QUEUES)}
    assert list(rows) == [
        "cloudflare_d1_region_read_queries_total",
        "cloudflare_queue_endpoints",
        "cloudflare_queue_message_retention_seconds",
        "cloudflare_queue_delivery_paused",
        "cloudflare_queue_consumer_max_wait_seconds",
    ]
    assert rows["cloudflare_queue_endpoints"].labels == ("account", "project", "queue", "role")
