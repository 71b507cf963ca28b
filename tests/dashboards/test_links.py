"""Links lead somewhere: from page to page, from a row to what it is about, and from alerts to what shows them."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from dashboards import addresses
from exporter.catalog import KINDS, PRODUCTS
from exporter.catalog.asset_kind import CONSOLE_OF_ACCOUNT, AssetKind
from stack.tools import REPOSITORY
from tests.dashboards.reading import DASHBOARDS, Json, links, panels

BY_UID = {dashboard["uid"]: dashboard for dashboard in DASHBOARDS.values()}

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def alerts() -> list[Json]:
    groups = [
        group
        for file in (REPOSITORY / "alerting/rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
    ]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def within(found: list[Json]) -> list[Json]:
    """Return the links that stay in Grafana."""
    return [link for link in found if link["url"].startswith("/d/")]


def outside(found: list[Json]) -> list[Json]:
    """Return the links to Cloudflare's dashboard."""
    return [link for link in found if link["url"].startswith(CONSOLE_OF_ACCOUNT)]


def names(dashboard: Json) -> set[str]:
    return {variable["name"] for variable in dashboard["templating"]["list"]}


@every_dashboard
def test_each_page_lists_the_others(dashboard: Json) -> None:
    """At the top is a list of all of them, which keeps what is chosen."""
    (link,) = dashboard["links"]
    assert (link["type"], link["tags"], link["asDropdown"]) == ("dashboards", dashboard["tags"], True)
    assert link["keepTime"] and link["includeVars"]


@every_dashboard
def test_each_link_leads_to_a_page(dashboard: Json) -> None:
    """The page exists, and has every variable that the link sets; what is chosen and the time are kept."""
    for link in within(links(dashboard)):
        path, _, query = link["url"].partition("?")
        _, _, uid, slug = path.split("/")
        assert uid == slug
        of_product = uid.endswith('${__data.fields["Product"]}')
        pages = [f"cloudflare-{product.name}" for product in PRODUCTS] if of_product else [uid]
        chosen = set(re.findall(r"&var-(\w+)=", query))
        for page in pages:
            known = names(BY_UID[page]) | ({kind.label for kind in KINDS.values()} if of_product else set())
            assert chosen <= known, (link["url"], page)
        assert query.startswith("${datasource:queryparam}&${job:queryparam}&${account:queryparam}")
        assert query.endswith("&${__url_time_range}")


@every_dashboard
def test_each_link_names_columns_that_are_there(dashboard: Json) -> None:
    """What a link takes from a row is a column of its table."""
    for panel in panels(dashboard):
        shown = {
            title
            for step in panel.get("transformations", ())
            if step["id"] == "organize"
            for title in step["options"]["renameByName"].values()
        }
        for rule in panel["fieldConfig"]["overrides"]:
            for entry in rule["properties"]:
                for link in entry["value"] if entry["id"] == "links" else ():
                    assert set(re.findall(r'__data\.fields\["(\w+)"\]', link["url"])) <= shown, link["url"]


@every_dashboard
def test_each_link_leads_to_a_known_site(dashboard: Json) -> None:
    """To another page, or in a tab of its own to Cloudflare's dashboard."""
    found = links(dashboard)
    assert len(within(found)) + len(outside(found)) == len(found)
    assert all(link["targetBlank"] for link in outside(found))


@every_dashboard
def test_each_asset_links_to_its_page_at_cloudflare(dashboard: Json) -> None:
    """A table of assets has the hidden column that the link reads; a curve links to the asset, or to their list."""
    for panel in panels(dashboard):
        if to_assets := [link for link in links_of(panel) if link["title"] == "Open the asset"]:
            (found,) = outside(links_of(panel))
            assert len(to_assets) == 1
            if panel["type"] == "table":
                assert found["url"] == f'{CONSOLE_OF_ACCOUNT}${{__data.fields["Page"]}}'
                (hidden,) = (rule for rule in overrides(panel) if rule["matcher"]["options"] == "Page")
                assert {"id": "noValue", "value": "home"} in hidden["properties"]
                assert any('"page"' in target["expr"] for target in panel["targets"])


CLOUDFLARE_PAGES = {
    ("worker", "f0e1", "shop-web"): "workers/services/view/shop-web/production/metrics",
    ("d1_database", "6f1c-4a", "orders"): "workers/d1/databases/6f1c-4a/metrics",
    ("do_namespace", "9a0b", "chat_Room"): "workers/durable-objects/view/9a0b",
    ("kv_namespace", "77aa", "cache"): "workers/kv/namespaces/77aa/metrics",
    ("r2_bucket", "media", "media"): "r2/default/buckets/media",
    ("r2_bucket", "eu_media", "media"): "r2/eu/buckets/media",
    ("r2_bucket", "fedramp-high_logs", "logs"): "r2/fedramp-high/buckets/logs",
}
"""Kind, id and name of assets, and the path of their page: the forms that Cloudflare's own pages and people link to."""


@pytest.mark.parametrize("asset", CLOUDFLARE_PAGES, ids="-".join)
def test_pages_at_cloudflare(asset: tuple[str, str, str]) -> None:
    """The catalog builds the path; what the dashboards ask Prometheus for builds the same one."""
    kind, identity, name = asset
    assert KINDS[kind].page_of(identity, name) == CLOUDFLARE_PAGES[asset]
    for expression, label in ((addresses.of_kind(KINDS[kind]), KINDS[kind].label), (addresses.of_all(), "asset")):
        steps = [step for step in replacements(expression) if step[0] == "page" and applies(expression, step, kind)]
        assert replaced(steps, {"asset_id": identity, label: name}) == CLOUDFLARE_PAGES[asset]


def test_a_name_that_carries_an_id_leads_to_the_page_of_the_name() -> None:
    """Of two Workers of the same name one is told from the other by the beginning of its id."""
    steps = replacements(addresses.of_kind(KINDS["worker"]))
    assert (
        replaced(steps, {"script_name": "shop-web (f0e1d2c3)"}) == "workers/services/view/shop-web/production/metrics"
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_has_its_places_at_cloudflare(kind: AssetKind) -> None:
    """Every kind says where its assets are listed, and where each has its page."""
    assert kind.overview
    assert re.search(r"\{(id|name)\}", kind.page)


def replacements(expression: str) -> list[tuple[str, str, str, str, str]]:
    """Return the label_replace() calls, the innermost first: label, replacement, source, pattern, what is inside."""
    found = re.finditer(r', "(\w+)", "([^"]*)", "(\w*)", "([^"]*)"\)', expression)
    return [(*each.groups(), expression[: each.start()]) for each in found]


def applies(expression: str, step: tuple[str, str, str, str, str], kind: str) -> bool:
    """Return whether a step is about a kind: in a union it comes after the kind's own selector."""
    selectors = re.findall(r'cloudflare_asset_info\{[^}]*kind="(\w+)"', step[4])
    return not selectors or selectors[-1] == kind


def replaced(steps: list[tuple[str, str, str, str, str]], labels: dict[str, str]) -> str:
    """Return the label ``page`` after all steps, as Prometheus replaces labels: patterns match the whole value."""
    page = ""
    for _, replacement, source, pattern, _ in steps:
        if found := re.fullmatch(pattern, labels.get(source, "")):
            page = replacement.replace("$1", found[1])
    return page


def links_of(panel: Json) -> list[Json]:
    return links({"panels": [panel]})


def overrides(panel: Json) -> list[Json]:
    rules: list[Json] = panel["fieldConfig"]["overrides"]
    return rules


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_each_alert_leads_to_a_page_that_shows_it(rule: Json) -> None:
    """The page exists, has the variables that are set, and counts the alert among those that fire."""
    said = re.sub(r"\{\{[^}]*\}\}", "", rule["annotations"]["dashboard_url"])
    address = urlsplit(said)
    _, _, uid, slug = address.path.split("/")
    assert uid == slug
    chosen = {name.removeprefix("var-") for name, _ in parse_qsl(address.query, keep_blank_values=True)}
    assert chosen <= names(BY_UID[uid])
    marks = [mark for mark in BY_UID[uid]["annotations"]["list"] if mark["name"] == "Alerts"]
    shown = {"alertname": rule["alert"], "product": rule["labels"].get("product", "")}
    for label, wanted in re.findall(r'(alertname|product)=~?"([^"]+)"', marks[0]["target"]["expr"]):
        assert re.fullmatch(wanted, shown[label]), (label, wanted)
