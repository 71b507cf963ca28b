"""Alerts about what fails: one rule shape for each product whose failures the catalog counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerting import usage
from alerting.outcomes import LOGS, leading
from alerting.promql import Subject, both, compared, rate, setting, subject_of
from alerting.rule import Alert, Group, Record
from exporter.alerts.table.failing import FAILING, LEAST, WORKERS, Failing
from exporter.alerts.windows import IN_WORDS, RECENT
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Tallied, Tally

TITLE = "Failures: Workers, buckets, databases and objects that answer with errors."

OUTAGE, RATIO = ("2m", "40m"), ("15m", "20m")
"""How long the critical alert and the warning wait, and are kept.

A window of 15 minutes reaches the threshold of an outage up to twelve minutes later than that of the warning, and
leaves it up to twelve minutes earlier. So the critical alert, which suppresses the warning, is there before it and
lasts longer.
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The share of an asset's requests that fail, as rules record it."""

    of: Failing

    @property
    def subject(self) -> Subject:
        """Return the labels of an asset."""
        return subject_of(self.of.product.kinds[0])

    @property
    def failed(self) -> Tally:
        """Return the counter of the failures."""
        (tally,) = _tallies(self._counting(Tallied.ERRORS), Tallied.ERRORS)
        return tally

    @property
    def dataset(self) -> str:
        """Return the name of the dataset that counts the failures."""
        return self._counting(Tallied.ERRORS).name

    @property
    def matcher(self) -> str:
        """Return the matcher that selects the failures among the series of their counter; empty if all are."""
        return f'{self.failed.label}=~"{self.failed.starts}.*"' if self.failed.label else ""

    @property
    def errors(self) -> str:
        """Return the record of the failures a second."""
        return self._rate(Tallied.ERRORS).record(RECENT)

    @property
    def requests(self) -> str:
        """Return the record of all requests a second."""
        return self._rate(Tallied.REQUESTS).record(RECENT)

    @property
    def name(self) -> str:
        """Return the record of the share."""
        return f"{self.subject.level}:{self._rate(Tallied.ERRORS).name}_per_requests:ratio_rate{RECENT}"

    @property
    def critical(self) -> str:
        """Return the record of the shares that are critical now; an alert is kept for longer."""
        return f"{self.subject.level}:{self._rate(Tallied.ERRORS).name}_per_requests:critical_rate{RECENT}"

    def records(self) -> Iterator[Record]:
        """Return the records of the share that no other group has."""
        for each in (self._rate(Tallied.ERRORS), self._rate(Tallied.REQUESTS)):
            if each not in usage.RATES:
                yield Record(each.record(RECENT), rate(each.selectors, each.dataset, each.labels, RECENT))
        if self.of is not WORKERS:
            yield Record(self.name, f"{self.errors}\n  /\n({self.requests} > 0)")

    @property
    def high(self) -> str:
        """Return the expression for the shares that are too high, where there are enough requests."""
        alert = self.of.ratio
        return both(compared(self.name, ">", alert), f"{self.requests} > {setting(alert, LEAST)}")

    @property
    def outage(self) -> str:
        """Return the expression for the shares that are an outage; what an exception lets fail is none."""
        alert = self.of.outage
        busy = f"{self.requests} > {setting(alert, LEAST)}"
        return both(compared(self.name, ">", alert), compared(self.name, ">", self.of.ratio), busy)

    def _rate(self, tallied: Tallied) -> usage.Rate:
        """Return a rate of the usage, or one of our own if that has none of the same counters."""
        prefix = self.of.product.kinds[0].info.removesuffix("_info")
        selectors = self._failures() if tallied is Tallied.ERRORS else self._everything()
        own = usage.Rate(f"{prefix}_{tallied}", selectors, self._counting(tallied).published_name, self.subject)
        same = (each for each in usage.RATES if (each.selectors, each.extra) == (selectors, ()))
        return next(same, own)

    def _failures(self) -> tuple[str]:
        return (f"{self.failed.metric}{{{self.matcher}}}" if self.matcher else self.failed.metric,)

    def _everything(self) -> tuple[str, ...]:
        if self.failed.label:
            return (self.failed.metric,)
        return tuple(each.metric for each in _tallies(self._counting(Tallied.REQUESTS), Tallied.REQUESTS))

    def _counting(self, tallied: Tallied) -> Dataset:
        """Return the dataset that counts an asset's requests or failures."""
        return next(each for each in self.of.product.datasets if _tallies(each, tallied))


RATIOS = tuple(Ratio(each) for each in FAILING)


def groups() -> tuple[Group]:
    """Return the records and alerts about failures."""
    rules: list[Record | Alert] = []
    for ratio in RATIOS:
        rules += [*ratio.records(), *_alerts(ratio)]
    return (Group("cloudflare.failing", rules),)


def _alerts(ratio: Ratio) -> Iterator[Record | Alert]:
    yield Record(
        ratio.critical,
        ratio.outage,
        "What is an outage now; the alert is kept for longer." if ratio is RATIOS[0] else "",
    )
    of, kind = ratio.of, ratio.of.product.kinds[0]
    thing = kind.assets.removesuffix("s")
    most = leading(ratio.failed.metric, ratio.matcher, ratio.subject, of.outcome, RECENT) if of.outcome else ""
    for alert, expr, (wait, keep), summary in (
        (of.outage, ratio.critical, OUTAGE, f"So many {thing} {of.requests} fail that it is an outage."),
        (of.ratio, ratio.high, RATIO, f"Too many {thing} {of.requests} fail."),
    ):
        yield Alert(
            alert.name,
            alert.severity,
            of.product.name,
            expr,
            summary,
            f"{{{{ $value | humanizePercentage }}}} of the {of.requests} of {thing} {{{{ $labels.{kind.label} }}}} "
            f"(project {{{{ $labels.project }}}}, account {{{{ $labels.account }}}}) failed over {IN_WORDS} of "
            f"Cloudflare's time (right after an outage: over all of it).{most}",
            wait=wait,
            keep=keep,
            subject=ratio.subject.labels[1:],
            logs_url=LOGS if of is WORKERS else "",
        )


def _tallies(dataset: Dataset, tallied: Tallied) -> tuple[Tally, ...]:
    return tuple(each for each in dataset.tallies if each.tallied is tallied)
