"""Alerts that a meter of an asset costs several times as much as usual: one shape, a line of a table for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerting.costs import AssetCost
from alerting.promql import Subject, both, compared, setting
from alerting.rule import Alert, Record
from alerting.texts import NUMBER, USD, asked, knob, limit, selected, since
from exporter.alerts.table import AlertEntry
from exporter.alerts.table.spike import LEAST
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product


@dataclass(frozen=True, slots=True)
class Metered:
    """A meter: what it counts in words, and the record of it a second, with what selects the meter's series of it."""

    meter: str
    what: str
    usage: str
    matchers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Spike:
    """The alert about one or more meters that are judged alike."""

    alert: AlertEntry
    summary: str
    of: Sequence[Metered]

    @property
    def matchers(self) -> str:
        """Return the matcher of its meters."""
        return f'{{meter=~"{"|".join(each.meter for each in self.of)}"}}'


def spikes(product: Product, kind: AssetKind, subject: Subject, table: Sequence[Spike]) -> Iterator[Record | Alert]:
    """Return the records and alerts about the meters of the assets of a kind."""
    cost = AssetCost(subject, kind.kind, tuple(each.meter for spike in table for each in spike.of))
    yield from cost.records()
    for spike in table:
        yield _alert(product, kind, cost, spike)


def _alert(product: Product, kind: AssetKind, cost: AssetCost, spike: Spike) -> Alert:
    alert, subject = spike.alert, cost.subject
    return Alert(
        alert.name,
        alert.severity,
        product.name,
        both(
            compared(f"{cost.change}{spike.matchers}", ">", alert),
            f"{cost.hourly}{spike.matchers} > {setting(alert, LEAST)}",
        ),
        spike.summary,
        _text(kind, cost, spike),
        wait="10m",
        keep="15m",
        subject=subject.labels[1:],
    )


def _text(kind: AssetKind, cost: AssetCost, spike: Spike) -> str:
    alert, subject = spike.alert, cost.subject
    now, usual = (asked(selected(record, cost.labels), cost.labels) for record in (cost.hourly, cost.usual))
    times = limit(alert, alert.severity, subject, NUMBER)
    return (
        f"Over the last hour {kind.asset} {{{{ $labels.{kind.label} }}}} (project {{{{ $labels.project }}}}, account "
        f"{{{{ $labels.account }}}}) cost {now} at list price for {_counted(subject, spike.of)}. Usual at this time of "
        f"day are {usual} an hour; the threshold is {times} times that, and {knob(alert, LEAST, USD)} an hour."
        f"{since(alert, alert.severity, cost.labels)}"
    )


def _counted(subject: Subject, metered: Sequence[Metered]) -> str:
    """Return what says what was counted, and how much of it a second."""
    told = [
        each.what + asked(selected(each.usage, subject.labels, *each.matchers), subject.labels, f" ({NUMBER} a second)")
        for each in metered
    ]
    if len(told) == 1:
        return told[0]
    cases = (
        f'{{{{ if eq $labels.meter "{each.meter}" }}}}{text}{{{{ end }}}}'
        for each, text in zip(metered, told, strict=True)
    )
    return "".join(cases)
