"""A dataset that is denied, however Cloudflare's error names it: the others count."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from exporter.catalog import DATASETS
from exporter.cloudflare import Forbidden
from exporter.model import Answer
from tests.cloudflare.conftest import Scene, answer
from tests.cloudflare.table import Table, failed, fault_of
from tests.cloudflare.test_analytics import D1, KV, OBJECTS, R2, amounts, ask, at, connect, kinds

DENIED = "account '0123456789abcdef0123456789abcdef' does not have access to the path"
ALL = (KV, R2, D1, OBJECTS)

Naming = Callable[[str], dict[str, Any]]
"""Returns an error about the dataset with this alias."""


def error(path: object, message: str = DENIED, **extensions: str) -> dict[str, Any]:
    """Return a GraphQL error."""
    return {"message": message, "path": path, "extensions": extensions}


NAMINGS: dict[str, Naming] = {
    "alias": lambda alias: fault_of(alias, DENIED, "authz"),
    "field": lambda alias: error(["viewer", "accounts", "0", R2], code="authz"),
    "path as text": lambda alias: error(f"viewer.accounts.0.{alias}"),
    "field in a text": lambda alias: error(f"viewer/accounts/0/{R2}"),
    "message": lambda alias: error(None, f"{DENIED} {R2}. Refer to this page"),
    "alias in the message": lambda alias: error(None, f"{DENIED} viewer.accounts.0.{alias}"),
    "extensions": lambda alias: error(None, code="authz", node=R2),
    "account alone": lambda alias: error(["viewer", "accounts", "0"], f"{DENIED} {R2}"),
    "nothing": lambda alias: error(None, code="authz"),
    "nothing, not even a code": lambda alias: error(None),
    "no path": lambda alias: {"message": DENIED},
}


def deny(table: Table, status: int, naming: Naming) -> None:
    """Let every document with R2 in it be refused, with an error about R2 as its only content."""

    def fault(aliases: dict[str, str]) -> httpx.Response | None:
        alias = next((alias for alias, name in aliases.items() if name == R2), None)
        return failed(status, naming(alias)) if alias else None

    table.fail(fault)


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_only_the_denied_dataset_is_unavailable(scene: Scene, naming: Naming, status: int) -> None:
    """The others are asked again without it, or in halves where the error does not tell which it is."""
    table = Table(**{name: [(at(9), "i", 3)] for name in ALL})
    deny(table, status, naming)
    outcomes = ask(connect(scene, table), *ALL)
    assert kinds(outcomes) == dict.fromkeys(ALL, Answer) | {R2: Forbidden}
    assert amounts(outcomes[D1]) == {(at(9), "i"): 3}
    assert DENIED in str(outcomes[R2])


def test_a_dataset_that_answers_is_not_denied_by_its_name(scene: Scene) -> None:
    """What is asked in two ways may be denied in one of them: rows that are there count."""
    table = Table(**{R2: [(at(9), "i", 3)]})

    def fault(aliases: dict[str, str]) -> httpx.Response:
        rows = [{"dimensions": {**dict.fromkeys(DATASETS[R2].dimensions, "x"), "datetimeHour": "2025-10-20T09:00:00Z"}}]
        rows[0]["sum"] = {entry.name: 3 for entry in DATASETS[R2].fields}
        node = {alias: rows for alias in aliases if alias.startswith("usage")}
        return answer({"data": {"viewer": {"accounts": [node]}}, "errors": [error(["viewer", "accounts", "0", R2])]})

    table.fail(fault)
    assert kinds(ask(connect(scene, table), R2)) == {R2: Answer}


def test_a_whole_account_that_is_denied_is_asked_once(scene: Scene) -> None:
    """Halves would be denied as well."""
    table = Table()
    table.fail(lambda aliases: failed(403, error(None, "not authorized for that account", code="authz")))
    assert kinds(ask(connect(scene, table), *ALL)) == dict.fromkeys(ALL, Forbidden)
    assert len(table.asked) == 1
