"""GraphQL errors, told apart by code and message."""

import pytest

from exporter.cloudflare import CloudflareError, Forbidden, Rejected, Throttled, TokenRejected
from exporter.cloudflare.errors import Unreachable, graphql_error


@pytest.mark.parametrize(
    ("message", "code", "error"),
    [
        ("rate limiter budget depleted, try again after 5 minutes", None, Throttled),
        ("some words", "budget", Throttled),
        ("Unauthorized", None, TokenRejected),
        ("Authentication error", None, TokenRejected),
        ("some words", "authz", Forbidden),
        ("not authorized for that account", None, Forbidden),
        ("account 7 does not have access to the path r2OperationsAdaptiveGroups", None, Forbidden),
        ("Internal server error", None, Unreachable),
        ("unable to execute query, please try again later", None, Unreachable),
        ("too many queries in progress for your account", None, Unreachable),
        ('unknown field "requestz"', None, Rejected),
        ("query time range is too large", None, Rejected),
        ("number of fields can't be more than 30", None, Rejected),
    ],
)
def test_graphql_errors_are_told_apart(message: str, code: str | None, error: type[CloudflareError]) -> None:
    """Each documented message or code becomes its kind of error and is quoted."""
    extensions = {} if code is None else {"code": code}
    made = graphql_error([{"message": message, "path": None, "extensions": extensions}], "kvOperations of Example")
    assert type(made) is error
    assert str(made).startswith(f"kvOperations of Example: Cloudflare answered: {message}.")


def test_a_depleted_budget_means_five_minutes_of_silence() -> None:
    """The documented block of five minutes is what such an error asks for."""
    made = graphql_error([{"message": "rate limiter budget depleted"}], "Analytics")
    assert isinstance(made, Throttled)
    assert made.retry_after == 300.0


def test_several_errors_are_all_quoted() -> None:
    """Nothing that Cloudflare said about one alias is left out."""
    made = graphql_error([{"message": "first"}, {"message": "second"}, {}], "Analytics")
    assert made.detail == "Analytics: Cloudflare answered: first; second; ."


@pytest.mark.parametrize("message", ["rate limiter budget depleted", "Unauthorized", "unable to execute", "no field"])
def test_what_to_do_is_apart_from_what_happened(message: str) -> None:
    """A remedy names neither the subject nor what Cloudflare said: it is the same for everybody."""
    made, other = (graphql_error([{"message": message}], what) for what in ("Analytics of A", "Analytics of B"))
    assert made.remedy == other.remedy != ""
    assert made.detail != other.detail
    assert str(made) == f"{made.detail} {made.remedy}"
