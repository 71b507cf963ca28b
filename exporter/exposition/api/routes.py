"""The routes of the API, and the answers to unknown paths and internal errors."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter.alerts import AlertsUnavailable
from exporter.exposition.api.alerts import AlertsEndpoint
from exporter.exposition.api.costs import CostsEndpoint
from exporter.exposition.api.endpoints import ViewEndpoints
from exporter.exposition.api.errors import REFUSALS, answer_no_alerts, answer_refusal, error_response
from exporter.exposition.api.openapi import openapi_document

API_PREFIX = "/api/"


def api_routes(costs: CostsEndpoint, alerts: AlertsEndpoint, views: ViewEndpoints) -> list[Route]:
    """Return the routes of everything below ``/api/``."""
    described = JSONResponse(openapi_document())

    async def describe(_: Request) -> Response:
        return described

    return [
        Route("/api/assets", views.assets),
        Route("/api/projects", views.projects),
        Route("/api/project/{name:path}", views.project),
        Route("/api/usage", views.usage),
        Route("/api/texts", views.texts),
        Route("/api/costs", costs.answer),
        Route("/api/alerts", alerts.answer),
        Route("/api/health", views.health),
        Route("/api/openapi.json", describe),
    ]


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer a request that no route takes: below ``/api/`` in the API's own format."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith(API_PREFIX):
        return PlainTextResponse(error.detail, error.status_code, error.headers)
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"There is nothing at {request.url.path}. /api/openapi.json describes all paths."
        return error_response(error.status_code, "not_found", message)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.method} is not allowed: the API is read-only. Use GET."
        return error_response(error.status_code, "method_not_allowed", message, error.headers)
    return error_response(error.status_code, "bad_request", error.detail, error.headers)


async def answer_fault(request: Request, _: Exception) -> Response:
    """Answer after an error in the exporter itself, which the log explains."""
    if not request.url.path.startswith(API_PREFIX):
        return PlainTextResponse("Internal Server Error", HTTPStatus.INTERNAL_SERVER_ERROR)
    message = "The exporter failed to answer. Its log says why."
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)


ERROR_HANDLERS = {
    **dict.fromkeys(REFUSALS, answer_refusal),
    AlertsUnavailable: answer_no_alerts,
    HTTPException: answer_error,
    Exception: answer_fault,
}
"""The handler of each error that an endpoint or the router raises."""
