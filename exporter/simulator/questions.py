"""One question about one dataset: the selected groups and fields, and the printing of its rows as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from math import log10
from time import gmtime, strftime
from types import MappingProxyType
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from exporter.simulator.dataset import Dataset
from exporter.simulator.documents import Selected
from exporter.simulator.filters import TIME_STEPS
from exporter.simulator.usage import Key

_SPREAD: Mapping[str, float] = MappingProxyType(
    {
        "P25": 0.6,
        "P50": 0.85,
        "P75": 1.15,
        "P90": 1.6,
        "P95": 2.1,
        "P99": 3.5,
        "P999": 6.0,
        "avg": 1,
        "max": 8,
        "min": 0.25,
    }
)
"""Averages, extremes and quantiles of ten thousand events, as multiples of the mean of the rows."""

Row = Sequence[int]
Print = Callable[[Key, Row, int], str]
Sort = Callable[[Key, Row], Any]


class Unanswerable(Exception):
    """A question that Cloudflare refuses while it answers the others in the document."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(eq=False)
class Question:
    """A prepared question. ``measures`` grows when a field or an order needs another measure of the rows."""

    dataset: Dataset
    schema: GraphQLSchema
    step: int = 0
    dimensions: list[str] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    measures: list[int] = field(default_factory=list)
    fields: int = 0
    template: str = ""
    prints: list[Print] = field(default_factory=list)

    def dimension_indices(self) -> tuple[int, ...]:
        """Return the positions of the selected dimensions in the dataset's declaration."""
        return tuple(self.dataset.dimensions.index(name) for name in self.dimensions)

    def order(self, name: str) -> tuple[Sort, bool]:
        """Return the sort key of an entry of orderBy, and whether it is descending."""
        target, _, direction = name.rpartition("_")
        is_down = direction == "DESC"
        if target in self.times:
            step = self.times[target]
            return (lambda key, _row: _truncated(key[0], step)), is_down
        if target in self.dimensions:
            position = self.dimensions.index(target) + 1
            return (lambda key, _row: key[position]), is_down
        if target == "count":
            return (lambda _key, row: row[0]), is_down
        group, _, figure = target.partition("_")
        if not figure:
            raise Unanswerable(f"query contains error: cannot order by {target}, which is not selected")
        if figure == "sampleInterval":
            return (lambda _key, _row: 1), is_down
        is_exact = group == "sum" or self.dataset.levels is not None
        position = self._position(figure if is_exact else _base(figure)[0])
        if is_exact:
            return (lambda _key, row: row[position]), is_down
        return (lambda _key, row: row[position] / max(row[0], 1)), is_down

    def printed(self, key: Key, row: Row, interval: int) -> str:
        """Return the row as a JSON object."""
        return self.template % tuple([each(key, row, interval) for each in self.prints])

    def prepare(self, selected: Sequence[Selected]) -> "Question":
        """Determine what must be added up and how it is printed."""
        self.template = self._object(selected, row_type(self.schema, self.dataset), None)
        self.step = min(self.times.values(), default=0)
        return self

    def _object(self, children: Sequence[Selected], declared: GraphQLObjectType, group: str | None) -> str:
        parts = []
        for child in children:
            label = f'"{child.key}":'
            if child.name == "__typename":
                parts.append(f'{label}"{declared.name}"')
            elif child.children:
                inner = get_named_type(declared.fields[child.name].type)
                assert isinstance(inner, GraphQLObjectType)
                parts.append(label + self._object(child.children, inner, child.name))
            else:
                self.fields += 1
                self.prints.append(self._leaf(child.name, declared, group))
                parts.append(label + "%s")
        return "{" + ",".join(parts) + "}"

    def _leaf(self, name: str, declared: GraphQLObjectType, group: str | None) -> Print:
        if group is None:
            return lambda _key, row, _interval: str(row[0])
        if group == "dimensions":
            return self._dimension(name)
        if name == "sampleInterval":
            return lambda _key, _row, interval: str(interval)
        if group == "sum" or self.dataset.levels is not None:
            return self._exact(name)
        is_integer = "int" in get_named_type(declared.fields[name].type).name
        return self._estimate(name, group, is_integer)

    def _dimension(self, name: str) -> Print:
        if name in TIME_STEPS:
            step = TIME_STEPS[name]
            self.times[name] = step
            pattern = '"%Y-%m-%d"' if name == "date" else '"%Y-%m-%dT%H:%M:%SZ"'
            return lambda key, _row, _interval: strftime(pattern, gmtime(_truncated(key[0], step) * 60))
        if name not in self.dimensions:
            self.dimensions.append(name)
        position = self.dimensions.index(name) + 1
        return lambda key, _row, _interval: _literal(key[position])

    def _exact(self, name: str) -> Print:
        position = self._position(name)
        scale = self.dataset.measures[self.measures[position - 1]].scale
        if scale == 1:
            return lambda _key, row, _interval: str(row[position])
        return lambda _key, row, _interval: decimal(row[position], scale)

    def _estimate(self, name: str, group: str, is_integer: bool) -> Print:
        base, quantile = _base(name)
        position = self._position(base)
        scale = self.dataset.measures[self.measures[position - 1]].scale
        factor = _SPREAD[quantile or group]

        def estimate(_key: Key, row: Row, _interval: int) -> str:
            events = max(row[0], 1)
            value = row[position] / scale / events * factor ** _width(events)
            return str(round(value) if is_integer else round(value, 3))

        return estimate

    def _position(self, name: str) -> int:
        """Return the position of the measure in a row; events are at 0."""
        source = self.dataset.sources.get(name, name)
        index = next(index for index, measure in enumerate(self.dataset.measures) if measure.name == source)
        if index not in self.measures:
            self.measures.append(index)
        return self.measures.index(index) + 1


def _width(events: int) -> float:
    """Return how far from the mean the quantiles of so many events lie: the more there are, the further."""
    return 0.5 + log10(events) / 8


def row_type(schema: GraphQLSchema, dataset: Dataset) -> GraphQLObjectType:
    """Return the type of a dataset's rows; of one that has two, the account's, which has all members of the zone's."""
    owner = schema.type_map["zone" if dataset.of_zones and not dataset.of_accounts else "account"]
    assert isinstance(owner, GraphQLObjectType)
    rows = get_named_type(owner.fields[dataset.name].type)
    assert isinstance(rows, GraphQLObjectType)
    return rows


def decimal(value: int, scale: int) -> str:
    """Return a number of parts as a decimal number with as many digits as it needs."""
    whole, rest = divmod(value, scale)
    if not rest:
        return str(whole)
    return f"{whole}.{rest:0{len(str(scale)) - 1}d}".rstrip("0")


def _base(name: str) -> tuple[str, str | None]:
    """Return the measure and suffix of a quantile: ``cpuTimeP99`` -> ``cpuTime``, ``P99``."""
    base, mark, digits = name.rpartition("P")
    return (base, f"P{digits}") if mark and digits.isdigit() else (name, None)


def _truncated(minute: str | int, step: int) -> int:
    assert isinstance(minute, int)
    return minute - minute % step


def _literal(value: str | int) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else str(value)
