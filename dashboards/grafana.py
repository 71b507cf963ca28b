"""Panels of Grafana's classic dashboard JSON, from typed functions.

Panels have no id and place; ``dashboards.page`` assigns them. Only ``_targets`` assigns refIds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboards.colors import BY_POSITION, CAREFUL, FAINT

Json = dict[str, Any]

WEEK_BEFORE = "a week before"
"""The name of a curve that shows what was seven days earlier."""

NO_DATA = "No\N{NO-BREAK SPACE}data"
MISSING = (NO_DATA, CAREFUL)
"""The text and the colour of a value that is not known."""

MISSING_VALUE = "vector(NaN)"
"""The PromQL of a value that is not known: Grafana gives no colour to what has no series at all."""

ABOUT = "≈"
"""The mark of a count that is no more than an estimate, since a counter began anew within the time range."""

MARK = "{{about}}"
"""The legend of a count in a tile: the mark, if it has one."""

LEGEND = ("lastNotNull", "mean", "max")
"""What the legend says of each curve; a click on a head sorts by it."""

BESIDE = 16
"""The width from which a panel has room for its legend beside the curves."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; ``legend`` names its series. An instant query returns current values as a table."""

    expr: str
    legend: str = ""
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Width in columns of 24, height in Grafana's rows of 30 pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FieldStyle:
    """The display of values: unit, colours from a value upwards, names of values.

    ``steps`` are pairs of a value (None: from the lowest) and a colour.
    """

    unit: str
    steps: tuple[tuple[float | None, str], ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    decimals: int | None = None
    missing: tuple[str, str] = MISSING

    def field_config(self, **more: Any) -> Json:
        """Return the panel's field defaults."""
        defaults: Json = {"unit": self.unit, **more}
        if self.decimals is not None:
            defaults["decimals"] = self.decimals
        if self.steps:
            defaults["thresholds"] = thresholds(self.steps)
        if self.names:
            defaults["mappings"] = mappings(self.names)
        return defaults


COUNT = FieldStyle("locale", decimals=0)
"""The display of counts: whole, with every digit."""


def thresholds(steps: Sequence[tuple[float | None, str]]) -> Json:
    """Return colours from a value upwards."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def mappings(names: Mapping[str, tuple[str, str]], missing: tuple[str, str] | None = None) -> list[Json]:
    """Return the text and colour for a value, and for one that is not known."""
    options = {
        value: {"text": text, "color": color, "index": position}
        for position, (value, (text, color)) in enumerate(names.items())
    }
    of_values = [{"type": "value", "options": options}] if names else []
    if missing is None:
        return of_values
    text, color = missing
    result = {"text": text, "color": color, "index": len(names)}
    return [*of_values, {"type": "special", "options": {"match": "null+nan", "result": result}}]


def stat(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    look: FieldStyle,
    *,
    links: Sequence[Json] = (),
    names: Mapping[str, str] | None = None,
) -> Json:
    """Return a panel of large single values: of now, or of the whole time range.

    ``names`` replace the legends of queries. Where nothing is known it says so in the colour of ``look.missing``.
    """
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    color = {"mode": "thresholds"} if look.steps else {"mode": "fixed", "fixedColor": "text"}
    overrides = [by_name(old, {"displayName": new}) for old, new in (names or {}).items()]
    if any(query.legend == MARK for query in queries):
        overrides.append(by_name(ABOUT, {"unit": f"prefix:{ABOUT}\N{NO-BREAK SPACE}"}))
    said = {"mappings": mappings(look.names, look.missing), "noValue": look.missing[0]}
    defaults = look.field_config(color=color, **({"links": list(links)} if links else {})) | said
    known = [replace(query, expr=f"{query.expr} or on () {MISSING_VALUE}", is_instant=True) for query in queries]
    return panel("stat", title, description, size, known, options=options, defaults=defaults, overrides=overrides)


def timeseries(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    look: FieldStyle,
    *,
    is_stacked: bool = False,
    colors: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    band: tuple[str, str] | None = None,
    links: Sequence[Json] = (),
) -> Json:
    """Return a panel of curves; steps are drawn as dashed lines.

    A series that ``colors`` name has the same colour in every panel, the others take Grafana's in turn. ``names``
    replace the legends of queries. The area between the two series of ``band`` (the lower one first) is filled.
    """
    custom = {
        "drawStyle": "line",
        "lineWidth": 1 if is_stacked else 2,
        "fillOpacity": 60 if is_stacked else 8,
        "gradientMode": "none" if is_stacked else "opacity",
        "showPoints": "auto",
        "pointSize": 4,
        "spanNulls": False,
        "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if look.steps else "off"},
        "axisSoftMin": 0,
    }
    linked = {"links": list(links)} if links else {}
    defaults = look.field_config(color={"mode": BY_POSITION}, min=0, custom=custom, **linked)
    overrides = [
        by_name(old, {"displayName": new} | fixed((colors or {})[new])) for old, new in (names or {}).items()
    ] + [by_name(name, fixed(color)) for name, color in (colors or {}).items() if not names]
    if band:
        low, high = band
        thin = {"custom.lineWidth": 0, "custom.fillOpacity": 0} | fixed(FAINT)
        overrides += [by_name(low, thin), by_name(high, thin | {"custom.fillBelowTo": low, "custom.fillOpacity": 20})]
    overrides += [*_compared(queries), HIDDEN]
    curves = panel(
        "timeseries", title, description, size, queries, options=_curves(size), defaults=defaults, overrides=overrides
    )
    return curves | {"interval": "1m"}


def days(title: str, description: str, size: Size, queries: Sequence[Query], look: FieldStyle) -> Json:
    """Return a panel of stacked columns, one for each day."""
    custom = {
        "drawStyle": "bars",
        "barAlignment": -1,
        "barWidthFactor": 0.8,
        "lineWidth": 0,
        "fillOpacity": 80,
        "stacking": {"mode": "normal", "group": "A"},
    }
    defaults = look.field_config(color={"mode": BY_POSITION}, min=0, custom=custom)
    columns = panel(
        "timeseries",
        title,
        description,
        size,
        queries,
        options=_curves(size),
        defaults=defaults,
        overrides=[
            *_compared(queries, **{"custom.drawStyle": "line", "custom.lineInterpolation": "stepBefore"}),
            HIDDEN,
        ],
    )
    return columns | {"interval": "1d"}


def _curves(size: Size) -> Json:
    return {
        "legend": {
            "displayMode": "table",
            "placement": "right" if size.width >= BESIDE else "bottom",
            "showLegend": True,
            "calcs": list(LEGEND),
            "sortBy": "Mean",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _compared(queries: Sequence[Query], **more: Any) -> list[Json]:
    """Return how the week before is drawn, if a query asks for it: thin, dashed, faint, and never stacked."""
    if all(query.legend != WEEK_BEFORE for query in queries):
        return []
    thin = {
        "custom.lineWidth": 1,
        "custom.lineStyle": {"fill": "dash", "dash": [6, 6]},
        "custom.fillOpacity": 0,
        "custom.showPoints": "never",
        "custom.stacking": {"mode": "none", "group": "A"},
    }
    return [by_name(WEEK_BEFORE, fixed(FAINT) | thin | more)]


HIDDEN: Json = {
    "matcher": {"id": "byValue", "options": {"reducer": "max", "op": "lt", "value": 0}},
    "properties": [{"id": "custom.hideFrom", "value": {"legend": True, "tooltip": True, "viz": True}}],
}
"""Series below zero only keep the place of one that has no curve here: nothing that is shown is ever negative."""


def fixed(color: str) -> Json:
    """Return the properties of a field of one colour."""
    return {"color": {"mode": "fixed", "fixedColor": color}}


def by_name(name: str, properties: Mapping[str, Any]) -> Json:
    """Return the override of one field's properties."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def panel(
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
    """Return a panel of any kind, not yet placed."""
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
