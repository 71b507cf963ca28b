"""Error answers of the API: an exception becomes a status, one word and a sentence."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.alerts import AlertsUnavailable
from exporter.costs.history import QueryError
from exporter.model import ExporterError


class NotReady(ExporterError):
    """There is no snapshot yet."""

    def __init__(self) -> None:
        super().__init__("No data yet: the first refresh is under way.")


class NotFound(QueryError):
    """The named object does not exist."""


class StorageUnavailable(ExporterError):
    """The ledger cannot be read."""


REFUSALS: Mapping[type[Exception], tuple[HTTPStatus, str]] = {
    NotReady: (HTTPStatus.SERVICE_UNAVAILABLE, "not_ready"),
    StorageUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "storage"),
    NotFound: (HTTPStatus.NOT_FOUND, "not_found"),
    QueryError: (HTTPStatus.BAD_REQUEST, "bad_request"),
}
"""The status and the code of each error that an endpoint may raise."""


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error answer with a code of one word and a message."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def answer_refusal(_: Request, error: Exception) -> Response:
    """Answer a request that an endpoint refused."""
    status, code = next(REFUSALS[each] for each in type(error).__mro__ if each in REFUSALS)
    return error_response(status, code, str(error))


async def answer_no_alerts(_: Request, error: Exception) -> Response:
    """Answer after the alerts could not be fetched."""
    assert isinstance(error, AlertsUnavailable)
    return error_response(HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error))
