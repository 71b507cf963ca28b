"""The types of a catalog entry: what a product file declares. Data only; the engines read it.

Sources of every fact: Cloudflare's GraphQL schema (field names, units) and API pages (endpoints, page sizes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

MILLIONTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """A number of a dataset.

    ``group`` is the object that holds it (``sum``; empty for the top-level ``count``). A ``fractional`` field is a
    float64 in Cloudflare's schema and is kept as an integer of a millionth of its unit.
    """

    name: str
    group: str = "sum"
    fractional: bool = False

    @property
    def scale(self) -> int:
        """Give how many amounts make one unit of Cloudflare's field."""
        return MILLIONTH if self.fractional else 1


@dataclass(frozen=True, slots=True)
class Label:
    """A dimension as a label; ``classify`` turns Cloudflare's word into the label's value."""

    name: str
    dimension: str
    classify: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One field that feeds a metric; ``word`` is its value of the metric's split label, if it has one."""

    source: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter made of a dataset's fields.

    ``labels`` are those of the dataset's labels that the series keeps; ``split`` names one more label whose value is
    the word of each part. The exposed value is ``amount / divisor``. ``zeros`` are the label values (in the order of
    ``labels``, then ``split``) that every known asset has from the beginning.
    """

    name: str
    help: str
    parts: tuple[Part, ...]
    labels: tuple[str, ...] = ()
    split: str = ""
    divisor: int = 1
    zeros: tuple[tuple[str, ...], ...] = ((),)


@dataclass(frozen=True, slots=True)
class Meter:
    """What an invoice counts: ``weight * source`` of the rows whose labels have one of the values in ``where``
    and none of those in ``unless``.

    ``id`` is the rate card's, or an id of our own for what may not be billed. The sum is an integer of the meter's
    smallest unit (twentieths of a request, microseconds, millionths of a GB-second …).
    """

    id: str
    source: str
    weight: int = 1
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A GraphQL dataset that is counted.

    ``version`` is raised when its meaning changes; then it starts anew. A row's asset id is the value of
    ``id_dimension``; where that is empty the asset is looked up by ``name_dimension``, and rows with a value of
    ``dispatch_dimension`` belong to that dispatch namespace. ``settle`` is how long after its end an hour may still
    grow. ``reports_sampling``: Cloudflare says how coarsely it sampled (``avg.sampleInterval``).
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

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Give the GraphQL dimensions to group by besides the hour, each once."""
        names = [self.id_dimension, self.name_dimension, self.dispatch_dimension]
        names += [label.dimension for label in self.labels]
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def field_index(self) -> Mapping[str, int]:
        """Give where each field stands in a row's amounts."""
        return {entry.name: position for position, entry in enumerate(self.fields)}

    def describe(self, metric: Metric) -> str:
        """Give a metric's HELP: its sentence, the source, and whether Cloudflare estimates."""
        sources = ", ".join(
            f"{entry.group}.{entry.name}".lstrip(".")
            for entry in self.fields
            if any(part.source == entry.name for part in metric.parts)
        )
        sampling = "estimated where sampled" if self.reports_sampling else "may be estimated, Cloudflare does not say"
        return f"{metric.help.removesuffix('.')} ({self.name} {sources}; {sampling})."

    @cached_property
    def signature(self) -> str:
        """Give what a stored ledger must agree with to go on: version, rows and metrics."""
        metrics = ",".join(
            f"{metric.name}({'/'.join(metric.labels)};{metric.split}):{part.source}/{part.word}"
            for metric in self.metrics
            for part in metric.parts
        )
        return f"{self.version}|{self._row_shape}|{metrics}"

    def can_read(self, signature: str) -> bool:
        """Tell whether rows that were stored with another signature have the same labels and fields."""
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
    """

    path: str
    permission: str
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
class Product:
    """A Cloudflare product: its asset kind, the label that names an asset, the list, and the datasets."""

    name: str
    kind: str
    label: str
    endpoint: Endpoint
    datasets: tuple[Dataset, ...]
