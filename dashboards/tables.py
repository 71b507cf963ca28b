"""Tables: one row for each label set, one column for each query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.colors import CAREFUL, PLAIN
from dashboards.grafana import (
    ABOUT,
    NO_DATA,
    FieldStyle,
    Json,
    Query,
    Size,
    by_name,
    fixed,
    mappings,
    panel,
    thresholds,
)
from dashboards.lines import Line

COLORED = {"type": "color-text"}
"""A cell whose text has the colour of its value."""

WRAPPED = {"custom.wrapText": True, "custom.cellOptions": {"type": "auto", "wrapText": True}}
"""The properties of cells whose text takes as many lines as it needs; older versions of Grafana know the second."""

ESTIMATE = {
    "mappings": mappings({"1": (ABOUT, CAREFUL)}),
    "noValue": "",
    "custom.cellOptions": COLORED,
    "custom.width": 50,
    "custom.minWidth": 50,
}
"""A cell with a mark if the counts of its row are estimates."""

BAR = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
"""A cell with a bar, as long as its value."""


TWO = 2
"""Tables of more queries have several that always have an answer."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it shows, its head, and properties that differ from the table's."""

    source: str
    title: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """A column with the values of a query; without a title it only adds rows."""

    title: str
    expr: str
    properties: Mapping[str, Any] = field(default_factory=dict)


def by_level(line: Line, unit: str) -> Json:
    """Return the properties of a column whose values have the colour of an alert's level."""
    colored = {"thresholds": thresholds(line.colored("text")), "custom.cellOptions": COLORED}
    return {"unit": unit, "decimals": 1, **colored}


def linked(*links: Json, **more: Any) -> Json:
    """Return the properties of a column whose cells are links, or offer several."""
    return {"links": list(links), **more}


def bars(
    title: str,
    description: str,
    size: Size,
    names: Sequence[Column],
    value: Value,
    *,
    look: FieldStyle,
    if_empty: str = "",
) -> Json:
    """Return a table with a bar in each row, the longest first."""
    color = {"color": {"mode": "thresholds"}} if look.steps else fixed(PLAIN)
    bar = {"custom.cellOptions": BAR, "min": 0, **color, **value.properties}
    return values_table(
        title,
        description,
        size,
        names,
        [Value(value.title, value.expr, bar)],
        look=look,
        sort_by=value.title,
        if_empty=if_empty,
    )


def _never_alone(first: Value, second: Value) -> Value:
    """Return the second of two columns with an answer wherever the first has one, which is a dash if it is not known.

    Where only one query has an answer, Grafana gives its field another name, so that no column would be shown.
    """
    dash = {"mappings": mappings({}, ("-", "text"))}
    return Value(second.title, f"{second.expr}\nor\n{first.expr} * NaN", {**dash, **second.properties})


def values_table(
    title: str,
    description: str,
    size: Size,
    names: Sequence[Column],
    values: Sequence[Value],
    *,
    look: FieldStyle,
    sort_by: str,
    is_descending: bool = True,
    if_empty: str = "",
    anew: str = "",
) -> Json:
    """Return a table of labels that name a row, followed by the values.

    ``if_empty`` is shown if there is no row; a cell without a value shows a dash. ``anew`` is an expression for
    the rows whose counts are estimates, since a counter began anew; the last column marks them.
    """
    if anew:
        values = (*values, Value(ABOUT, anew, ESTIMATE))
    if len(values) == TWO:
        first, second = values
        values = (first, _never_alone(first, second))
    # Of a single query, or the only one that has an answer, Grafana calls the field just Value.
    fields = [f"Value #{chr(ord('A') + place)}" for place in range(len(values))] if len(values) > 1 else ["Value"]
    columns = [
        Column(name, value.title, {"noValue": "-", **value.properties})
        for name, value in zip(fields, values, strict=True)
        if value.title
    ]
    return table(
        title,
        description,
        size,
        [Query(value.expr, is_instant=True) for value in values],
        look,
        columns=(*names, *columns),
        sort_by=sort_by,
        is_descending=is_descending,
        if_empty=if_empty,
    )


def table(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    look: FieldStyle,
    *,
    columns: Sequence[Column],
    sort_by: str,
    is_descending: bool = False,
    if_empty: str = "",
) -> Json:
    """Return a table with one row for each label set of the queries, and the given columns in their order."""
    transformations = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [column.source for column in columns]}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {column.source: position for position, column in enumerate(columns)},
                "renameByName": {column.source: column.title for column in columns},
            },
        },
    ]
    overrides = [by_name(column.title, column.properties) for column in columns if column.properties]
    options = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": sort_by, "desc": is_descending}]}
    defaults = look.field_config(
        custom={"align": "auto", "minWidth": 70, "cellOptions": {"type": "auto"}}, noValue=if_empty or NO_DATA
    )
    made = panel("table", title, description, size, queries, options=options, defaults=defaults, overrides=overrides)
    return made | {"transformations": transformations}
