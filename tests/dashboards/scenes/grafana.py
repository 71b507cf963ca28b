"""What somebody sees on a page at a moment, computed as Grafana computes it.

Queries are instant, at the end of the time range. A tile shows the last value that is neither null nor not-a-number; if
there is none, the mapping of null says what it shows. A mapping's colour goes before that of a threshold, and null has
the colour of the lowest threshold. Where a query gives no series at all, a tile says "No data" without any colour.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tests.dashboards.reading import Json, panels, variables
from tests.dashboards.scenes.prometheus import Labels, Prometheus

TILES = {"stat", "gauge", "bargauge"}


@dataclass(frozen=True)
class View:
    """A page at a moment, with a time range that ends there, and with what is chosen of its variables (else all)."""

    page: Json
    prometheus: Prometheus
    at: datetime
    range: timedelta
    chosen: Mapping[str, str]
    answers: dict[tuple[str, datetime], list[tuple[Labels, float]]]
    """What was asked so far, of all views."""

    @property
    def tiles(self) -> list["Tile"]:
        """The panels of single values, those of collapsed rows included."""
        return [Tile(self, panel) for panel in panels(self.page) if panel["type"] in TILES]

    @property
    def tables(self) -> list["Table"]:
        """The tables, those of collapsed rows included."""
        return [Table(self, panel) for panel in panels(self.page) if panel["type"] == "table"]

    def expand(self, expression: str) -> str:
        """Put what is chosen, and the time range, into the place of variables."""
        values = {"__range": f"{round(self.range.total_seconds())}s"}
        for variable in variables(self.page, "query"):
            chosen = self.chosen.get(variable["name"])
            values[variable["name"]] = variable["allValue"] if chosen is None else _escaped(chosen)
        return re.sub(r"\$\{?([a-z_]\w*)\}?", lambda found: values[found[1]], expression)

    def ask(self, expression: str) -> list[tuple[Labels, float]]:
        """Return what an expanded expression gives at the moment; the same is asked once."""
        key = (expression, self.at)
        if key not in self.answers:
            self.answers[key] = self.prometheus.at(expression, self.at)
        return self.answers[key]


def _escaped(value: str) -> str:
    """Return a chosen value as a part of a regular expression within a string of PromQL."""
    return re.sub(r"([\\^$*+?.()|{}\[\]])", r"\\\\\1", value)


@dataclass(frozen=True)
class Panel:
    """A panel of a view."""

    view: View
    panel: Json

    @property
    def title(self) -> str:
        """Its head."""
        return str(self.panel["title"])

    @property
    def unit(self) -> str:
        """The unit of its values, unless a column has its own."""
        return str(self.panel["fieldConfig"]["defaults"]["unit"])

    @property
    def expressions(self) -> list[str]:
        """Its expressions, with what is chosen."""
        return [self.view.expand(target["expr"]) for target in self.panel["targets"]]

    @property
    def asks(self) -> str:
        """All that it asks, with variables."""
        return "\n".join(target["expr"] for target in self.panel["targets"])

    def __str__(self) -> str:
        return f"{self.view.page['title']} / {self.title}"


class Tile(Panel):
    """A panel of single values."""

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: metrics, whether recorded or not, and matchers that nobody chose."""
        names = {re.sub(r"^\w+:|(_total|:\w+)$", "", name) for name in re.findall(r"([\w:]+)\{", self.asks)}
        fixed = set(re.findall(r'\w+(?:=|=~|!=|!~)"[^"$]*"', self.asks))
        return tuple(sorted(names | fixed))

    @cached_property
    def values(self) -> list[float | None]:
        """The values of its series; None for one that is not a number."""
        found = [value for expression in self.expressions for _, value in self.view.ask(expression)]
        return [None if math.isnan(value) else value for value in found]

    @property
    def is_missing(self) -> bool:
        """Whether it shows no number at all."""
        return all(value is None for value in self.values)

    @property
    def value(self) -> float:
        """Its only value, which is there."""
        (value,) = self.values
        assert value is not None, f"{self} has no value"
        return value

    def shown(self, value: float | None) -> tuple[str, str]:
        """Return what stands for a value, and its colour."""
        config = self.panel["fieldConfig"]["defaults"]
        text, color = str(value), self._color(value, config)
        for mapping in config.get("mappings", ()):
            found = _mapped(mapping, value)
            if found:
                return found.get("text", text), found.get("color", color)
        return text, color

    def _color(self, value: float | None, config: Json) -> str:
        if config.get("color", {}).get("mode") != "thresholds":
            return str(config.get("color", {}).get("fixedColor", ""))
        steps = config["thresholds"]["steps"]
        reached = [step["color"] for step in steps if step["value"] is None or (value or 0) >= step["value"]]
        return str(steps[0]["color"] if value is None else reached[-1])


def _mapped(mapping: Json, value: float | None) -> Json | None:
    """Return what a mapping makes of a value."""
    options = mapping["options"]
    if mapping["type"] == "special":
        return options["result"] if value is None and options["match"] in {"null", "null+nan"} else None
    if value is None:
        return None
    if mapping["type"] == "range":
        low, high = options.get("from"), options.get("to")
        inside = (low is None or value >= low) and (high is None or value <= high)
        return options["result"] if inside else None
    found: Json | None = options.get(f"{value:g}")
    return found


class Table(Panel):
    """A table: a row for each set of labels, a column for each query."""

    @cached_property
    def rows(self) -> list[Labels]:
        """What names its rows: the answers of all queries, merged by their labels."""
        answers = (labels for expression in self.expressions for labels, _ in self.view.ask(expression))
        return [dict(row) for row in {tuple(sorted(labels.items())) for labels in answers}]

    @property
    def has_figures(self) -> bool:
        """Whether it is to show values beside what names its rows."""
        return any(name.startswith("Value") for name in self._titles)

    @property
    def _titles(self) -> Mapping[str, str]:
        """The titles of its fields."""
        (names,) = (
            step["options"]["renameByName"] for step in self.panel["transformations"] if step["id"] == "organize"
        )
        titles: Mapping[str, str] = names
        return titles

    @property
    def columns(self) -> Mapping[str, "Column"]:
        """Its columns of values, by their titles.

        What only one of its queries answers has a name without that query's (grafana/grafana#57855).
        """
        answered = [target for target in self.panel["targets"] if self.view.ask(self.view.expand(target["expr"]))]
        fields = {f"Value #{each['refId']}" if len(answered) > 1 else "Value": each["expr"] for each in answered}
        return {title: Column(self, title, fields[name]) for name, title in self._titles.items() if name in fields}


@dataclass(frozen=True)
class Column:
    """A column of values."""

    table: Table
    title: str
    expression: str

    @property
    def unit(self) -> str:
        """Its unit, or the table's."""
        rules = self.table.panel["fieldConfig"]["overrides"]
        own = [
            entry["value"]
            for rule in rules
            if rule["matcher"]["options"] == self.title
            for entry in rule["properties"]
            if entry["id"] == "unit"
        ]
        return str(own[-1]) if own else self.table.unit

    @cached_property
    def cells(self) -> list[float]:
        """Its values."""
        return [value for _, value in self.table.view.ask(self.table.view.expand(self.expression))]


def selectors(expression: str) -> list[tuple[str, str]]:
    """Return the selectors of an expression, each with the range it looks back over, or with none."""
    return re.findall(r"([a-zA-Z_:][\w:]*\{[^{}]*\})(\[[^\]]+\])?", expression)
