"""The OpenAPI 3.1 document of the API: https://spec.openapis.org/oas/v3.1.0"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter import __version__
from exporter.exposition.api import endpoints
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.alerts import ALERTS
from exporter.exposition.api.costs import COSTS
from exporter.exposition.api.examples import EXAMPLES
from exporter.exposition.api.parameters import Parameter
from exporter.exposition.api.schemas import SCHEMAS

DESCRIPTION = """Everything is answered from what the exporter has in memory, or from its ledger: nothing asks
Cloudflare. Only `/api/alerts` asks somebody: Prometheus or Alertmanager.

Dollars and quantities are exact decimals, as text; times are UTC. A parameter that may be repeated wants one of its
values; different parameters all have to hold. What is wrong is always told as `{"error": {"code", "message"}}`.

Long lists come in pages. They are in an order that does not change, and `next_cursor` leads on from the last row of a
page rather than from a number of rows: what comes or goes meanwhile shifts nothing, so rows whose place in the order
stays are told exactly once. That is always so in the order of names; figures, which grow, may move a row."""

BAD = "What was asked makes no sense; the message says why."
NOT_READY = "There are no data yet (`not_ready`)."


@dataclass(frozen=True, slots=True)
class ApiPath:
    """A path of the API: what it is for, what it is asked, and what it answers; ``errors`` are by status."""

    path: str
    name: str
    summary: str
    text: str
    parameters: Sequence[Parameter]
    schema: str
    errors: Mapping[int, str]
    query: str = ""
    gives_csv: bool = False


ENDPOINTS = (
    ApiPath(
        "/api/assets",
        "listAssets",
        "Which assets there are",
        "Each with what its list says of it, its counters, and its share of the cost of the billing cycle.",
        endpoints.ASSETS,
        "Assets",
        {400: BAD, 503: NOT_READY},
        "?project=shop&sort=to_date&limit=1",
    ),
    ApiPath(
        "/api/projects",
        "listProjects",
        "Which projects there are",
        "Each project of each account, with numbers of assets, counters and cost.",
        endpoints.PROJECTS,
        "Projects",
        {400: BAD, 503: NOT_READY},
        "?account=Example",
    ),
    ApiPath(
        "/api/project/{name}",
        "getProject",
        "One project",
        "Its sums in each account, its cost by product, its budgets, and its assets in pages.",
        (asked_for.NAME_IN_PATH, *endpoints.PROJECT),
        "ProjectDetail",
        {400: BAD, 404: "There is no such project (`not_found`).", 503: NOT_READY},
        "?limit=1",
    ),
    ApiPath(
        "/api/usage",
        "listUsage",
        "What was used when",
        "Sums by asset and meter for each day, week or month, from the ledger. Days are read one by one until a page "
        "is full; longer steps have to add up all of their days first.",
        endpoints.USAGE,
        "UsagePage",
        {400: BAD, 503: "There are no data yet (`not_ready`), or the ledger cannot be read (`storage`)."},
        "?since=2025-10-01&project=shop&meter=workers_cpu_ms&limit=1",
    ),
    ApiPath(
        "/api/costs",
        "getCosts",
        "What it costs",
        "The same as the command `costs`: costs of a billing cycle, grouped or compared.",
        COSTS,
        "Costs",
        {400: BAD, 503: NOT_READY},
        "?by=project",
        gives_csv=True,
    ),
    ApiPath(
        "/api/alerts",
        "listAlerts",
        "What fires",
        "Asked of Alertmanager or Prometheus, where the configuration names them.",
        ALERTS,
        "Alerts",
        {400: BAD, 503: "Nobody could say what fires; the code and the message say why."},
        "?severity=critical&severity=warning",
    ),
    ApiPath(
        "/api/health",
        "getHealth",
        "How the exporter stands",
        "What the first page says: always answered with 200, so look at `status`. Probes are better off with "
        "`/-/healthy` and `/-/ready`.",
        endpoints.HEALTH,
        "Health",
        {400: BAD},
    ),
)
"""All endpoints, in the order in which the page tells them."""


def openapi_document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloudflare exporter",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {each.path: {"get": _operation(each)} for each in ENDPOINTS},
        "components": {"schemas": SCHEMAS},
    }


def _operation(endpoint: ApiPath) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": _media(endpoint.schema)}
    if endpoint.gives_csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    errors = {**endpoint.errors, 500: "The exporter has failed (`internal`); its log says why."}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": endpoint.text,
        "parameters": [_parameter(each) for each in endpoint.parameters],
        "responses": {
            "200": {"description": SCHEMAS[endpoint.schema]["description"], "content": content},
            **{
                str(status): {"description": text, "content": {"application/json": _media("Error")}}
                for status, text in sorted(errors.items())
            },
        },
    }


def _media(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": EXAMPLES[name]}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = {"type": "array", "items": parameter.schema} if parameter.is_repeatable else parameter.schema
    return {
        "name": parameter.name,
        "in": "path" if parameter.is_in_path else "query",
        "description": parameter.text,
        "required": parameter.is_in_path,
        "schema": schema,
    }
