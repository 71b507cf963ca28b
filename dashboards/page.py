"""A whole dashboard of Grafana's classic JSON: variables, annotations, and where the panels are.

``dashboard`` alone gives panels their ids and places.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboards.grafana import DATASOURCE, Json

SCHEMA_VERSION = 41
"""What Grafana 11.6 and 12.0 write; newer versions migrate it."""

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the dashboard: its head and the panels below it, laid out from left to right."""

    title: str
    panels: tuple[Json, ...]


def datasource_variable() -> Json:
    """Give the variable that every panel takes its data source from; the first Prometheus is chosen."""
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
    }


def label_variable(name: str, title: str, selector: str, label: str) -> Json:
    """Give a variable with the values of a label in a selector; all of them unless some are chosen."""
    query = f"label_values({selector}, {label})"
    return {
        "name": name,
        "label": title,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "regex": "",
        "current": {"text": ["All"], "value": ["$__all"]},
        "allValue": ".+",
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "options": [],
        "refresh": 2,
        "sort": 1,
    }


def annotation(name: str, expr: str, color: str, *, title: str, text: str) -> Json:
    """Give marks on every graph where an expression has a value."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "target": {"refId": "Anno", "expr": expr, "interval": "1m"},
        "titleFormat": title,
        "textFormat": text,
    }


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[Json],
    annotations: Sequence[Json],
    sections: Iterable[Section],
) -> Json:
    """Give a whole dashboard: here every panel gets its id and its place."""
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["cloudflare"],
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "schemaVersion": SCHEMA_VERSION,
        "links": [],
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
        "panels": _lay_out(sections),
    }


def _lay_out(sections: Iterable[Section]) -> list[Json]:
    panels: list[Json] = []
    top = 0
    for section in sections:
        head = {"type": "row", "title": section.title, "collapsed": False, "panels": []}
        panels.append(head | {"gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top}})
        top += 1
        left = height = 0
        for panel in section.panels:
            size = panel["gridPos"]
            if left + size["w"] > COLUMNS:
                top, left, height = top + height, 0, 0
            panels.append(panel | {"gridPos": {**size, "x": left, "y": top}})
            left, height = left + size["w"], max(height, size["h"])
        top += height
    return [{"id": position, **panel} for position, panel in enumerate(panels, start=1)]
