"""Nodes of GraphQL answers: the account, and its zones. Pure."""

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def find_account(body: Mapping[str, Any]) -> Node | None:
    """Return the account of an answer about one account; None if it is not there."""
    data = body.get("data")
    viewer = data.get("viewer") if isinstance(data, Mapping) else None
    accounts = viewer.get("accounts") if isinstance(viewer, Mapping) else None
    return accounts[0] if isinstance(accounts, list) and accounts and isinstance(accounts[0], Mapping) else None


def find_zones(account: Node | None) -> list[Node]:
    """Return the zones of an account in an answer, in their order; one that an error emptied is an empty node."""
    zones = account.get("zones") if account is not None else None
    return [zone if isinstance(zone, Mapping) else {} for zone in zones] if isinstance(zones, list) else []


def zone_id_of(zone: Node) -> str:
    """Return a zone's id; empty if the answer does not have it."""
    return str(zone.get("zoneTag") or "")
