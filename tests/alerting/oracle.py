"""What rates over data time must be: the oracle's usage of the time that the scrapes in a rule's range cover."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from tests.alerting.scene import BEGIN, Scene, minute
from tests.alerting.world import NAMES
from tests.exactness.harness import ACCOUNT_ID

RANGE_SECONDS = 900
"""How far the rules look back."""

BIRTH = timedelta(minutes=1)
"""A label set that is first seen is published so much later than its first usage."""

WORKERS = "workersInvocationsAdaptive"
R2 = "r2OperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"
OBJECTS = "durableObjectsInvocationsAdaptiveGroups"
PERIODIC = "durableObjectsPeriodicGroups"
KV = "kvOperationsAdaptiveGroups"

CLASSES = {"GetObject": "B", "HeadObject": "B", "PutObject": "A", "ListObjects": "A", "DeleteObject": "free"}
"""Classes of R2 operations: https://developers.cloudflare.com/r2/pricing/."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A recording rule, and what it is the rate of: a measure of a dataset, by labels that are these dimensions.

    The oracle counts in ``parts`` to the unit.
    """

    record: str
    dataset: str
    measure: str
    labels: tuple[tuple[str, str], ...]
    parts: int = 1


_SCRIPT = (("script_name", "scriptName"),)
_BUCKET = (("bucket", "bucketName"), ("class", "actionType"))
_DATABASE = (("database", "databaseId"),)
_OBJECTS = (("do_namespace", "namespaceId"),)
_KV = (("kv_namespace", "namespaceId"), ("action", "actionType"))

REQUESTS = Rate("job_account_project_script_name:cloudflare_worker_requests:rate15m", WORKERS, "requests", _SCRIPT)
ERRORS = Rate("job_account_project_script_name:cloudflare_worker_errors:rate15m", WORKERS, "errors", _SCRIPT)
ERROR_RATIO = "job_account_project_script_name:cloudflare_worker_errors_per_requests:ratio_rate15m"

RATES = (
    REQUESTS,
    ERRORS,
    Rate("job_account_project_bucket_class:cloudflare_r2_operations:rate15m", R2, "requests", _BUCKET),
    Rate("job_account_project_database:cloudflare_d1_rows_read:rate15m", D1, "rowsRead", _DATABASE),
    Rate("job_account_project_database:cloudflare_d1_rows_written:rate15m", D1, "rowsWritten", _DATABASE),
    Rate("job_account_project_do_namespace:cloudflare_durable_object_requests:rate15m", OBJECTS, "requests", _OBJECTS),
    Rate(
        "job_account_project_do_namespace:cloudflare_durable_object_duration_gigabyte_seconds:rate15m",
        PERIODIC,
        "duration",
        _OBJECTS,
        parts=1_000_000,
    ),
    Rate("job_account_project_kv_namespace_action:cloudflare_kv_operations:rate15m", KV, "requests", _KV),
)
"""Every recording rule that is a rate."""


@dataclass(frozen=True, slots=True)
class Span:
    """Data time, in seconds of the scene."""

    since: int
    until: int

    @property
    def seconds(self) -> int:
        """Return how long it is."""
        return self.until - self.since


@dataclass
class Truth:
    """The oracle of a scene that has been played."""

    scene: Scene
    _used: dict[tuple[Rate, int], Counter[str]] = field(default_factory=dict)

    def span(self, dataset: str, second: int) -> Span | None:
        """Return what the range of a rule that is evaluated at this second covers; None if nothing moved in it."""
        untils = [until for at, until in self._untils[dataset].items() if second - RANGE_SECONDS <= at <= second]
        return Span(untils[0], untils[-1]) if untils and untils[0] < untils[-1] else None

    def rates(self, rate: Rate, second: int) -> dict[str, float]:
        """Return the mean rates, by series, in what the range of a rule covers, where there was any usage."""
        span = self.span(rate.dataset, second)
        return {} if span is None else self.means(rate, span)

    def means(self, rate: Rate, span: Span) -> dict[str, float]:
        """Return the mean rates in a span, by series, where there was any usage."""
        before, after = self.used(rate, span.since), self.used(rate, span.until)
        return {
            series: (after[series] / rate.parts - before[series] / rate.parts) / span.seconds
            for series in after
            if after[series] > before[series]
        }

    def bounds(self, rate: Rate, second: int, lateness: timedelta) -> dict[str, tuple[float, float]]:
        """Return the least and the most that a rate can be, by series, where each minute is visible so late at most.

        The newest usage of the span may not be visible at its end, and as much from before it may only now be.
        """
        span = self.span(rate.dataset, second)
        if span is None:
            return {}
        late = int((lateness + BIRTH).total_seconds())
        surely = self.used(rate, max(span.until - late, 0)), self.used(rate, span.since)
        at_most = self.used(rate, span.until), self.used(rate, max(span.since - late, 0))
        return {
            series: (
                (surely[0][series] - surely[1][series]) / rate.parts / span.seconds,
                (at_most[0][series] - at_most[1][series]) / rate.parts / span.seconds,
            )
            for series in surely[0]
            if surely[0][series] > surely[1][series]
        }

    def used(self, rate: Rate, second: int) -> Counter[str]:
        """Return what was used up to a second, since an exporter began to count, by series of the recording rule."""
        if (rate, second) not in self._used:
            start, until = minute(self.scene.script.lives[0][0]), BEGIN + timedelta(seconds=second)
            by = [dimension for _, dimension in rate.labels]
            rows = self.scene.simulator.used(ACCOUNT_ID, rate.dataset, start, until, by=by)
            counted = self._used[rate, second] = Counter()
            for values, figures in rows.items():
                words = [CLASSES.get(value, NAMES.get(value, value)) for value in values]
                labels = {label: word for (label, _), word in zip(rate.labels, words, strict=True)}
                counted[recorded(rate.record, labels)] += figures[rate.measure]
        return self._used[rate, second]

    @cached_property
    def _untils(self) -> dict[str, dict[int, int]]:
        """Up to when each dataset was published, scrape by scrape."""
        name = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
        found: dict[str, dict[int, int]] = {rate.dataset: {} for rate in RATES}
        for scrape in self.scene.scrapes:
            for dataset, untils in found.items():
                value = (scrape.values or {}).get(f'{name}{{account="Example",dataset="{dataset}",zone=""}}')
                if value is not None:
                    untils[scrape.second] = int(float(value) - BEGIN.timestamp())
        return found


def recorded(record: str, labels: Mapping[str, str]) -> str:
    """Return a series of a recording rule about an asset of the scene's account."""
    written = {"job": "cloudflare", "account": "Example", "project": "shop", **labels}
    return record + "{" + ",".join(f'{name}="{value}"' for name, value in written.items()) + "}"
