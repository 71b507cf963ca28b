"""The traits of an asset, read from its item in a list. Pure; what is missing or of another type is no fault."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.entry import MILLIONTH
from exporter.catalog.trait import UNKNOWN_STATE, State
from exporter.cloudflare.decode import BEYOND
from exporter.model import Traits


def read_traits(kind: AssetKind, item: Mapping[str, Any]) -> Traits:
    """Return the traits of an item of a kind's list; numbers in millionths."""
    return Traits(
        figures=tuple(
            tuple(_number(_find(item, part.path), figure.unit) for part in figure.parts) for figure in kind.figures
        ),
        states=tuple(_state(state, _word(_find(item, state.path))) for state in kind.states),
        details=tuple(_word(_find(item, detail.path)) for detail in kind.details),
    )


def _find(item: Mapping[str, Any], path: str) -> Any:
    found: Any = item
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _number(value: Any, unit: Decimal) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    if not amount.is_finite() or not -BEYOND < amount < BEYOND:
        return None
    return int((amount * unit * MILLIONTH).to_integral_value(ROUND_HALF_EVEN))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | Decimal) else ""


def _state(state: State, word: str) -> str:
    return word if word in state.states else UNKNOWN_STATE
