"""GraphQL answers near to true ones: JSON that is mutated, with numbers and times of all kinds, errors, and pages."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.mutations import CHANGES, JUNK, Json, Node, mutated

LITERAL = "\ue000"
"""Begins and ends a text that stands in the body as it is, without quotation marks: JSON that Python does not write."""

NUMBERS = (
    *("1e400", "-1e400", "1e-400", "1E99999999999999999999", "9" * 400, "9" * 5_000, "NaN", "Infinity"),
    *("-0", "-7", "0.5", "1.0", "3e0", str(2**53 + 1), str(2**64 - 1), str(2**64), str(2**70)),
)
DEPTHS = (1, 40, 400, 800, 900, 950, 100_000)

ERRORS = (
    "not authorized for that account",
    "zone does not have access to the path",
    "rate limiter budget depleted, please try again after 5 minutes",
    "query consumed excessive resources",
    "Internal server error",
    "Authentication error",
    'unknown field "requests" (usage_0)',
    "cannot request data older than 2w",
    "error parsing args",
    "\ud83d\0",
    "",
)
STEPS: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(
        ["viewer", "accounts", "zones", "usage_0", "newest_0", "usage_3", "usage_99", "settings", "\ud83d"]
    ),
    st.sampled_from([0, 1, -1, 10**30, "0", "1", "²", "٣", None, 1.5, True]),
    JUNK,
)
ERROR: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "message": st.sampled_from(ERRORS) | JUNK,
            "path": st.lists(STEPS, max_size=6) | st.sampled_from(ERRORS) | JUNK,
            "extensions": st.fixed_dictionaries({"code": st.sampled_from(["authz", "budget", "internal"]) | JUNK})
            | JUNK,
        },
    ),
    JUNK,
)
BODIES = (
    b"",
    b"\0",
    b"null",
    b"<!DOCTYPE html><html><title>Just a moment...</title></html>",
    b'{"data":null,"errors":null}',
    b'{"data":{},"errors":[]}',
    b'{"errors":{}}',
    b"\xff\xfe",
)


def lies(document: Json) -> st.SearchStrategy[bytes]:
    """Bodies near to that of a true answer, most of them JSON."""
    changed = mutated(document, 6, (*CHANGES, *_CHANGES))
    return st.one_of(
        changed.map(written),
        changed.map(written),
        st.tuples(st.just(document) | changed, st.lists(ERROR, max_size=3) | JUNK).map(_with_errors),
        st.tuples(changed.map(written), st.floats(0, 1)).map(_cut),
        st.sampled_from(BODIES),
    )


def written(document: Json) -> bytes:
    """Return a document as a body."""
    text = json.dumps(document)
    escaped = json.dumps(LITERAL)[1:-1]
    return re.sub(rf'"{re.escape(escaped)}(.*?){re.escape(escaped)}"', lambda found: found[1], text).encode()


def _with_errors(parts: tuple[Json, Json]) -> bytes:
    document, errors = parts
    return written({**document, "errors": errors} if isinstance(document, Mapping) else document)


def _cut(parts: tuple[bytes, float]) -> bytes:
    body, share = parts
    return body[: int(len(body) * share)]


def _number(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = _chosen(draw, nodes, lambda value: isinstance(value, int | float)) or node
    container[key] = f"{LITERAL}{draw(st.sampled_from(NUMBERS))}{LITERAL}"


def _nest(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    depth = draw(st.sampled_from(DEPTHS))
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}")]))
    container[key] = f"{LITERAL}{opening * depth}1{closing * depth}{LITERAL}"


def _time(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = _chosen(draw, nodes, lambda value: isinstance(value, str) and _TIME.match(value)) or node
    text = str(container[key])
    other = text.translate(_OTHER_DIGIT) if draw(st.booleans()) else text
    container[key] = draw(
        st.sampled_from(
            [
                text.replace("Z", "+05:00"),
                text.replace("Z", "-14:00"),
                text.replace("Z", ""),
                text.replace(":00:00", ":30:00"),
                f"2{text[1:3]}4{text[4:]}",
                f"{text[:8]}01{text[10:]}",
                f"{text[:10]}T24:00:00Z",
                text[:10],
                other,
                f"{text}T00:00:00Z",
            ]
        )
    )


def _swap(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    """Give a text the place of another: foreign words, ids and tags."""
    one = _chosen(draw, nodes, lambda value: isinstance(value, str)) or node
    other, place = _chosen(draw, nodes, lambda value: isinstance(value, str)) or node
    one[0][one[1]] = other[place]


def _chosen(draw: st.DrawFn, nodes: list[Node], fits: Callable[[Any], Any]) -> Node | None:
    fitting = [(container, key) for container, key in nodes if fits(container[key])]
    return fitting[draw(st.integers(0, len(fitting) - 1))] if fitting else None


_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_OTHER_DIGIT = str.maketrans("012345678", "123456780")
_CHANGES = (_number, _number, _time, _time, _swap, _nest)
