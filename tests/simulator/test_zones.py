"""Zones: their list, what GraphQL answers about each, their plans, and how they are deleted and moved."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from exporter.simulator import AccountModel, Fault, Kind, ManualClock, Simulator, TokenModel, Zone
from tests.simulator.client import ACCOUNT, HOUR, NINE, OTHER_ACCOUNT, RANGE, REQUESTS, TOKEN, Client, between

OPERATIONS = "cacheReserveOperationsAdaptiveGroups"
ROWS = f"rows: {OPERATIONS}(limit: 100, filter: {{{RANGE}}}) {{ dimensions {{ operationClass }} sum {{ requests }} }}"
SHOP, BLOG, PENDING, FOREIGN = "a1" * 16, "a2" * 16, "a3" * 16, "b1" * 16


@pytest.fixture
def account() -> AccountModel:
    """An account with two active zones and one that waits for its name servers."""
    zones = (
        Zone(id=SHOP, name="shop.example", plan="pro", weight=20),
        Zone(id=BLOG, name="blog.example", disabled_datasets=frozenset({OPERATIONS})),
        Zone(id=PENDING, name="new.example", status="pending"),
    )
    return AccountModel(id=ACCOUNT, name="Example", assets=zones)


@pytest.fixture
def simulator(account: AccountModel, simulate: Callable[..., Simulator]) -> Simulator:
    """Two accounts with zones, and a token that sees only the first."""
    other = AccountModel(id=OTHER_ACCOUNT, name="Other", assets=(Zone(id=FOREIGN, name="other.example"),))
    tokens = (TokenModel(token=TOKEN, accounts=frozenset({ACCOUNT})), TokenModel(token="all"))
    return simulate(accounts=(account, other), tokens=tokens)


def listed(client: Client, **query: str) -> list[str]:
    """The names of the zones that a list has."""
    return [zone["name"] for zone in client.get("/zones", params=query).json()["result"]]


def ask(client: Client, *zones: str, nodes: str = ROWS, nested: str = ACCOUNT) -> Any:
    """The answer about zones, within an account or, without one, at the top."""
    selection = f"zones(filter: {{zoneTag_in: $zones}}) {{ zoneTag {nodes} }}"
    if nested:
        selection = f'accounts(filter: {{accountTag: "{nested}"}}) {{ {selection} }}'
    return client.graphql(f"query ($zones: [string!]) {{ viewer {{ {selection} }} }}", zones=list(zones)).json()


def of_zones(answer: Any) -> dict[str, Any]:
    """The zones of an answer, by id."""
    viewer = answer["data"]["viewer"]
    (*_, owner) = [viewer, *viewer.get("accounts", ())]
    return {zone["zoneTag"]: zone for zone in owner["zones"]}


def amounts(rows: list[Any]) -> dict[tuple[str, ...], dict[str, int]]:
    """The rows of a zone as the oracle has them."""
    return {(row["dimensions"]["operationClass"],): row["sum"] for row in rows}


def test_the_list(client: Client) -> None:
    """All zones of the token's accounts, or those of one account or one status; a foreign account has none."""
    assert listed(client) == ["shop.example", "blog.example", "new.example"]
    assert listed(client, **{"account.id": ACCOUNT, "status": "active"}) == ["shop.example", "blog.example"]
    assert listed(client, **{"account.id": OTHER_ACCOUNT}) == []
    zone = client.get("/zones", params={"name": "shop.example"}).json()["result"][0]
    assert (zone["id"], zone["plan"]["legacy_id"], zone["account"]["id"]) == (SHOP, "pro", ACCOUNT)
    assert client.get("/zones", params={"per_page": "51"}).status_code == 400


@pytest.mark.parametrize("nested", [ACCOUNT, ""])
def test_each_zone_has_its_own_rows(client: Client, simulator: Simulator, nested: str) -> None:
    """The rows of a zone are the oracle's of that zone; a second zone changes nothing of them."""
    simulator.add(ACCOUNT, Zone(id="a4" * 16, name="more.example", weight=5))
    found = of_zones(ask(client, "a4" * 16, SHOP, nested=nested))
    truth = simulator.used(ACCOUNT, OPERATIONS, NINE, NINE + HOUR, by=("zoneTag", "operationClass"))
    assert truth
    assert {(zone, *key): row for zone, node in found.items() for key, row in amounts(node["rows"]).items()} == {
        key: row for key, row in truth.items() if key[0] != BLOG and key[0] != PENDING
    }


def test_a_zone_of_another_account_costs_all(client: Client, simulator: Simulator) -> None:
    """No zone of a selection is answered if one is not the account's; datasets of the account are."""
    answer = ask(client, SHOP, FOREIGN)
    assert answer["data"]["viewer"]["accounts"] == [{"zones": None}]
    (error,) = answer["errors"]
    assert error["message"] == f"zones [{FOREIGN}] are not authorized"
    assert (error["path"], error["extensions"]["code"]) == (["viewer", "accounts", "0", "zones"], "authz")
    seeing_all = Client(simulator, "all")
    assert list(of_zones(ask(seeing_all, SHOP, FOREIGN, nested=""))) == [SHOP, FOREIGN]
    assert ask(seeing_all, SHOP, FOREIGN)["errors"]


def test_a_plan_without_the_dataset_costs_its_zone(client: Client) -> None:
    """The error has the place of the zone in its path, and the zone's settings say it beforehand."""
    answer = ask(client, SHOP, BLOG)
    assert of_zones(answer)[SHOP]["rows"]
    assert of_zones(answer)[BLOG]["rows"] is None
    assert answer["errors"][0]["path"] == ["viewer", "accounts", "0", "zones", "1", "rows"]
    settings = of_zones(ask(client, SHOP, BLOG, nodes=f"settings {{ {OPERATIONS} {{ enabled availableFields }} }}"))
    enabled = {zone: node["settings"][OPERATIONS]["enabled"] for zone, node in settings.items()}
    assert enabled == {SHOP: True, BLOG: False}
    assert "dimensions_zoneTag" not in settings[SHOP]["settings"][OPERATIONS]["availableFields"]


def test_a_document_about_too_many_zones_is_refused(client: Client, simulator: Simulator) -> None:
    """More than ten zones are; and fewer, if the datasets of all come to more than ten."""
    more = [f"c{number}" * 16 for number in range(10)]
    for zone in more:
        simulator.add(ACCOUNT, Zone(id=zone, name=f"{zone[:2]}.example"))
    assert ask(client, *more)["errors"] is None
    eleven = ask(client, SHOP, *more)["errors"][0]
    assert (eleven["message"], eleven["extensions"]["code"]) == ("too many zones requested", "quota")
    assert (
        "too many nodes, zones"
        in ask(client, *more[:6], nodes=ROWS + ROWS.replace("rows", "again"))["errors"][0]["message"]
    )


def test_faults_of_one_zone(client: Client, simulator: Simulator) -> None:
    """A fault may be one zone's: it fails, is left out or has a plan of its own, and the other is answered."""
    assert client.ask(REQUESTS)["errors"] is None
    simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, zone=SHOP, times=1))
    assert of_zones(ask(client, SHOP, BLOG))[SHOP]["rows"] is None
    simulator.faults.add(Fault(kind=Kind.ZONE_ABSENT, zone=BLOG, times=1))
    answer = ask(client, SHOP, BLOG)
    assert (list(of_zones(answer)), answer["errors"]) == ([SHOP], None)
    simulator.faults.add(Fault(kind=Kind.SMALL_PAGES, zone=SHOP, limit=10))
    settings = of_zones(ask(client, SHOP, BLOG, nodes=f"settings {{ {OPERATIONS} {{ maxPageSize }} }}"))
    sizes = [node["settings"][OPERATIONS]["maxPageSize"] for node in settings.values()]
    assert sizes == [10, 10_000]


def test_a_deleted_zone_is_nowhere(client: Client, simulator: Simulator, clock: ManualClock) -> None:
    """It leaves the list and may not be asked about any more."""
    simulator.delete(ACCOUNT, "zone", SHOP)
    clock.advance(timedelta(seconds=1))
    assert listed(client) == ["blog.example", "new.example"]
    assert "not authorized" in ask(client, SHOP)["errors"][0]["message"]


def test_a_zone_moves_to_another_account(simulator: Simulator, clock: ManualClock) -> None:
    """From then on it is listed and answered there, and what was used before stays where it was used."""
    client = Client(simulator, "all")
    simulator.move_zone(ACCOUNT, SHOP, OTHER_ACCOUNT)
    clock.advance(HOUR)
    assert listed(client, **{"account.id": OTHER_ACCOUNT}) == ["other.example", "shop.example"]
    assert "not authorized" in ask(client, SHOP)["errors"][0]["message"]
    now = clock.now().replace(second=0)
    rows = ROWS.replace(RANGE, between(NINE, now))
    found = of_zones(ask(client, SHOP, nodes=rows, nested=OTHER_ACCOUNT))[SHOP]["rows"]
    by = ("zoneTag", "operationClass")
    before, after = (simulator.used(account, OPERATIONS, NINE, now, by=by) for account in (ACCOUNT, OTHER_ACCOUNT))
    assert amounts(found) == {key[1:]: row for key, row in after.items() if key[0] == SHOP}
    assert {key for key in before if key[0] == SHOP}


def test_the_control_interface_moves_and_creates_zones(client: Client, simulator: Simulator) -> None:
    """A zone is created like any asset, and moved by a request of its own."""

    def post(route: str, **body: object) -> int:
        return client.request("POST", f"/_sim/{route}", json=body).status_code

    assert post("create", account=ACCOUNT, kind="zone", id="a5" * 16, name="late.example", plan="business") == 200
    assert listed(client)[-1] == "late.example"
    assert post("move-zone", account=ACCOUNT, id="a5" * 16, to=OTHER_ACCOUNT) == 200
    assert "late.example" not in listed(client)
    assert post("move-zone", account=ACCOUNT, id="a5" * 16, to=OTHER_ACCOUNT) == 400
    assert post("move-zone", account=ACCOUNT, id=SHOP, to="nowhere") == 400


def test_the_accounts_node_tells_zones_apart(client: Client, simulator: Simulator) -> None:
    """It gives the same rows as the nodes of the zones, each with its zone, of all zones or of those named."""
    simulator.add(ACCOUNT, Zone(id="a4" * 16, name="docs.example"))
    name, dimensions = "dnsAnalyticsAdaptiveGroups", "queryType responseCode"
    node = f"rows: {name}(limit: 100, filter: {{{RANGE}}}) {{ count dimensions {{ {dimensions} }} }}"
    own = {zone: said["rows"] for zone, said in of_zones(ask(client, SHOP, "a4" * 16, nodes=node)).items()}
    assert len(own) == 2 and all(own.values())
    for named, expected in ((f'zoneTag_in: ["{SHOP}"]', {SHOP}), ('zoneTag_neq: ""', {SHOP, BLOG, PENDING, "a4" * 16})):
        whole = f"{name}(limit: 100, filter: {{{RANGE}, {named}}}) {{ count dimensions {{ zoneTag {dimensions} }} }}"
        query = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ rows: {whole} }} }} }}'
        rows = client.graphql(query).json()["data"]["viewer"]["accounts"][0]["rows"]
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row["dimensions"].pop("zoneTag"), []).append(row)
        assert found.keys() == expected
        assert {zone: there for zone, there in found.items() if zone in own} == {
            zone: own[zone] for zone in found if zone in own
        }
