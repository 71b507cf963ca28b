"""Metric families: labels, samples, and the checks that every family passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Labels:
    """An ordered label set; its exposition text is made once, at the birth of a series."""

    __slots__ = ("names", "text", "values")

    def __init__(self, names: tuple[str, ...], values: tuple[str, ...]) -> None:
        if len(names) != len(values):
            raise ValueError(f"{len(names)} label names but {len(values)} values: {names} {values}")
        self.names = names
        self.values = values
        joined = "".join(values)
        if "\\" in joined or '"' in joined or "\n" in joined:
            values = tuple(map(_escape, values))
        self.text = _template(names) % values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Labels({self.text})"

    def as_dict(self) -> dict[str, str]:
        """Return the label values by name."""
        return dict(zip(self.names, self.values, strict=True))


@lru_cache
def _template(names: tuple[str, ...]) -> str:
    return "{" + ",".join(f'{name}="%s"' for name in names) + "}" if names else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


class Sample(NamedTuple):
    """One value of a family: ``amount / divisor`` in the family's unit; ``suffix`` is a summary's _sum or _count.

    ``since`` is the epoch second from which on it is counted; None: it is no counter, or that is not to be told.
    """

    labels: Labels
    amount: int | float
    divisor: int = 1
    suffix: str = ""
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples; ``name`` is the full name, with ``_total`` or ``_info`` where it has one."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


class LabelCache:
    """A cache of label sets: each is made once, and dropped after a round that did not ask for it."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], Labels] = {}
        self._used: dict[tuple[tuple[str, ...], tuple[str, ...]], Labels] = {}

    def get(self, names: tuple[str, ...], values: tuple[str, ...]) -> Labels:
        """Return the label set of these names and values."""
        key = (names, values)
        labels = self._used.get(key) or self._known.get(key) or Labels(names, values)
        self._used[key] = labels
        return labels

    def begin_round(self) -> None:
        """Drop the label sets that the last round did not ask for."""
        self._known, self._used = self._used, {}


def build_family(name: str, kind: str, text: str, samples: Sequence[Sample]) -> Family:
    """Return a family. Raises ValueError if two samples carry the same labels, or other label names than the first."""
    if len({(sample.suffix, sample.labels.text) for sample in samples}) != len(samples):
        raise ValueError(f"{name}: two samples carry the same labels")
    names = {sample.suffix: sample.labels.names for sample in samples}
    if any(sample.labels.names != names[sample.suffix] for sample in samples):
        raise ValueError(f"{name}: samples carry different label names")
    return Family(name, kind, text, tuple(samples))


def format_value(sample: Sample) -> str:
    """Return a value as exact text: whole numbers without a decimal point, others without trailing zeros."""
    amount, divisor = sample.amount, sample.divisor
    if divisor == 1:
        return str(amount)
    whole, rest = divmod(int(amount), divisor)
    if not rest:
        return str(whole)
    return f"{whole}.{rest:0{_digits(divisor)}d}".rstrip("0")


@lru_cache
def _digits(divisor: int) -> int:
    return len(str(divisor)) - 1
