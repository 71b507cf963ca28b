"""Prometheus text: OpenMetrics 1.0.0 and text 0.0.4, written from the same samples. Pure.

https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md and
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable
from enum import Enum

from exporter.metrics.family import Family, Sample, format_value


class Format(Enum):
    """An exposition format; the value is its Content-Type."""

    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    TEXT = "text/plain; version=0.0.4; charset=utf-8"


_LAST = ("", "_sum")
"""The suffixes of what is written last of a counter and of a summary."""


def render(families: Iterable[Family], form: Format) -> bytes:
    """Return the exposition of some families; those without samples are left out.

    Each family is encoded by itself: joining all of them at once would keep scrapes waiting.
    """
    bodies = [_render_family(family, form) for family in families if family.samples]
    if form is Format.OPENMETRICS:
        bodies.append(b"# EOF\n")
    return b"".join(bodies)


def _render_family(family: Family, form: Format) -> bytes:
    name, kind = _declared(family, form)
    lines = [f"# HELP {name} {_escape_help(family.help, form)}\n# TYPE {name} {kind}\n"]
    lines += [
        f"{family.name}{sample.suffix}{sample.labels.text} {format_value(sample)}\n"
        if sample.since is None or form is Format.TEXT
        else _with_start(family, name, sample)
        for sample in family.samples
    ]
    return "".join(lines).encode()


def _with_start(family: Family, declared: str, sample: Sample) -> str:
    """Return the line of a sample, and after the last of its series since when that is counted."""
    line = f"{family.name}{sample.suffix}{sample.labels.text} {format_value(sample)}\n"
    return f"{line}{declared}_created{sample.labels.text} {sample.since}\n" if sample.suffix in _LAST else line


def _declared(family: Family, form: Format) -> tuple[str, str]:
    if form is Format.TEXT:
        return family.name, "gauge" if family.kind == "info" else family.kind
    match family.kind:
        case "counter":
            return family.name.removesuffix("_total"), "counter"
        case "info":
            return family.name.removesuffix("_info"), "info"
        case _:
            return family.name, family.kind


def _escape_help(text: str, form: Format) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if form is Format.OPENMETRICS else escaped
