"""The OpenAPI document: it is well formed, it is what the endpoints read, and its examples are as it says."""

from typing import Any

import httpx
import pytest

from exporter.exposition.api.alerts import ALERTS
from exporter.exposition.api.costs import COSTS
from exporter.exposition.api.endpoints import ViewEndpoints
from exporter.exposition.api.examples import EXAMPLES
from exporter.exposition.api.openapi import ENDPOINTS, openapi_document
from exporter.exposition.api.schemas import SCHEMAS
from tests.exposition.api.monitored import Monitored, evaluated, labels, of_prometheus, told
from tests.exposition.api.scene import Api, bare_api, running_api
from tests.exposition.shape import KNOWN, faults, name_of, schemas_within
from tests.exposition.test_server import Site as Web

DOCUMENT = openapi_document()


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_strict(name: str) -> None:
    """Each object names what it has and has nothing else, each key is described, and each reference leads somewhere."""
    for schema in schemas_within(SCHEMAS[name]):
        assert schema.keys() <= KNOWN
        if "$ref" in schema:
            assert name_of(schema) in SCHEMAS
            continue
        kinds = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
        if "object" in kinds:
            assert schema["additionalProperties"] is False or "properties" not in schema
            assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()
            for key, value in schema.get("properties", {}).items():
                assert key in {"kind", "name"} or "$ref" in value or value.get("description") or value.get("items")
        if "array" in kinds:
            assert "items" in schema


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_as_their_schemas_say(name: str) -> None:
    """Every answer has an example, and it is one."""
    assert list(faults(EXAMPLES[name], SCHEMAS[name], SCHEMAS)) == []


def test_what_is_wrong_is_found() -> None:
    """The check itself sees a key too many or too few, another type, and a text of another form."""
    asset = EXAMPLES["Assets"]["assets"][0]
    wrong = [
        asset | {"colour": "red"},
        {key: value for key, value in asset.items() if key != "id"},
        asset | {"requests": "1"},
        asset | {"requests": -1},
        asset | {"requests": True},
        asset | {"to_date_usd": "1.5e3"},
        asset | {"created": "yesterday"},
        asset | {"created": "2025-10-20T10:00:00"},
        asset | {"kind": "zone"},
        asset | {"name": None},
        [],
    ]
    for each in wrong:
        assert len(list(faults(each, SCHEMAS["Asset"], SCHEMAS))) == 1
    assert list(faults(asset, SCHEMAS["Asset"], SCHEMAS)) == []


def test_the_document_is_openapi() -> None:
    """Version, paths and operations are as the specification wants them."""
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    names = [item["get"]["operationId"] for item in DOCUMENT["paths"].values()]
    assert len(set(names)) == len(names) == len(ENDPOINTS)
    for path, item in DOCUMENT["paths"].items():
        operation = item["get"]
        in_path = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert [f"{{{name}}}" in path for name in in_path] == [True] * path.count("{")
        keys = [(each["in"], each["name"]) for each in operation["parameters"]]
        assert len(set(keys)) == len(keys)
        assert all(each["description"] and each["schema"] for each in operation["parameters"])
        assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")
        assert {"200", "400", "500"} <= operation["responses"].keys()
        for response in operation["responses"].values():
            assert response["description"]
            assert all(media["schema"] for media in response["content"].values())
    assert set(EXAMPLES) == {each.schema for each in ENDPOINTS} | {"Error"}


def test_every_schema_is_used() -> None:
    """None is left over from an answer that is no more."""
    used = {each.schema for each in ENDPOINTS} | {"Error"}
    for name in list(SCHEMAS) * 3:
        if name in used:
            used |= {name_of(each) for each in schemas_within(SCHEMAS[name]) if "$ref" in each}
    assert used == set(SCHEMAS)


def test_parameters_are_those_that_are_read() -> None:
    """The two endpoints with a reading of their own know the same parameters as the document."""
    described = {path: {each["name"] for each in item["get"]["parameters"]} for path, item in DOCUMENT["paths"].items()}
    assert described["/api/costs"] == {each.name for each in COSTS}
    assert described["/api/alerts"] == {each.name for each in ALERTS}


def test_every_route_of_the_api_is_described() -> None:
    """What is served below ``/api/`` is in the document, but for the document itself and redirects."""
    site = Web()
    served = {
        route.path.replace(":path", "")
        for route in site.app.routes
        if route.path.startswith("/api/") and route.path[-1] != "/"
    }
    assert served == {*DOCUMENT["paths"], "/api/openapi.json"}
    assert site.ask("/api/openapi.json").json() == DOCUMENT
    assert ViewEndpoints.__doc__


@pytest.mark.parametrize("by", ["account", "project", "product", "meter", "asset", "item", "day"])
def test_costs_are_as_the_document_says(costs: Api, by: str) -> None:
    """Whatever a row is, now and before, compared and not."""
    costs.answer(f"/api/costs?by={by}")
    costs.answer(f"/api/costs?by={by}&period=previous")
    if by != "day":
        costs.answer(f"/api/costs?by={by}&compare=shop,odd")
        costs.answer(f"/api/costs?by={by}&compare=previous,current")
    costs.refusal("/api/costs?by=zone")


@pytest.fixture(scope="module")
def costs() -> Any:
    """An exporter whose costs are asked."""
    with running_api() as (api, _):
        yield api


@pytest.mark.parametrize("is_told", [True, False])
def test_alerts_are_as_the_document_says(is_told: bool) -> None:
    """Whoever is asked, and also where nobody answers."""
    site = Monitored()
    found = labels("CloudflareWorkerErrorRatioHigh", account="Example", project="shop", script_name="shop-web")
    site.alertmanager = [told({**found, "product": "workers"}), told(labels("CloudflareOther", severity="odd"))]
    site.prometheus = of_prometheus(evaluated(found, value="2.5e-01"), evaluated(found, "pending", "NaN"))
    site.is_told = is_told
    answers: list[httpx.Response] = [site.ask(query) for query in ("", "?state=all", "?watchdog=true", "?state=odd")]
    site.alertmanager = site.prometheus = OSError("gone")
    answers.append(site.ask())
    assert {answer.status_code for answer in answers} == {200, 400, 503}
    for answer in answers:
        name = "Alerts" if answer.status_code == 200 else "Error"
        assert list(faults(answer.json(), SCHEMAS[name], SCHEMAS)) == []


def test_the_api_is_there_before_anything_else() -> None:
    """The document can be read before the first refresh."""
    with bare_api(Web().app) as api:
        assert api.described == DOCUMENT
