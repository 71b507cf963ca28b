"""Ids that analytics spell otherwise than the list: the rule of the catalog makes them one asset."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exporter.catalog import PRODUCTS
from exporter.catalog.kv import NAMESPACE, OPERATIONS
from exporter.cloudflare import Discovery
from exporter.cloudflare.decode import decode_rows
from exporter.config.selection import Selection
from exporter.ledger.discovered import apply_discovery
from exporter.ledger.roster import place_row
from exporter.model import Account, Placement
from tests.cloudflare.conftest import API_URL, Scene, listed

EXAMPLE = Account("a" * 32, "Example")
TEN = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)


def row(identity: str) -> dict[str, object]:
    """Return a row of KV operations as Cloudflare gives it."""
    dimensions = {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": identity, "actionType": "read", "result": ""}
    return {"dimensions": dimensions, "sum": {"requests": 1, "objectBytes": 0}}


@pytest.mark.parametrize(
    ("in_list", "in_rows", "spell"),
    [
        pytest.param("Media", "media", str.lower, id="in lower case"),
        pytest.param("8f1c-0c5a", "8f1c0c5a", lambda identity: identity.replace("-", ""), id="without dashes"),
        pytest.param("media", "eu_media", "eu_{}".format, id="with a prefix"),
        pytest.param("cf-media", "media", lambda identity: identity.removeprefix("cf-"), id="without a prefix"),
    ],
)
def test_a_row_finds_the_asset_of_the_list(
    scene: Scene, in_list: str, in_rows: str, spell: Callable[[str], str]
) -> None:
    """The id is that of analytics, and the name that of the list."""
    kind = replace(NAMESPACE, endpoint=replace(NAMESPACE.endpoint, spell=spell))
    product = replace(next(each for each in PRODUCTS if NAMESPACE in each.kinds), kinds=(kind,))
    url = f"{API_URL}/accounts/{EXAMPLE.id}/storage/kv/namespaces"
    scene.router.get(url).mock(return_value=listed([{"id": in_list, "title": "Sessions"}], total_count=1))
    inventory = asyncio.run(Discovery(scene.client, scene.time, [product]).assets(EXAMPLE))
    roster = apply_discovery({}, inventory, lambda kind, asset_id: False, Selection())
    assert place_row("kv_namespace", in_rows, roster) == Placement("unassigned", "Sessions")
    assert place_row("kv_namespace", in_list, roster) is None


def test_a_dataset_may_spell_ids_of_its_own() -> None:
    """Its rows are added under the spelling that the other datasets and the list have; no id stays none."""
    fields = tuple(entry for entry in OPERATIONS.fields if entry.name in {"requests", "objectBytes"})
    dataset = replace(OPERATIONS, fields=fields, spell="kv/{}".format)
    assert decode_rows(dataset, [row("a"), row("a"), row("")], TEN) == {
        TEN: {("kv/a", ("read", "")): (2, 0), ("", ("read", "")): (1, 0)}
    }
