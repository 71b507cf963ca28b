"""Fields that the published schema lacks: asked only where settings or introspection say that they are there."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.model import Scope
from exporter.simulator import World
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.poller.altered_scene import AlteredRig, is_graphql, rewritten
from tests.poller.scene import KV, OTHER_ID, USAGE, listed_world, refresh, states, two_accounts

RECENT = "objectBytes"


def with_recent_field() -> tuple[Product, ...]:
    """The catalog, as if one field of KV's operations had come after the schema was published."""
    return tuple(
        replace(
            product,
            datasets=tuple(
                replace(
                    dataset,
                    fields=tuple(
                        replace(entry, is_recent=dataset.name == KV and entry.name == RECENT)
                        for entry in dataset.fields
                    ),
                )
                for dataset in product.datasets
            ),
        )
        for product in PRODUCTS
    )


class Schema:
    """Counts the questions about the schema, of which the first are ``refused``; settings ``tell`` of fields or not."""

    def __init__(self, *, tell: bool = False, refused: int = 0) -> None:
        self.asked = 0
        self._tell = tell
        self._refused = refused

    def alter(self, request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        """Return another answer where this schema has one."""
        if not is_graphql(request):
            return None
        text = json.loads(request.content)["query"]
        if "__type" in text:
            self.asked += 1
            if self.asked <= self._refused:
                body = {"data": None, "errors": [{"message": "introspection is disabled"}]}
                return httpx.Response(400, json=body, headers={"Date": response.headers["Date"]})
        return rewritten(response, _silenced) if "availableFields" in text and not self._tell else None


def _silenced(body: object) -> object:
    """Return an answer whose lists of fields are empty."""
    if isinstance(body, dict):
        return {key: [] if key == "availableFields" else _silenced(entry) for key, entry in body.items()}
    return [_silenced(entry) for entry in body] if isinstance(body, list) else body


def counted(rig: Rig, account_id: str = ACCOUNT_ID) -> int:
    """How much of the recent field has been counted for an account."""
    (dataset,) = (one for product in with_recent_field() for one in product.datasets if one.key == KV)
    totals = rig.exporter.ledger.totals(Scope(account_id), KV)
    return sum(amounts[dataset.field_index[RECENT]] for amounts in totals.values())


def play(tmp_path: Path, schema: Schema, world: World, products: Sequence[Product], minutes: int = 4) -> dict[str, int]:
    """Refresh for some minutes; return what was counted of the field, by account. Every dataset is well."""
    found: dict[str, int] = {}

    async def script() -> None:
        async with AlteredRig(world, tmp_path, products=products) as rig:
            rig.alter = schema.alter
            await refresh(rig, minutes)
            found.update({account.id: counted(rig, account.id) for account in rig.exporter.ledger.accounts()})
            known = states(rig)
            assert known.keys() >= USAGE
            assert set(known.values()) == {("ok", "")}

    asyncio.run(script())
    return found


def test_the_schema_is_asked_once_where_settings_do_not_tell(tmp_path: Path) -> None:
    """One request serves all accounts of the token, and the field is counted in each of them."""
    schema = Schema()
    found = play(tmp_path, schema, two_accounts(), with_recent_field(), minutes=15)
    assert schema.asked == 1
    assert found[ACCOUNT_ID] > 0
    assert found[OTHER_ID] > 0


def test_a_restarted_exporter_asks_again(tmp_path: Path) -> None:
    """Another release may know of other fields."""
    schema = Schema()

    async def script() -> None:
        async with AlteredRig(listed_world(), tmp_path, products=with_recent_field()) as rig:
            rig.alter = schema.alter
            await refresh(rig, 2)
            await rig.restart()
            await refresh(rig, 2)

    asyncio.run(script())
    assert schema.asked == 2


def test_nothing_is_asked_where_settings_tell(tmp_path: Path) -> None:
    """The field that they name is counted."""
    schema = Schema(tell=True)
    assert play(tmp_path, schema, listed_world(), with_recent_field())[ACCOUNT_ID] > 0
    assert schema.asked == 0


def test_nothing_is_asked_without_recent_fields(tmp_path: Path) -> None:
    """The products as they are take no request for it, even where settings do not tell of any field."""
    schema = Schema()
    play(tmp_path, schema, listed_world(), PRODUCTS)
    assert schema.asked == 0


def test_a_field_that_the_schema_lacks_is_no_fault(tmp_path: Path) -> None:
    """A document that selects it would be refused as a whole."""
    schema = Schema()
    world = replace(listed_world(), missing_fields={KV: frozenset({f"sum_{RECENT}"})})
    assert play(tmp_path, schema, world, with_recent_field())[ACCOUNT_ID] == 0
    assert schema.asked == 1


def test_a_refused_question_about_the_schema_is_no_fault(tmp_path: Path) -> None:
    """The field is then not there, and the schema is not asked again."""
    schema = Schema(refused=100)
    assert play(tmp_path, schema, listed_world(), with_recent_field())[ACCOUNT_ID] == 0
    assert schema.asked == 1
