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

DESCRIPTION = """All answers come from the exporter's memory or its ledger, and none from Cloudflare. Only `/api/alerts`
asks another server: Alertmanager or Prometheus.

Dollars and quantities are exact decimals, written as text; times are UTC. A repeatable parameter matches any of its
values; different parameters must all match. Errors have the form `{"error": {"code", "message"}}`.

Long lists come in pages. Their order is stable, and `next_cursor` continues after the last row of a page rather than
after a number of rows: rows that appear or disappear in between shift nothing, so every row that keeps its place in the
order is returned exactly once. This always holds in the order of names; in the order of a growing figure, rows may
move."""

BAD = "The request is invalid; the message says why."
NOT_READY = "There is no data yet (`not_ready`)."


@dataclass(frozen=True, slots=True)
class ApiPath:
    """A path of the API: its purpose, parameters and answer, and its ``errors`` by status.

    ``name`` is its operation id, and ``query`` the query string of an example request.
    """

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
        "List assets",
        "Each asset with its details from discovery, its counters, and its share of the cost of the billing cycle.",
        endpoints.ASSETS,
        "Assets",
        {400: BAD, 503: NOT_READY},
        "?project=shop&sort=to_date&limit=1",
    ),
    ApiPath(
        "/api/projects",
        "listProjects",
        "List projects",
        "Each project of each account, with its number of assets, counters and cost.",
        endpoints.PROJECTS,
        "Projects",
        {400: BAD, 503: NOT_READY},
        "?account=Example",
    ),
    ApiPath(
        "/api/project/{name}",
        "getProject",
        "Get a project",
        "Its sums in each account, its cost by product, its budgets, and its assets in pages.",
        (asked_for.NAME_IN_PATH, *endpoints.PROJECT),
        "ProjectDetail",
        {400: BAD, 404: "There is no such project (`not_found`).", 503: NOT_READY},
        "?limit=1",
    ),
    ApiPath(
        "/api/usage",
        "listUsage",
        "List usage by time",
        "Sums by asset and meter for each day, week or month, from the ledger. Days are read one by one until a page "
        "is full; weeks and months have to add up all of their days first.",
        endpoints.USAGE,
        "UsagePage",
        {400: BAD, 503: "There is no data yet (`not_ready`), or the ledger cannot be read (`storage`)."},
        "?since=2025-10-01&project=shop&meter=workers_cpu_ms&limit=1",
    ),
    ApiPath(
        "/api/texts",
        "listTexts",
        "List texts",
        "The texts behind labels: free text, such as a query, is no label, so a short hash stands for it on metrics. "
        "The released products have no such label.",
        endpoints.TEXTS,
        "Texts",
        {400: BAD, 503: NOT_READY},
        "?label=query&value=2bb781f88d",
    ),
    ApiPath(
        "/api/costs",
        "getCosts",
        "Get costs",
        "The costs of a billing cycle, grouped or compared, as in the command `costs`.",
        COSTS,
        "Costs",
        {400: BAD, 503: NOT_READY},
        "?by=project",
        gives_csv=True,
    ),
    ApiPath(
        "/api/alerts",
        "listAlerts",
        "List alerts",
        "The current alerts, from Alertmanager or Prometheus if the configuration names one of them.",
        ALERTS,
        "Alerts",
        {400: BAD, 503: "The alerts could not be fetched; the code and the message say why."},
        "?severity=critical&severity=warning",
    ),
    ApiPath(
        "/api/health",
        "getHealth",
        "Get the exporter's health",
        "The data of the status page. The answer is always 200, so check `status`; probes should use `/-/healthy` and "
        "`/-/ready`.",
        endpoints.HEALTH,
        "Health",
        {400: BAD},
    ),
)
"""All endpoints, in the order of the generated page."""


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloudflare exporter",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to the document, which a proxy may serve below a prefix.
        "servers": [{"url": ".."}],
        "paths": {each.path: {"get": _operation(each)} for each in ENDPOINTS},
        "components": {"schemas": SCHEMAS},
    }


def _operation(endpoint: ApiPath) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": _media(endpoint.schema)}
    if endpoint.gives_csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    errors = {**endpoint.errors, 500: "The exporter failed (`internal`); its log says why."}
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
