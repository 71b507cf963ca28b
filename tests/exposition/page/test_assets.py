"""The assets on the status page: by project, sorted and narrowed down as its links and its form say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from exporter.exposition.page import assets as limits
from exporter.metrics.asset_usage import AssetPlace, AssetUsage, ListedAsset, UsageTotals
from exporter.metrics.snapshot import Snapshot
from tests.cli.commands.scene import ODD, OTHER_ID, PIPED
from tests.exactness.worlds import ACCOUNT_ID
from tests.exposition.api.scene import Api, running_api
from tests.exposition.page.reader import Page, page_of, page_response
from tests.exposition.snapshots import ACCOUNT_ID as EXAMPLE
from tests.exposition.snapshots import AT, snapshot

ASSETS = "Assets by project"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """An exporter that runs, and whose time stands still."""
    with running_api() as (found, _):
        yield found


def page(api: Api, query: str = "", status: int = 200) -> Page:
    """The page that answers a question."""
    response = api.ask(f"/?{query}" if query else "/")
    assert response.status_code == status
    return Page(response.text)


def projects(shown: Page) -> list[str]:
    """The projects in their order, without the links after their names."""
    return [row["Project"].split()[0] for row in shown.tables[ASSETS] if "Project" in row]


def names(shown: Page) -> list[str]:
    """The assets in their order."""
    return [row["Asset"] for row in shown.tables[ASSETS] if "Asset" in row]


def money(text: str) -> Decimal:
    """What a cell says in dollars; less than a cent is half of one."""
    return Decimal("0.005") if text == "<$0.01" else Decimal(text.replace("$", "").replace(",", ""))


def test_the_page_and_the_api_say_the_same(api: Api) -> None:
    """Every asset of the API stands on the page with its figures, below its project with those of the API."""
    shown = page(api)
    rows = {row["Asset"]: row for row in shown.tables[ASSETS] if "Asset" in row}
    told = api.answer("/api/assets")["assets"]
    assert sorted(rows) == sorted(each["name"] for each in told)
    for each in told:
        row = rows[each["name"]]
        assert row["Kind"] == each["kind"].replace("_", " ")
        assert row["Requests"] == ("-" if each["requests"] is None else f"{each['requests']:,}")
        assert row["Errors"] == ("-" if each["errors"] is None else f"{each['errors']:,}")
        if each["to_date_usd"] is None:
            assert row["Cost to date"] == "-"
        else:
            assert abs(money(row["Cost to date"]) - Decimal(each["to_date_usd"])) <= Decimal("0.005")
            assert abs(money(row["Forecast"]) - Decimal(each["forecast_usd"])) <= Decimal("0.005")
    heads = [row for row in shown.tables[ASSETS] if "Project" in row]
    wholes = api.answer("/api/projects")["projects"]
    assert sorted((row["Project"].split()[0], row["Assets"].split()[0]) for row in heads) == sorted(
        (each["project"], str(each["assets"])) for each in wholes
    )
    assert sum(money(row["Cost to date"]) for row in heads) > 0
    example, other = shown.tables["Accounts"]
    assert (example["Account"], example["Id"], other["Id"]) == ("production", ACCOUNT_ID, OTHER_ID)
    assert int(example["Assets"]) + int(other["Assets"]) == len(told)
    assert example["Billing cycle (UTC)"] == "2025-10-14 to 2025-11-14"


@pytest.mark.parametrize("column", ["Requests", "Errors", "Cost to date", "Forecast"])
def test_a_click_on_a_head_sorts_and_another_turns_the_order_round(api: Api, column: str) -> None:
    """The largest first, then the smallest; projects by their sums, and the assets within each. Unknown comes last."""

    def values(shown: Page, kind: str) -> list[Decimal]:
        found = [row[column] for row in shown.tables[ASSETS] if kind in row]
        known = [money(text) for text in found if text != "-"]
        assert found[: len(known)] == [text for text in found if text != "-"] or kind == "Asset"
        return known

    first = page(api, "sort=name")
    largest = page(api, urlsplit(first.links[column]).query)
    assert largest.sorted == {column: "descending"}
    smallest = page(api, urlsplit(largest.links[column]).query)
    assert smallest.sorted == {column: "ascending"}
    assert values(largest, "Project") == sorted(values(largest, "Project"), reverse=True)
    assert values(smallest, "Project") == sorted(values(smallest, "Project"))
    for shown, sign in ((largest, -1), (smallest, 1)):
        for part in parts(shown):
            known = [sign * money(row[column]) for row in part if row[column] != "-"]
            assert known == sorted(known)
            assert [row[column] == "-" for row in part] == sorted(row[column] == "-" for row in part)


def parts(shown: Page) -> list[list[dict[str, str]]]:
    """The assets of each project."""
    found: list[list[dict[str, str]]] = []
    for row in shown.tables[ASSETS]:
        if "Project" in row:
            found.append([])
        elif "Asset" in row:
            found[-1].append(row)
    return found


def test_the_most_expensive_come_first_unless_somebody_says_otherwise(api: Api) -> None:
    """That is what a person looks for; by name they go from A on, and then back from Z."""
    assert page(api).sorted == {"Cost to date": "descending"}
    by_name = page(api, urlsplit(page(api).links["Asset"]).query)
    assert by_name.sorted == {"Asset": "ascending"}
    back = page(api, urlsplit(by_name.links["Asset"]).query)
    assert back.sorted == {"Asset": "descending"}
    assert projects(back) == projects(by_name)[::-1] != projects(by_name)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("text=SHOP", ["shop-web"]),
        ("text=+shop+", ["shop-web"]),
        ("text=0-1", [PIPED]),
        (urlencode({"text": ODD}), [ODD]),
        ("project=shop&account=&kind=&text=", ["shop-web"]),
        ("project=shop&kind=d1_database", []),
        ("text=nothing-like-it", []),
        ("account=Nobody", None),
    ],
)
def test_the_form_narrows_down(api: Api, query: str, there: list[str] | None) -> None:
    """By a part of the name or the id, by account, project and kind; what is left empty says nothing."""
    if there is None:
        shown = page(api, query, 400)
        assert "Unknown account Nobody. Known accounts: production, Other." in " ".join(shown.texts)
        assert shown.links["Show everything"] == "?#assets"
        assert len(shown.tables["Accounts"]) == 2, "the rest of the page is still there"
        return
    shown = page(api, query)
    assert names(shown) == there
    assert names(page(api, urlsplit(shown.links["Show everything"]).query)) == names(page(api))


def test_what_can_be_chosen_is_what_there_is(api: Api) -> None:
    """Each project, account and kind that has assets, and all."""
    options = page(api).options
    told = api.answer("/api/projects")["projects"]
    assert options["project"] == ["all", *sorted({each["project"] for each in told})]
    assert options["account"] == ["all", "Other", "production"]
    assert options["kind"] == [
        "all",
        *sorted({kind.replace("_", " ") for each in told for kind in each["assets_by_kind"]}),
    ]


def test_with_a_text_the_sums_are_of_what_has_it(api: Api) -> None:
    """A project's line counts what is shown below it."""
    (head, row) = page(api, "text=shop-web").tables[ASSETS]
    assert head["Assets"] == "1 asset"
    assert (head["Requests"], head["Cost to date"]) == (row["Requests"], row["Cost to date"])


def test_a_choice_is_kept_where_the_order_changes(api: Api) -> None:
    """Links of the heads ask the same but for the order, and begin with the first page."""
    shown = page(api, "project=shop&sort=errors&order=asc")
    assert dict(parse_qsl(urlsplit(shown.links["Requests"]).query)) == {
        "project": "shop",
        "sort": "requests",
        "order": "desc",
    }


@pytest.mark.parametrize(
    "query", ["sort=colour", "order=up", "kind=house", "cursor=x", "page=2", "sort=name&sort=name"]
)
def test_a_wrong_question_is_told_on_the_page(api: Api, query: str) -> None:
    """Nothing is guessed."""
    shown = page(api, query, 400)
    assert (shown.tables[ASSETS], shown.heads[ASSETS]) == ([], [])
    assert "Show everything" in shown.links


def many(projects_there: int, assets_of_each: int) -> Snapshot:
    """A snapshot of many assets; each has as many requests as its number says."""
    asset_usage, uses = [], {}
    for number in range(projects_there):
        for each in range(assets_of_each):
            place = AssetPlace(EXAMPLE, f"project{number:03}", "worker", f"worker-{number:03}-{each:04}")
            asset_usage.append(
                ListedAsset(place, "Example", f"id-{number}-{each}", last_used=AT - timedelta(hours=each))
            )
            uses[place] = UsageTotals(requests=each, errors=0)
    return replace(snapshot(), asset_usage=AssetUsage(tuple(asset_usage), uses))


def walked(shown_of: Snapshot, query: str) -> list[Page]:
    """All pages, by their own links."""
    pages = [page_of(shown_of, query=query)]
    while "Next page" in pages[-1].links:
        pages.append(page_of(shown_of, query=urlsplit(pages[-1].links["Next page"]).query))
    return pages


@pytest.mark.parametrize("sort", ["name", "requests", "to_date", "last_used"])
def test_many_projects_come_page_by_page(sort: str) -> None:
    """Each once; of each the first assets, and a link to all of them."""
    there = many(60, 12)
    pages = walked(there, f"sort={sort}")
    assert [len(projects(each)) for each in pages] == [25, 25, 10]
    assert sorted(name for each in pages for name in projects(each)) == sorted({f"project{n:03}" for n in range(60)})
    assert all(len(part) == limits.ASSETS_OF_EACH for each in pages for part in parts(each))
    assert "First page" in pages[1].links
    assert "First page" not in pages[0].links
    one = (
        page_of(there, query=urlsplit(pages[0].links["all 12 assets of project000"]).query) if sort == "name" else None
    )
    assert one is None or len(names(one)) == 12


def test_a_project_with_many_assets_comes_page_by_page() -> None:
    """Each asset once, in order over all pages."""
    pages = walked(many(2, 600), "project=project001&sort=requests")
    assert [len(names(each)) for each in pages] == [250, 250, 100]
    requests = [int(row["Requests"]) for each in pages for row in each.tables[ASSETS] if "Asset" in row]
    assert requests == list(range(599, -1, -1))
    assert [[row["Assets"] for row in each.tables[ASSETS] if "Assets" in row] for each in pages] == [["600 assets"]] * 3


def test_a_small_account_is_shown_whole() -> None:
    """Nothing is cut off where everything has room on one page."""
    shown = page_of(many(5, 50))
    assert len(names(shown)) == 250
    assert "Next page" not in shown.links


def test_assets_lead_to_their_dashboards() -> None:
    """With everything chosen there, whatever is in a name; a project also to its page, and to its API."""
    place = AssetPlace(EXAMPLE, "a&b", "worker", "x y&z")
    one = replace(snapshot(), asset_usage=AssetUsage((ListedAsset(place, "Example", "1"),), {place: UsageTotals(1, 0)}))
    shown = page_of(one, grafana_url="http://grafana.test")
    url = urlsplit(shown.links["x y&z"])
    assert url.path == "/d/cloudflare-workers"
    assert dict(parse_qsl(url.query)) == {"var-account": "Example", "var-project": "a&b", "var-script_name": "x y&z"}
    assert dict(parse_qsl(urlsplit(shown.links["Dashboard"]).query)) == {
        "var-account": "Example",
        "var-project": "a&b",
    }
    assert shown.links["API"] == f"./api/project/a%26b?account={EXAMPLE}"
    assert "x y&z" not in page_of(one).links


@pytest.mark.parametrize(
    ("kind", "identity", "name", "path"),
    [
        ("worker", "f0e1", "shop-web", "workers/services/view/shop-web/production/metrics"),
        ("worker", "f0e1", "shop-web (f0e1d2c3)", "workers/services/view/shop-web/production/metrics"),
        ("worker", "f0e1", "../x?y", "workers/services/view/..%2Fx%3Fy/production/metrics"),
        ("d1_database", "6f1c-4a", "orders", "workers/d1/databases/6f1c-4a/metrics"),
        ("r2_bucket", "eu_media", "media", "r2/eu/buckets/media"),
        ("unheard_of", "1", "one", None),
    ],
)
def test_assets_lead_to_their_pages_at_cloudflare(kind: str, identity: str, name: str, path: str | None) -> None:
    """By id or name, as the kind has it; what tells two of the same name apart is no part of the name."""
    place = AssetPlace(EXAMPLE, "shop", kind, name)
    listed = ListedAsset(place, "Example", identity)
    shown = page_of(replace(snapshot(), asset_usage=AssetUsage((listed,), {place: UsageTotals(1, 0)})))
    wanted = f"https://dash.cloudflare.com/{EXAMPLE}/{path}" if path else None
    assert shown.links.get(kind.replace("_", " ")) == wanted


def test_names_are_text() -> None:
    """A name from outside, and what somebody typed, stand on the page as they are."""
    nasty = '<script>alert("1")</script>'
    place = AssetPlace(EXAMPLE, nasty, "worker", nasty)
    one = replace(snapshot(), asset_usage=AssetUsage((ListedAsset(place, nasty, nasty),), {}))
    shown = page_of(one, query=urlencode({"text": nasty.upper(), "project": nasty}), grafana_url="http://grafana.test")
    assert names(shown) == [nasty]
    assert "script" not in shown.outside
    assert "<script" not in page_response(one, query=urlencode({"account": nasty})).text.lower()
