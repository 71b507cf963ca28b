"""The types of a catalog entry, as product files declare them. Data only.

All facts are from Cloudflare's GraphQL schema (field names, units) and API pages (endpoints, page sizes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MINUTE, Grain

MILLIONTH = 1_000_000

GIGABYTE = 1_000_000_000
"""Bytes; documented for R2 (https://developers.cloudflare.com/r2/platform/limits/), assumed for other products."""


QUANTILES = {"P50": "0.5", "P75": "0.75", "P90": "0.9", "P95": "0.95", "P99": "0.99", "P999": "0.999"}
"""Suffixes of Cloudflare's quantile fields, with the value of the label ``quantile``."""

ADDING = frozenset({"sum", ""})
"""The groups of fields whose amounts add up over hours and days; unique counts, extremes and quantiles do not."""

ROWS = "rows"
"""The group of a field that is not requested: each row counts one."""


class Role(StrEnum):
    """How a dataset's answers become metrics.

    ``usage`` is counted forever. ``state`` is the newest hour of a stored quantity. ``window`` is the newest complete
    quarter of an hour, absent without traffic; of a dataset that tells days it is a day, as for unique visitors.
    """

    USAGE = "usage"
    STATE = "state"
    WINDOW = "window"


class Reader(StrEnum):
    """Whose node of GraphQL a dataset is read from: an account's, or that of each of its zones."""

    ACCOUNT = "account"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Field:
    """A numeric field of a dataset.

    ``group`` is the object that holds it (``sum``, ``max``, ``quantiles``; empty for the top-level ``count``). A
    ``fractional`` field is a float in Cloudflare's schema and is kept as an integer, in millionths of its unit.
    """

    name: str
    group: str = "sum"
    fractional: bool = False

    @property
    def scale(self) -> int:
        """Return the number of amounts in one unit of Cloudflare's field."""
        return MILLIONTH if self.fractional else 1


@dataclass(frozen=True, slots=True)
class Label:
    """A dimension published as a label; ``classify`` turns Cloudflare's word into the label's value."""

    name: str
    dimension: str
    classify: Callable[[str], str] | None = None

    def value(self, word: str) -> str:
        """Return the label's value for Cloudflare's word."""
        return self.classify(word) if self.classify else word


@dataclass(frozen=True, slots=True)
class MetricPart:
    """One field that feeds a metric; ``word`` is its value of the metric's split label, if there is one."""

    source: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter or gauge made of a dataset's fields.

    ``labels`` are the dataset labels that the series keeps; ``split`` names one more label whose value is the ``word``
    of each part. The exposed value is ``amount / divisor``. ``zeros`` are the label values (in the order of ``labels``,
    then ``split``) that every known asset has from the start. ``kind`` is counter, gauge or summary (the quantiles of
    one); ``family`` is the summary to which a ``_sum`` or ``_count`` belongs. An ``is_of_account`` metric has no asset
    label.
    """

    name: str
    help: str
    parts: tuple[MetricPart, ...]
    labels: tuple[str, ...] = ()
    split: str = ""
    divisor: int = 1
    zeros: tuple[tuple[str, ...], ...] = ((),)
    kind: str = "counter"
    family: str = ""
    is_of_account: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """What an invoice counts: ``weight * source``, summed over the rows whose labels match all of ``where`` and none
    of ``unless``.

    ``id`` is the rate card's, or our own for usage that may not be billed. The sum is an integer in the meter's
    smallest unit (twentieths of a request, microseconds, millionths of a GB-second …); ``scale`` is the number of these
    in one unit of the rate card. Stored quantities are GB-months on the card and bytes here.
    """

    id: str
    source: str
    weight: int = 1
    scale: int = 1
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Tallied(StrEnum):
    """What is counted of every asset, whatever it is; an operation is a request."""

    REQUESTS = "requests"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter that adds to an asset's requests or errors, though no invoice counts them: all its series, or with a
    ``label`` those whose value of it starts with ``starts``.
    """

    tallied: Tallied
    metric: str
    label: str = ""
    starts: str = ""


def tally_id(kind: str, tallied: Tallied) -> str:
    """Return the id under which daily sums and hours have a tally; that of no meter has a slash."""
    return f"{kind}/{tallied}"


@dataclass(frozen=True, slots=True)
class Metering:
    """How a meter's usage is read: the kind of asset, the smallest unit, and whether it is a stored quantity.

    Usage of an ``is_of_account`` meter is not broken down by asset.
    """

    kind: str
    scale: int
    is_stored: bool
    is_of_account: bool = False


@dataclass(frozen=True)
class Dataset:
    """One way of querying a GraphQL dataset; ``variant`` distinguishes several ways of querying the same one.

    ``version`` is raised when the meaning or the ``grain`` changes; counting then restarts. A further field or label is
    counted from the next midnight on, and a meter that reads one has an id of its own. A row's asset id is the value of
    ``id_dimension``; where that is empty the asset is looked up by ``name_dimension``, and rows with a value of
    ``dispatch_dimension`` belong to that dispatch namespace. Without either, they belong to what the ``reader`` reads:
    the account, or the zone. ``tallies`` are the counters that add up to an asset's requests and errors; without any
    these are unknown. ``settle`` is how long after its end an hour may still grow. ``reports_sampling``: answers
    include ``avg.sampleInterval``. ``min_interval`` is the shortest time between two questions. ``distinct_by`` names a
    dimension to group by that is not a label; with ``takes_full_page`` a full page of it is accepted as a lower bound.
    A window of a day is the newest complete one, or if ``is_running`` the running one.
    """

    name: str
    version: int
    kind: str
    id_dimension: str
    fields: tuple[Field, ...]
    labels: tuple[Label, ...] = ()
    metrics: tuple[Metric, ...] = ()
    meters: tuple[Meter, ...] = ()
    tallies: tuple[Tally, ...] = ()
    name_dimension: str = ""
    dispatch_dimension: str = ""
    settle: timedelta = timedelta(minutes=30)
    reports_sampling: bool = True
    role: Role = Role.USAGE
    grain: Grain = BY_MINUTE
    variant: str = ""
    min_interval: timedelta = timedelta(0)
    distinct_by: str = ""
    takes_full_page: bool = False
    is_running: bool = False
    reader: Reader = Reader.ACCOUNT

    def __post_init__(self) -> None:
        """Raise ValueError if what does not add up is to be counted, or if a day is to be stored by the hour."""
        unique = [entry.name for entry in self.fields if entry.group not in ADDING]
        if self.role is Role.USAGE and unique:
            raise ValueError(f"{self.key}: {', '.join(unique)} cannot be counted: amounts of hours do not add up")
        if self.grain is BY_DAY and self.role is Role.STATE:
            raise ValueError(f"{self.key}: what is told of a day is a window, not a state")

    @property
    def is_of_zones(self) -> bool:
        """Return whether each zone is asked for it, and has a book of its own."""
        return self.reader is Reader.ZONE

    @property
    def key(self) -> str:
        """Return the unique key of this way of querying."""
        return f"{self.name}/{self.variant}" if self.variant else self.name

    @property
    def published_name(self) -> str:
        """Return the name under which its state and freshness are published; a window shares that of its counters."""
        return self.name if self.role is Role.WINDOW else self.key

    @property
    def says_sampling(self) -> bool:
        """Return whether answers include their sample interval."""
        return self.role is Role.USAGE and self.reports_sampling

    @property
    def is_of_day(self) -> bool:
        """Return whether it is a gauge of a day."""
        return self.role is Role.WINDOW and self.grain is BY_DAY

    @property
    def asked_by(self) -> Grain:
        """Return the grain of questions; some storage datasets have none finer than an hour."""
        return BY_HOUR if self.role is Role.STATE else self.grain

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Return the GraphQL dimensions to group by besides the hour, each once."""
        names = [self.id_dimension, self.name_dimension, self.dispatch_dimension, self.distinct_by]
        names += [label.dimension for label in self.labels]
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return the dimensions behind the labels, each once: a row's key has Cloudflare's word for each."""
        return tuple(dict.fromkeys(label.dimension for label in self.labels))

    @cached_property
    def counted_ids(self) -> frozenset[str]:
        """Return the ids of what its daily sums count: meters and tallies."""
        return frozenset(
            [meter.id for meter in self.meters] + [tally_id(self.kind, tally.tallied) for tally in self.tallies]
        )

    @cached_property
    def field_index(self) -> Mapping[str, int]:
        """Return the position of each field in a row's amounts."""
        return {entry.name: position for position, entry in enumerate(self.fields)}

    def describe(self, metric: Metric) -> str:
        """Return a metric's HELP text: its sentence, the source fields, and how exact the values are."""
        sources = ", ".join(
            dict.fromkeys(
                self._describe_source(entry)
                for entry in self.fields
                if any(part.source == entry.name for part in metric.parts)
            )
        )
        sampling = "estimated where sampled" if self.reports_sampling else "may be estimated; sampling is not reported"
        if self.role is Role.STATE:
            sampling = "maximum of the newest hour"
        if self.role is Role.WINDOW:
            sampling = "over the 15 minutes ending 5 minutes ago"
        if self.is_of_day:
            sampling = f"of the {'running' if self.is_running else 'newest complete'} day, UTC"
        return f"{metric.help.removesuffix('.')} ({self.name} {sources}; {sampling})."

    def _describe_source(self, entry: Field) -> str:
        """Return a field's path in GraphQL; the quantiles of one source share theirs."""
        if entry.group == ROWS:
            return self.distinct_by
        name = entry.name.rstrip("0123456789") + "*" if entry.group == "quantiles" else entry.name
        return f"{entry.group}.{name}".lstrip(".")


def summary_totals(family: str, text: str, total: str, count: str, divisor: int) -> tuple[Metric, Metric]:
    """Return the ``_sum`` and ``_count`` of a summary, counted from two fields."""
    return (
        Metric(f"{family}_sum", text, (MetricPart(total),), divisor=divisor, family=family),
        Metric(f"{family}_count", text, (MetricPart(count),), family=family),
    )


def quantile_fields(source: str, ends: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the quantile fields of a source with these suffixes (``P50`` …)."""
    return tuple(Field(f"{source}{end}", "quantiles", fractional=True) for end in ends)


def quantile_metric(
    name: str, text: str, source: str, ends: tuple[str, ...], *, divisor: int, labels: tuple[str, ...] = ()
) -> Metric:
    """Return the metric with the quantiles of a summary."""
    parts = tuple(MetricPart(f"{source}{end}", QUANTILES[end]) for end in ends)
    return Metric(name, text, parts, labels, split="quantile", divisor=divisor, zeros=(), kind="summary")


def gauge(name: str, text: str, source: str, labels: tuple[str, ...] = (), *, is_of_account: bool = False) -> Metric:
    """Return a gauge that shows one field unchanged."""
    return Metric(name, text, (MetricPart(source),), labels, zeros=(), kind="gauge", is_of_account=is_of_account)
