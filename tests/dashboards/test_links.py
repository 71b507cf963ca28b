"""Links lead somewhere: from page to page, from a row to what it is about, and from alerts to what shows them."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from exporter.catalog import KINDS, PRODUCTS
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
    for link in links(dashboard):
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
