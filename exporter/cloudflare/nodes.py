"""Nodes of GraphQL answers: the account, its zones, and the errors. Pure."""

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def find_account(body: Mapping[str, Any]) -> Node | None:
    """Return the account of an answer about one account; None if it is not there."""
    data = body.get("data")
    viewer = data.get("viewer") if isinstance(data, Mapping) else None
    accounts = viewer.get("accounts") if isinstance(viewer, Mapping) else None
    return accounts[0] if isinstance(accounts, list) and accounts and isinstance(accounts[0], Mapping) else None


def find_zones(account: Node | None, key: str = "zones") -> list[Node]:
    """Return the zones of an account in an answer, in their order; one that an error emptied is an empty node.

    ``key`` is that of the list, of which a document may have several.
    """
    zones = account.get(key) if account is not None else None
    return [zone if isinstance(zone, Mapping) else {} for zone in zones] if isinstance(zones, list) else []


def zone_id_of(zone: Node) -> str:
    """Return a zone's id; empty if the answer does not have it."""
    return str(zone.get("zoneTag") or "")


def find_errors(body: Mapping[str, Any]) -> list[Node]:
    """Return the errors of an answer, in their order; what is no object becomes the message of one."""
    errors = body.get("errors") or []
    listed = errors if isinstance(errors, list) else [errors]
    return [error if isinstance(error, Mapping) else {"message": str(error)} for error in listed]
