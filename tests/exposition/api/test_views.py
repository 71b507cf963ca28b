"""``/api/assets``, ``/api/projects`` and ``/api/project/{name}``: what is told, filters, order, pages, errors."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.commands.scene import ODD, OTHER_ID, PIPED
from tests.configured import Site
from tests.exactness.worlds import ACCOUNT_ID
from tests.exposition.api.scene import Api, running_api

Json = dict[str, Any]
DOLLARS = ("to_date_usd", "forecast_usd", "forecast_low_usd", "forecast_high_usd", "list_price_usd")


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Api, Site]]:
    """An exporter that runs, and whose time stands still."""
    with running_api() as found:
        yield found


@pytest.fixture
def api(scene: tuple[Api, Site]) -> Api:
    """Its API."""
    return scene[0]


@pytest.fixture
def site(scene: tuple[Api, Site]) -> Site:
    """The exporter."""
    return scene[1]


def names(found: Json, key: str = "assets") -> list[str]:
    """The names of the rows."""
    return [row["name"] for row in found[key]]


def add(rows: list[Json], key: str) -> Decimal:
    """The sum of a column of dollars."""
    return sum((Decimal(row[key]) for row in rows), Decimal(0))


def test_assets_are_those_of_the_metrics(api: Api, site: Site) -> None:
    """Every listed asset is there once, with the labels and times of its metrics, in the order of its labels."""
    rows = api.answer("/api/assets")["assets"]
    known = [
        {"account": row["account"], "project": row["project"], "kind": row["kind"], "asset": row["name"],
         "asset_id": row["id"]}
        for row in rows
    ]  # fmt: skip
    told = [labels for labels, _ in site.samples("cloudflare_asset_info")]
    assert len(known) == len(told) == 7
    assert all(labels in told for labels in known)
    assert known == sorted(known, key=lambda each: tuple(each.values()))
    (shop,) = [row for row in rows if row["name"] == "shop-web"]
    assert shop["created"] == "2024-01-01T00:00:00Z"
    assert shop["last_used"] == "2025-10-20T09:00:00Z"
    assert shop["account_id"] == ACCOUNT_ID


@pytest.mark.parametrize(
    ("kind", "requests", "errors"),
    [
        ("worker", ("cloudflare_worker_requests_total",), "cloudflare_worker_errors_total"),
        (
            "d1_database",
            ("cloudflare_d1_read_queries_total", "cloudflare_d1_write_queries_total"),
            "cloudflare_d1_failed_queries_total",
        ),
    ],
)
def test_requests_and_errors_are_the_counters(
    api: Api, site: Site, kind: str, requests: tuple[str, ...], errors: str
) -> None:
    """They add up the series of each asset, of whichever dataset."""

    def total(metric: str, name: str) -> int | float:
        return sum(amount for labels, amount in site.samples(metric) if name in labels.values())

    rows = api.answer(f"/api/assets?kind={kind}")["assets"]
    assert any(row["requests"] for row in rows)
    for row in rows:
        assert row["requests"] == sum(total(metric, row["name"]) for metric in requests)
        assert row["errors"] == total(errors, row["name"])


def test_failed_operations_of_a_bucket_are_those_with_5xx(api: Api, site: Site) -> None:
    """What a client did wrong is no error of the bucket."""
    (row,) = api.answer("/api/assets?kind=r2_bucket")["assets"]
    samples = site.samples("cloudflare_r2_operations_total")
    assert row["requests"] == sum(amount for _, amount in samples) > 0
    assert row["errors"] == sum(amount for labels, amount in samples if labels["status_code"].startswith("5"))
    assert {labels["status_code"][0] for labels, _ in samples} > {"2"}


def test_failed_operations_of_a_namespace_are_those_with_an_error(api: Api, site: Site) -> None:
    """Of all the results that Cloudflare tells, only errors begin so."""
    (row,) = api.answer("/api/assets?kind=kv_namespace&account=Other")["assets"]
    samples = [each for each in site.samples("cloudflare_kv_operations_total") if row["name"] in each[0].values()]
    assert row["requests"] == sum(amount for _, amount in samples) > 0
    assert row["errors"] == sum(amount for labels, amount in samples if labels["result"].startswith("error")) > 0


def test_cost_is_that_of_the_costs(api: Api, site: Site) -> None:
    """Of each asset the dollars are those of ``/api/costs``, and list cost is that of the metric."""
    costs = {
        (row["account"], row["project"], row["kind"], row["asset"]): row
        for row in api.answer("/api/costs?by=asset")["rows"]
    }
    listed: dict[tuple[str, ...], Decimal] = {}
    for labels, amount in site.samples("cloudflare_list_cost_usd_total"):
        key = (labels["account"], labels["project"], labels["kind"], labels["asset"])
        listed[key] = listed.get(key, Decimal(0)) + Decimal(amount).scaleb(-15)
    rows = api.answer("/api/assets")["assets"]
    for row in rows:
        key = (row["account"], row["project"], row["kind"], row["name"])
        told = costs.get(key, dict.fromkeys(DOLLARS, "0.00"))
        assert [row[name] for name in DOLLARS] == [told[name] for name in DOLLARS]
        assert Decimal(row["list_cost_usd"]) == listed.get(key, 0)
    assert add(rows, "to_date_usd") > 5


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("account=Other", ["sessions", "blog"]),
        (f"account={OTHER_ID}", ["sessions", "blog"]),
        ("project=shop", ["shop-web"]),
        ("project=shop&project=odd", [ODD, "shop-web"]),
        ("kind=r2_bucket", ["media"]),
        ("kind=worker&project=unassigned", ["blog"]),
        ("kind=worker&kind=kv_namespace&account=Other", ["sessions", "blog"]),
        ("account=Other&account=production&kind=d1_database", ["attic", PIPED]),
        ("project=nobody", []),
        ("account=Other&project=shop", []),
    ],
)
def test_filters(api: Api, query: str, expected: list[str]) -> None:
    """Of a parameter that is repeated one value holds, and of different ones all."""
    found = api.answer(f"/api/assets?{query}")
    assert names(found) == expected
    assert found["total"] == len(expected)


@pytest.mark.parametrize("sort", ["to_date", "forecast", "list_cost", "requests", "errors"])
def test_figures_are_sorted_from_the_largest_on(api: Api, sort: str) -> None:
    """What is not known is last in either direction."""
    key = sort if sort in {"requests", "errors"} else f"{sort}_usd"

    def known(query: str) -> tuple[list[Decimal], int]:
        values = [row[key] for row in api.answer(f"/api/assets?sort={sort}{query}")["assets"]]
        there = [Decimal(value) for value in values if value is not None]
        assert all(value is None for value in values[len(there) :])
        return there, len(values)

    falling, rising = known(""), known("&order=asc")
    assert falling[0] == sorted(falling[0], reverse=True)
    assert rising[0] == sorted(falling[0])
    assert falling[1] == rising[1] == 7
    assert known("&order=desc") == falling


def test_names_and_times_are_sorted(api: Api) -> None:
    """Names from A on, or backwards; of the same time, by name."""
    usual = names(api.answer("/api/assets"))
    assert names(api.answer("/api/assets?sort=name&order=asc")) == usual
    assert names(api.answer("/api/assets?sort=name&order=desc")) == usual[::-1]
    times = [row["created"] for row in api.answer("/api/assets?sort=created")["assets"]]
    assert times == sorted(filter(None, times), reverse=True) + [None] * times.count(None)


@pytest.mark.parametrize("query", ["", "sort=to_date", "sort=name&order=desc", "sort=errors&order=asc", "kind=worker"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_cover_everything_once(api: Api, query: str, limit: int) -> None:
    """Page after page gives what one large page does, in its order."""
    whole = api.answer(f"/api/assets?{query}")
    assert api.pages(f"/api/assets?{query}", "assets", limit) == whole["assets"]
    assert whole["next_cursor"] is None


def test_a_cursor_belongs_to_its_question(api: Api) -> None:
    """That of another order, or one that was made up, is refused."""
    cursor = api.answer("/api/assets?limit=1&sort=requests")["next_cursor"]
    assert "another order" in api.refusal(f"/api/assets?limit=1&sort=requests&order=asc&cursor={cursor}")[1]
    for made_up in (cursor[:-3], "x", "%00", "W10", "e30", "bnVsbA", cursor + "!"):
        code, message = api.refusal(f"/api/assets?limit=1&sort=requests&cursor={made_up}")
        assert (code, "cursor" in message) == ("bad_request", True)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit is a whole number from 1 to 1000."),
        ("limit=1001", "limit is a whole number from 1 to 1000."),
        ("limit=-1", "limit is a whole number from 1 to 1000."),
        ("limit=٣", "limit is a whole number from 1 to 1000."),
        ("limit=", "limit is a whole number from 1 to 1000."),
        ("limit=1&limit=2", "limit is given 2 times: give it once."),
        ("sort=size", "sort is one of name, to_date, forecast, list_cost, requests, errors, created, modified, "
         "last_used."),
        ("order=up", "order is one of asc, desc."),
        ("kind=zone", "kind is one of worker, r2_bucket, d1_database, do_namespace, kv_namespace."),
        ("account=nobody", "Unknown account nobody. Known accounts: production, Other."),
        ("page=2", "Unknown parameter page. Supported: account, cursor, kind, limit, order, project, sort."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(api: Api, query: str, message: str) -> None:
    """It is refused as 400, and nothing is guessed."""
    assert api.refusal(f"/api/assets?{query}") == ("bad_request", message)


def test_projects_add_everything_up(api: Api) -> None:
    """Their cost is the account's, subscriptions and unlisted usage included; numbers of assets are by kind."""
    rows = api.answer("/api/projects")["projects"]
    assert [(row["account"], row["project"]) for row in rows] == [
        ("Other", "unassigned"),
        ("production", "odd"),
        ("production", "shop"),
        ("production", "unassigned"),
    ]
    costs = api.answer("/api/costs?by=project")
    told = {(row["account"], row["project"]): row for row in costs["rows"]}
    for row in rows:
        assert [row[name] for name in DOLLARS] == [told[row["account"], row["project"]][name] for name in DOLLARS]
    assert add(rows, "to_date_usd") == Decimal(costs["total"]["to_date_usd"])
    assert rows[-1]["assets_by_kind"] == {"d1_database": 2, "r2_bucket": 1}
    assert sum(row["assets"] for row in rows) == 7
    # The scripts of a dispatch namespace are on no list, and used all the same.
    assets = api.answer("/api/assets?project=unassigned&account=production")["assets"]
    assert rows[-1]["requests"] > sum(row["requests"] for row in assets) > 0


def test_projects_of_a_kind_are_of_that_kind_alone(api: Api) -> None:
    """Numbers, counters and cost are those of the assets that are asked for."""
    (row,) = api.answer("/api/projects?kind=r2_bucket")["projects"]
    (asset,) = api.answer("/api/assets?kind=r2_bucket")["assets"]
    assert row["assets_by_kind"] == {"r2_bucket": 1}
    assert [row[name] for name in (*DOLLARS, "requests", "errors")] == [
        asset[name] for name in (*DOLLARS, "requests", "errors")
    ]
    assert api.answer("/api/projects?project=shop&account=Other")["projects"] == []
    assert len(api.answer("/api/projects?project=unassigned")["projects"]) == 2
    assert api.pages("/api/projects", "projects", 1) == api.answer("/api/projects")["projects"]


def test_a_project_has_all_of_its_own(api: Api) -> None:
    """Its sums in each account, products, budgets, and assets in pages."""
    found = api.answer("/api/project/shop")
    assert [(row["account"], row["assets"]) for row in found["accounts"]] == [("production", 1)]
    assert [row["product"] for row in found["products"]] == ["workers"]
    assert add(found["products"], "to_date_usd") == add(found["accounts"], "to_date_usd") > 0
    assert [budget["budget"] for budget in found["budgets"]] == ["shop"]
    assert found["assets"] == api.answer("/api/assets?project=shop")["assets"]
    everything = api.answer("/api/project/unassigned")
    assert len(everything["accounts"]) == 2
    assert (
        api.pages("/api/project/unassigned?sort=to_date", "assets", 2)
        == api.answer("/api/assets?project=unassigned&sort=to_date")["assets"]
    )
    assert names(api.answer("/api/project/unassigned?account=Other&kind=worker")) == ["blog"]


@pytest.mark.parametrize("path", ["/api/project/nope", "/api/project/shop%2Fweb", "/api/project/shop?account=Other"])
def test_an_unknown_project_is_not_found(api: Api, path: str) -> None:
    """It is told in the one shape of errors."""
    code, message = api.refusal(path, 404)
    assert code == "not_found"
    assert message.startswith("There is no project shop" if "shop" in path else "There is no project nope")


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/assets/1", "/api/openapi.yaml", "/api/project/"])
def test_what_is_not_there_is_told_in_the_shape_of_errors(api: Api, path: str) -> None:
    """Also where no endpoint answers; elsewhere it stays plain text."""
    response = api.ask(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    assert api.ask("/nothing").text == "Not Found"


@pytest.mark.parametrize("path", ["assets", "projects", "project/shop", "usage", "costs", "alerts", "health"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_api_can_only_be_read(api: Api, path: str, method: str) -> None:
    """Any other method is refused in the shape of errors, with the ones that are allowed."""
    response = api.ask(f"/api/{path}", method)
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_fault_of_our_own_is_told_in_the_shape_of_errors(api: Api, site: Site) -> None:
    """A bug is a 500 with a code, and says nothing of the inside."""
    snapshot = site.exporter.published.snapshot
    site.exporter.published.snapshot = 1  # type: ignore[assignment]
    try:
        response = api.ask("/api/assets")
        assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")
        assert api.ask("/").status_code == 500
    finally:
        site.exporter.published.snapshot = snapshot


def test_without_costs_of_assets_dollars_are_unknown() -> None:
    """Where the configuration shows no cost of assets, those of projects are told, and those of assets are null."""
    with running_api(costs={"assets": False}) as (api, _):
        rows = api.answer("/api/assets")["assets"]
        assert {row[name] for row in rows for name in (*DOLLARS, "list_cost_usd")} == {None}
        assert any(row["requests"] for row in rows)
        assert names(api.answer("/api/assets?sort=to_date")) == names(api.answer("/api/assets"))
        projects = api.answer("/api/projects")["projects"]
        assert add(projects, "to_date_usd") == Decimal(api.answer("/api/costs")["total"]["to_date_usd"]) > 0
        assert api.answer("/api/project/shop")["accounts"][0]["to_date_usd"] != "0.00"


def test_nothing_asks_cloudflare(api: Api, site: Site) -> None:
    """Whatever is asked is answered from what is here."""
    site.recorder.forget()
    for path in ("assets", "projects", "project/shop", "usage", "usage?step=month", "costs", "health"):
        api.answer(f"/api/{path}")
    assert site.recorder.asked == []


def test_what_is_left_out_is_not_told() -> None:
    """An account or an asset that the configuration excludes is in no answer."""
    with running_api() as (api, site):
        filters = {"assets": {"exclude": ["shop-*"]}}
        site.configure(accounts={"exclude": ["Other"], "alias": {ACCOUNT_ID: "production"}}, filters=filters)
        site.clock.advance(timedelta(minutes=11))
        api.run(site.refresh(2))
        rows = api.answer("/api/assets")["assets"]
        assert {row["account"] for row in rows} == {"production"}
        assert "shop-web" not in {row["name"] for row in rows}
        assert {row["account"] for row in api.answer("/api/projects")["projects"]} == {"production"}
        usage = api.pages("/api/usage?step=total", "usage", 50)
        assert {row["account"] for row in usage} == {"production"}
        assert {(row["asset"], row["asset_id"]) for row in usage if row["project"] == "shop"} == {("(filtered)", "")}
        assert "Unknown account Other" in api.refusal("/api/usage?account=Other")[1]
