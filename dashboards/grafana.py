"""Panels of Grafana's classic dashboard JSON, from typed functions.

Panels are made without an id and a place, which ``dashboards.page`` gives; ``_targets`` alone gives refIds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; ``legend`` names its series. An instant query gives the values of now, as a table."""

    expr: str
    legend: str = ""
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Width in columns of 24, height in Grafana's rows of 30 pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Look:
    """How values are shown: unit, colours from a value upwards, names of values.

    ``steps`` are pairs of a value (None: from the lowest) and a colour.
    """

    unit: str
    steps: tuple[tuple[float | None, str], ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    decimals: int | None = None

    def field_config(self, **more: Any) -> Json:
        """Give the panel's field defaults."""
        defaults: Json = {"unit": self.unit, **more}
        if self.decimals is not None:
            defaults["decimals"] = self.decimals
        if self.steps:
            defaults["thresholds"] = thresholds(self.steps)
        if self.names:
            defaults["mappings"] = mappings(self.names)
        return defaults


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it shows, its head, and properties that differ from the table's."""

    source: str
    title: str
    properties: Mapping[str, Any] = field(default_factory=dict)


def thresholds(steps: Sequence[tuple[float | None, str]]) -> Json:
    """Give colours from a value upwards."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def mappings(names: Mapping[str, tuple[str, str]]) -> list[Json]:
    """Give the text and colour that stand for a value."""
    options = {
        value: {"text": text, "color": color, "index": position}
        for position, (value, (text, color)) in enumerate(names.items())
    }
    return [{"type": "value", "options": options}]


def stat(title: str, description: str, size: Size, queries: Sequence[Query], look: Look) -> Json:
    """Give a panel of large single values."""
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    defaults = look.field_config(color={"mode": "thresholds"})
    return _panel("stat", title, description, size, queries, options=options, defaults=defaults)


def timeseries(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    look: Look,
    *,
    is_stacked: bool = False,
    colors: Mapping[str, str] | None = None,
) -> Json:
    """Give a panel of curves. A series has the same colour in every panel; steps are drawn as dashed lines."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1 if is_stacked else 2,
        "fillOpacity": 35 if is_stacked else 8,
        "gradientMode": "none" if is_stacked else "opacity",
        "showPoints": "auto",
        "pointSize": 4,
        "spanNulls": False,
        "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if look.steps else "off"},
        "axisSoftMin": 0,
    }
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = look.field_config(color={"mode": "palette-classic-by-name"}, min=0, custom=custom)
    overrides = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for name, color in (colors or {}).items()
    ]
    return _panel(
        "timeseries", title, description, size, queries, options=options, defaults=defaults, overrides=overrides
    ) | {"interval": "1m"}


def bars(title: str, description: str, size: Size, queries: Sequence[Query], look: Look) -> Json:
    """Give a panel of horizontal bars, one a series, in the order of the query."""
    options = {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "valueMode": "text",
        "namePlacement": "left",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizHeight": 16,
        "minVizWidth": 8,
        "maxVizHeight": 28,
        "text": {"titleSize": 13, "valueSize": 15},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    }
    color = {"mode": "thresholds"} if look.steps else {"mode": "fixed", "fixedColor": "blue"}
    return _panel(
        "bargauge", title, description, size, queries, options=options, defaults=look.field_config(color=color, min=0)
    )


def table(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    look: Look,
    *,
    columns: Sequence[Column],
    sort_by: str,
    is_descending: bool = False,
    if_empty: str = "",
) -> Json:
    """Give a table with one row for each label set of the queries, and the given columns in their order."""
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
    overrides = [
        {
            "matcher": {"id": "byName", "options": column.title},
            "properties": [{"id": name, "value": value} for name, value in column.properties.items()],
        }
        for column in columns
        if column.properties
    ]
    options = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": sort_by, "desc": is_descending}]}
    defaults = look.field_config(custom={"align": "auto", "minWidth": 70, "cellOptions": {"type": "auto"}})
    if if_empty:
        defaults["noValue"] = if_empty
    panel = _panel("table", title, description, size, queries, options=options, defaults=defaults, overrides=overrides)
    return panel | {"transformations": transformations}


def _panel(
    kind: str,
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    *,
    options: Json,
    defaults: Json,
    overrides: Sequence[Json] = (),
) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"h": size.height, "w": size.width},
        "targets": _targets(queries),
        "options": options,
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
    }


def _targets(queries: Sequence[Query]) -> list[Json]:
    return [
        {
            "refId": chr(ord("A") + position),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "legendFormat": query.legend,
            "range": not query.is_instant,
            "instant": query.is_instant,
            "format": "table" if query.is_instant and not query.legend else "time_series",
        }
        for position, query in enumerate(queries)
    ]
