"""The types of a catalog entry: what a product file declares. Data only; the engines read it.

Sources of every fact: Cloudflare's GraphQL schema (field names, units) and API pages (endpoints, page sizes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

MILLIONTH = 1_000_000

GIGABYTE = 1_000_000_000
"""R2's documentation defines it so (https://developers.cloudflare.com/r2/platform/limits/); others do not say."""


QUANTILES = {"P50": "0.5", "P75": "0.75", "P90": "0.9", "P95": "0.95", "P99": "0.99", "P999": "0.999"}
"""The ends of Cloudflare's quantile fields, and the values of the label ``quantile``."""

ROWS = "rows"
"""The group of a field that is not asked for: each row counts one."""


class Role(StrEnum):
    """How a dataset's answers become metrics.

    ``usage`` is counted for ever. ``state`` is the newest hour of what is stored. ``window`` is what the newest
    complete quarter of an hour says, gone when there was no traffic.
    """

    USAGE = "usage"
    STATE = "state"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Field:
    """A number of a dataset.

    ``group`` is the object that holds it (``sum``, ``max``, ``quantiles``; empty for the top-level ``count``). A
    ``fractional`` field is a float in Cloudflare's schema and is kept as an integer of a millionth of its unit.
    """

    name: str
    group: str = "sum"
    fractional: bool = False

    @property
    def scale(self) -> int:
        """Return how many amounts make one unit of Cloudflare's field."""
        return MILLIONTH if self.fractional else 1


@dataclass(frozen=True, slots=True)
class Label:
    """A dimension as a label; ``classify`` turns Cloudflare's word into the label's value."""

    name: str
    dimension: str
    classify: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class MetricPart:
    """One field that feeds a metric; ``word`` is its value of the metric's split label, if it has one."""

    source: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter or gauge made of a dataset's fields.

    ``labels`` are those of the dataset's labels that the series keeps; ``split`` names one more label whose value is
    the word of each part. The exposed value is ``amount / divisor``. ``zeros`` are the label values (in the order of
    ``labels``, then ``split``) that every known asset has from the beginning. ``kind`` is counter, gauge or summary
    (the quantiles of one); ``family`` is the summary to which a ``_sum`` or ``_count`` belongs. An ``is_of_account``
    metric has no asset label.
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
    """What an invoice counts: ``weight * source`` of the rows whose labels have one of the values in ``where``
    and none of those in ``unless``.

    ``id`` is the rate card's, or an id of our own for what may not be billed. The sum is an integer of the meter's
    smallest unit (twentieths of a request, microseconds, millionths of a GB-second …); ``scale`` is how many of them
    make one unit of the rate card. What is stored counts in GB-months there, and in bytes here.
    """

    id: str
    source: str
    weight: int = 1
    scale: int = 1
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metering:
    """How a meter's usage is read: of which kind of asset, in how small a unit, and whether it is stored.

    One that ``is_of_account`` is not told asset by asset.
    """

    kind: str
    scale: int
    is_stored: bool
    is_of_account: bool = False


@dataclass(frozen=True)
class Dataset:
    """What is asked of a GraphQL dataset in one way; ``variant`` tells a second way of asking the same one apart.

    ``version`` is raised when its meaning changes; then it starts anew. A row's asset id is the value of
    ``id_dimension``; where that is empty the asset is looked up by ``name_dimension``, and rows with a value of
    ``dispatch_dimension`` belong to that dispatch namespace. ``settle`` is how long after its end an hour may still
    grow. ``reports_sampling``: Cloudflare says how coarsely it sampled (``avg.sampleInterval``). ``min_interval`` is
    the least time between two questions. ``distinct_by`` names a dimension to group by that is no label; with
    ``takes_full_page`` a full page of it is taken for what it is, a lower bound.
    """

    name: str
    version: int
    kind: str
    id_dimension: str
    fields: tuple[Field, ...]
    labels: tuple[Label, ...] = ()
    metrics: tuple[Metric, ...] = ()
    meters: tuple[Meter, ...] = ()
    name_dimension: str = ""
    dispatch_dimension: str = ""
    settle: timedelta = timedelta(minutes=30)
    reports_sampling: bool = True
    role: Role = Role.USAGE
    variant: str = ""
    min_interval: timedelta = timedelta(0)
    distinct_by: str = ""
    takes_full_page: bool = False

    @property
    def key(self) -> str:
        """Return what tells this way of asking apart."""
        return f"{self.name}/{self.variant}" if self.variant else self.name

    @property
    def says_sampling(self) -> bool:
        """Return whether answers say how coarsely they were sampled."""
        return self.role is Role.USAGE and self.reports_sampling

    @property
    def time_dimension(self) -> str:
        """Return the dimension that bounds questions; some storage datasets have none finer than the hour."""
        return "datetimeHour" if self.role is Role.STATE else "datetimeMinute"

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Return the GraphQL dimensions to group by besides the hour, each once."""
        names = [self.id_dimension, self.name_dimension, self.dispatch_dimension, self.distinct_by]
        names += [label.dimension for label in self.labels]
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def field_index(self) -> Mapping[str, int]:
        """Return where each field stands in a row's amounts."""
        return {entry.name: position for position, entry in enumerate(self.fields)}

    def describe(self, metric: Metric) -> str:
        """Return a metric's HELP: its sentence, the source, and whether Cloudflare estimates."""
        sources = ", ".join(
            self.distinct_by if entry.group == ROWS else f"{entry.group}.{entry.name}".lstrip(".")
            for entry in self.fields
            if any(part.source == entry.name for part in metric.parts)
        )
        sampling = "estimated where sampled" if self.reports_sampling else "may be estimated, Cloudflare does not say"
        if self.role is Role.STATE:
            sampling = "the newest hour's highest"
        if self.role is Role.WINDOW:
            sampling = "of 15 minutes, up to 5 minutes ago"
        return f"{metric.help.removesuffix('.')} ({self.name} {sources}; {sampling})."

    @cached_property
    def signature(self) -> str:
        """Return what a stored ledger must agree with to go on: version, rows and metrics."""
        metrics = ",".join(
            f"{metric.name}({'/'.join(metric.labels)};{metric.split}):{part.source}/{part.word}"
            for metric in self.metrics
            for part in metric.parts
        )
        return f"{self.version}|{self._row_shape}|{metrics}"

    def can_read(self, signature: str) -> bool:
        """Return whether rows that were stored with another signature have the same labels and fields."""
        return signature.split("|")[1:2] == [self._row_shape]

    @property
    def _row_shape(self) -> str:
        labels = ",".join(f"{label.name}={label.dimension}" for label in self.labels)
        fields = ",".join(f"{entry.name}*{entry.scale}" for entry in self.fields)
        return f"{','.join(self.dimensions)};{labels};{fields}"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to ask an endpoint that answers only in part: its header, and what its names carry in analytics."""

    header: str
    value: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A REST list of assets.

    ``paging`` is ``none``, ``page`` or ``cursor``; ``items`` is the path of the array in the answer; the others are
    keys of an item (empty: the list does not have it). ``per_page`` is the largest documented page.
    ``permission_key`` is the permission's key in a link to Cloudflare's token form (empty: it has none).
    """

    path: str
    permission: str
    permission_key: str = ""
    paging: str = "none"
    per_page: int = 0
    items: tuple[str, ...] = ("result",)
    id: str = "id"
    name: str = "name"
    created: str = ""
    modified: str = ""
    tags: str = ""
    parent: str = ""
    variants: tuple[Variant, ...] = (Variant("", "", ""),)


@dataclass(frozen=True, slots=True)
class OperationCount:
    """A counter that says how often an asset was asked, or failed: all its series, or with a ``label`` those whose
    value of it starts so.
    """

    metric: str
    label: str = ""
    starts: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A Cloudflare product: its asset kind, the label and info metric of an asset, the list, and the datasets.

    ``title`` is the product's name for people, ``asset`` the word for one asset within a sentence, and ``assets`` that
    for all of them where no product is named beside it. ``category`` is the FOCUS service category.
    ``requests`` and ``errors`` are what the requests (or operations) of an asset add up from; none: nobody says.
    """

    name: str
    title: str
    kind: str
    asset: str
    assets: str
    label: str
    info: str
    category: str
    endpoint: Endpoint
    datasets: tuple[Dataset, ...]
    requests: tuple[OperationCount, ...] = ()
    errors: tuple[OperationCount, ...] = ()

    @property
    def asset_title(self) -> str:
        """Return the word for one asset as it begins a title."""
        return self.asset[:1].upper() + self.asset[1:]


def summary_totals(family: str, text: str, total: str, count: str, divisor: int) -> tuple[Metric, Metric]:
    """Return the ``_sum`` and ``_count`` of a summary, counted from two fields."""
    return (
        Metric(f"{family}_sum", text, (MetricPart(total),), divisor=divisor, family=family),
        Metric(f"{family}_count", text, (MetricPart(count),), family=family),
    )


def quantile_fields(source: str, ends: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the quantile fields of a source that has these ends (``P50`` …)."""
    return tuple(Field(f"{source}{end}", "quantiles", fractional=True) for end in ends)


def quantile_metric(
    name: str, text: str, source: str, ends: tuple[str, ...], *, divisor: int, labels: tuple[str, ...] = ()
) -> Metric:
    """Return the quantiles of a summary."""
    parts = tuple(MetricPart(f"{source}{end}", QUANTILES[end]) for end in ends)
    return Metric(name, text, parts, labels, split="quantile", divisor=divisor, zeros=(), kind="summary")


def gauge(name: str, text: str, source: str, labels: tuple[str, ...] = (), *, is_of_account: bool = False) -> Metric:
    """Return a gauge that shows one field as it is."""
    return Metric(name, text, (MetricPart(source),), labels, zeros=(), kind="gauge", is_of_account=is_of_account)
