"""How the API says that there is no answer."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with one word for what is wrong, and a sentence."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
