"""JSON near to a true answer: a valid document with a few nodes replaced, removed, doubled or of another type."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Json = Any
Node = tuple[Any, Any]
"""A container and the key or index of the node in it."""

Change = Callable[[st.DrawFn, Node, list[Node]], None]
"""Changes a node; the last argument are all nodes of the document."""

ODD: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    2**63,
    10**30,
    -(10**30),
    0.1,
    1e300,
    float("nan"),
    float("-inf"),
    "",
    " ",
    "0",
    "null",
    "NaN",
    "-Infinity",
    "1e999999",
    "1e-999999999",
    "\0",
    "\ud83d",
    "\U0010ffff",
    "{0}%s\\\n\"'",
    "x" * 1_000,
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00",
    "2027-02-30T00:00:00Z",
    "2027-02-28T23:59:59.999999999Z",
    "2027-02-28",
    "2026-W53-7",
    "workers_paid",
    [],
    {},
    [None],
    [[]],
    {"": None},
)
"""Values that programs stumble over."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
JUNK = st.sampled_from(ODD) | ANYTHING


def mutated(document: Json, most: int = 4, changes: Sequence[Change] = ()) -> st.SearchStrategy[Json]:
    """JSON that differs from a document in one to ``most`` places, by the usual ``changes`` if none are given."""

    @st.composite
    def build(draw: st.DrawFn) -> Json:
        root = [deepcopy(document)]
        for _ in range(draw(st.integers(1, most))):
            nodes = _nodes(root)
            if not nodes:
                break
            node = nodes[draw(st.integers(0, len(nodes) - 1))]
            draw(st.sampled_from(changes or CHANGES))(draw, node, nodes)
        return root[0] if root else None

    return build()


def answers(*documents: Json) -> st.SearchStrategy[Json]:
    """One of some documents, mutated, or now and then anything at all."""
    return st.one_of(*map(mutated, documents), *map(mutated, documents), ANYTHING)


def body_of(document: Json) -> bytes:
    """Return a document as the body of an answer."""
    return json.dumps(document).encode()


def _nodes(container: Any) -> list[Node]:
    """Return every node within a container, the container's own first."""
    keys = list(container) if isinstance(container, dict) else range(len(container))
    found: list[Node] = [(container, key) for key in keys]
    for key in keys:
        if isinstance(container[key], dict | list):
            found += _nodes(container[key])
    return found


def _replace(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    container[key] = deepcopy(draw(JUNK))


def _empty(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    container[key] = None


def _remove(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    del container[key]


def _double(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    if isinstance(container, list):
        container.insert(key, deepcopy(container[key]))
    else:
        container[f"{key}_"] = container[key]


def _wrap(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    container[key] = [container[key]] if draw(st.booleans()) else {"value": container[key]}


def _retype(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    value = container[key]
    container[key] = len(value) if isinstance(value, str | list | dict) else str(value)


def _copy(draw: st.DrawFn, node: Node, nodes: list[Node]) -> None:
    container, key = node
    other, place = nodes[draw(st.integers(0, len(nodes) - 1))]
    container[key] = deepcopy(other[place])


CHANGES: tuple[Change, ...] = (
    _replace,
    _replace,
    _empty,
    _remove,
    _double,
    _wrap,
    _retype,
    _copy,
)
