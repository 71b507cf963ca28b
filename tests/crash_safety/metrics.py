"""A page of metrics as numbers, and what never may happen between two of them."""

import re
from collections.abc import Mapping
from decimal import Decimal

from tests.end_to_end.cloudflare import Values, label_set
from tests.end_to_end.counters import ASSETS, Counter

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Page = Mapping[tuple[str, str], Decimal]
"""Name and labels as text -> value."""


def read_page(text: str) -> Page:
    """Return the samples of a page in Prometheus' text format."""
    return {(name, labels or ""): Decimal(value) for name, labels, value in _SAMPLE.findall(text)}


def labels_of(text: str) -> dict[str, str]:
    """Return the labels of a sample."""
    return dict(_LABEL.findall(text))


def value(page: Page, name: str, **labels: str) -> Decimal | None:
    """Return the sum of the samples of a metric that have these labels; None if there is none."""
    found = [
        amount
        for (metric, text), amount in page.items()
        if metric == name and labels.items() <= labels_of(text).items()
    ]
    return sum(found, Decimal(0)) if found else None


def values(page: Page, counter: Counter) -> Values:
    """Return a counter by its labels, in the oracle's parts; without what is 0."""
    names = (ASSETS[counter.dataset][0], *counter.labels, *counter.fixed)
    summed: Values = {}
    for (metric, text), amount in page.items():
        labels = labels_of(text) if metric == counter.name else {}
        if metric == counter.name and counter.fixed.items() <= labels.items():
            key = label_set({name: labels[name] for name in names})
            summed[key] = summed.get(key, 0) + round(amount * counter.parts)
    return {key: amount for key, amount in summed.items() if amount}


def counters(page: Page) -> Page:
    """Return what is counted of Cloudflare's: what may never fall."""
    return {
        series: amount
        for series, amount in page.items()
        if series[0].endswith(("_total", "_count", "_sum"))
        and series[0].startswith("cloudflare_")
        and not series[0].startswith("cloudflare_exporter_")
    }
