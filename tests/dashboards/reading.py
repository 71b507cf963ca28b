"""What the tests of dashboards read out of them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from dashboards.build import build

Json = dict[str, Any]

DASHBOARDS: dict[str, Json] = {name: json.loads(content) for name, content in build().items()}
"""File name -> dashboard."""


def panels(dashboard: Json) -> Iterator[Json]:
    """Return the panels that show something, those of collapsed rows included."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def opened(dashboard: Json) -> list[Json]:
    """Return the panels that ask as soon as the dashboard is opened."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard: Json, kind: str) -> list[Json]:
    """Return the variables of a kind."""
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == kind]


def queries(dashboard: Json) -> list[str]:
    """Return the PromQL of every panel and annotation, with its variables."""
    found = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    return found + [mark["target"]["expr"] for mark in dashboard["annotations"]["list"]]


def expressions(dashboard: Json) -> list[str]:
    """Return the PromQL of every panel, annotation and variable, with its variables."""
    return queries(dashboard) + [label_values(variable)[0] for variable in variables(dashboard, "query")]


def label_values(variable: Json) -> tuple[str, str]:
    """Return the selector and the label of a query variable."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found, variable
    return found[1], found[2]


def expand(expression: str) -> str:
    """Put something into the place of every variable, as Grafana does when all is chosen."""
    for name, length in (("$__range", "6h"), ("$__rate_interval", "5m")):
        expression = expression.replace(name, length)
    return re.sub(r"\$[a-z]\w*", ".+", expression)


def links(dashboard: Json) -> list[Json]:
    """Return the data links of every panel and column."""
    found = []
    for panel in panels(dashboard):
        found += panel["fieldConfig"]["defaults"].get("links", [])
        for rule in panel["fieldConfig"]["overrides"]:
            found += [link for entry in rule["properties"] if entry["id"] == "links" for link in entry["value"]]
    return found


def selected(expression: str) -> set[str]:
    """Return the metrics that an expression selects: every selector has braces."""
    return set(re.findall(r"([a-zA-Z_:][\w:]*)\{", expression))
