"""A whole dashboard of Grafana's classic JSON: variables, annotations and the layout of panels.

Only ``dashboard`` assigns ids and places to panels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from dashboards.grafana import DATASOURCE, Json
from dashboards.links import TAG, all_pages

SCHEMA_VERSION = 41
"""The version that Grafana 11.6 and 12.0 write; newer ones migrate it."""

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the dashboard: its head and the panels below it, laid out from left to right.

    The panels of a collapsed row run no queries until it is opened.
    """

    title: str
    panels: tuple[Json, ...]
    is_collapsed: bool = False


def datasource_variable() -> Json:
    """Return the variable with the data source of every panel; the default is the first Prometheus."""
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


def label_variable(name: str, title: str, selector: str, label: str, *, is_one: bool = False) -> Json:
    """Return a variable with the values of a label in a selector.

    The default is all of them, or with ``is_one`` the first. All can be selected there too, for links from pages on
    which all are selected.
    """
    query = f"label_values({selector}, {label})"
    chosen: Json = {} if is_one else {"text": ["All"], "value": ["$__all"]}
    return {
        "name": name,
        "label": title,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "regex": "",
        "current": chosen,
        "allValue": ".+",
        "hide": 0,
        "includeAll": True,
        "multi": not is_one,
        "options": [],
        "refresh": 2,
        "sort": 1,
    }


def annotation(name: str, expr: str, color: str, *, title: str, text: str) -> Json:
    """Return annotations on every graph at times where an expression has a value."""
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
    since: str = "now-6h",
) -> Json:
    """Return a whole dashboard, with an id and a place for every panel."""
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "refresh": "1m",
        "time": {"from": since, "to": "now"},
        "schemaVersion": SCHEMA_VERSION,
        "links": [all_pages()],
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
        "panels": _lay_out(sections),
    }


def _lay_out(sections: Iterable[Section]) -> list[Json]:
    panels: list[Json] = []
    top = 0
    for section in sections:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        head = {"type": "row", "title": section.title, "collapsed": section.is_collapsed, "gridPos": place}
        placed, bottom = _place(section.panels, top + 1)
        if section.is_collapsed:
            panels.append(head | {"panels": placed})
            top += 1
        else:
            panels += [head | {"panels": []}, *placed]
            top = bottom
    return _numbered(panels)


def _place(panels: Iterable[Json], top: int) -> tuple[list[Json], int]:
    """Return panels with places from a row downwards, and the first row below them."""
    placed = []
    left = height = 0
    for panel in panels:
        size = panel["gridPos"]
        if left + size["w"] > COLUMNS:
            top, left, height = top + height, 0, 0
        placed.append(panel | {"gridPos": {**size, "x": left, "y": top}})
        left, height = left + size["w"], max(height, size["h"])
    return placed, top + height


def _numbered(panels: Iterable[Json]) -> list[Json]:
    numbers = count(1)
    numbered = []
    for panel in panels:
        made = {"id": next(numbers), **panel}
        if made["type"] == "row":
            made["panels"] = [{"id": next(numbers), **inside} for inside in made["panels"]]
        numbered.append(made)
    return numbered
