"""The parts of a dataset as product files declare them: fields, labels, metrics, meters, tallies. Data only.

All facts are from Cloudflare's GraphQL schema (field names, units) and API pages (endpoints, page sizes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from exporter.model import OTHER

MILLIONTH = 1_000_000

GIGABYTE = 1_000_000_000
"""Bytes; documented for R2 (https://developers.cloudflare.com/r2/platform/limits/), assumed for other products."""


QUANTILES = {"P50": "0.5", "P75": "0.75", "P90": "0.9", "P95": "0.95", "P99": "0.99", "P999": "0.999"}
"""Suffixes of Cloudflare's quantile fields, with the value of the label ``quantile``."""

ADDING = frozenset({"sum", ""})
"""The groups of fields whose amounts add up over hours and days; unique counts, extremes and quantiles do not."""

ROWS = "rows"
"""The group of a field that is not requested: each row counts one."""

TEXT = "string"
"""The scalar of texts in Cloudflare's schema; dimensions of all others that a label may limit are whole numbers."""

HASH_DIGITS = 10
"""The length of the short hash that stands for a free text."""


@dataclass(frozen=True, slots=True)
class Field:
    """A numeric field of a dataset.

    ``group`` is the object that holds it (``sum``, ``max``, ``quantiles``; empty for the top-level ``count``). A
    ``fractional`` field is a float in Cloudflare's schema and is kept as an integer, in millionths of its unit. One
    that ``is_recent`` is not in the published schema: it is asked only where an account's settings name it or, where
    they do not tell, Cloudflare's own schema has it, and its absence is no fault.
    """

    name: str
    group: str = "sum"
    fractional: bool = False
    is_recent: bool = False

    @property
    def path(self) -> str:
        """Return where it is in a row, with dots."""
        return f"{self.group}.{self.name}".lstrip(".")

    @property
    def scale(self) -> int:
        """Return the number of amounts in one unit of Cloudflare's field."""
        return MILLIONTH if self.fractional else 1


@dataclass(frozen=True, slots=True)
class Label:
    """A dimension published as a label; ``classify`` turns Cloudflare's word into the label's value.

    With ``top`` the label keeps at most that many words, those with the highest amounts of the dataset's first field;
    all others are one, ``other``, before anything is counted. ``scalar`` is then the dimension's type in Cloudflare's
    schema.

    The words of one that ``is_text`` are free text, which is never a label: its values are short hashes of them, and
    the texts stand in the API and on the page.
    """

    name: str
    dimension: str
    classify: Callable[[str], str] | None = None
    top: int = 0
    scalar: str = TEXT
    is_text: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError if a text is said to be something else, too."""
        if self.is_text and (self.classify is not None or self.scalar != TEXT):
            raise ValueError(f"the label {self.name} is a text, which is neither classified nor a number")

    def value(self, word: str) -> str:
        """Return the label's value for Cloudflare's word."""
        if self.top and word == OTHER:
            return word
        if self.is_text and word:
            return text_digest(word)[:HASH_DIGITS]
        return self.classify(word) if self.classify else word

    def read(self, word: str) -> str:
        """Return what meters and tallies read in its place: the label's value, but a text itself."""
        return word if self.is_text else self.value(word)


def text_digest(text: str) -> str:
    """Return the digest of a text, of which the short hash is the beginning."""
    return sha256(text.encode()).hexdigest()


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


def estimated_id(meter: str) -> str:
    """Return the id under which daily sums have the part of a stored meter that no reading of the day told."""
    return f"{meter}/estimated"


@dataclass(frozen=True, slots=True)
class Metering:
    """How a meter's usage is read: the kind of asset, the smallest unit, and whether it is a stored quantity.

    Usage of an ``is_of_account`` meter is not broken down by asset.
    """

    kind: str
    scale: int
    is_stored: bool
    is_of_account: bool = False


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
