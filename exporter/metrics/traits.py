"""Traits as metrics: the numbers and states that the lists of assets give."""

from collections.abc import Callable, Iterable, Iterator

from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.entry import MILLIONTH
from exporter.catalog.trait import Figure, State
from exporter.metrics.listed import AssetFacts, ListedEntry, shown
from exporter.metrics.own import OwnMetric, Values
from exporter.model import OTHER


def trait_metrics(kinds: Iterable[AssetKind]) -> Iterator[OwnMetric[AssetFacts]]:
    """Yield the gauges of the figures and states of some kinds."""
    for kind in kinds:
        yield from (_figure(kind, position, figure) for position, figure in enumerate(kind.figures))
        yield from (_state(kind, position, state) for position, state in enumerate(kind.states))


def _figure(kind: AssetKind, position: int, figure: Figure) -> OwnMetric[AssetFacts]:
    split = (figure.split,) if figure.split else ()

    def read(listed: AssetFacts) -> Values:
        values: dict[tuple[str, ...], int] = {}
        for labels, each in _of_kind(kind, listed):
            for amounts in each.traits.figures[position : position + 1]:
                for part, amount in zip(figure.parts, amounts, strict=True):
                    if amount is not None:
                        key = (*labels, *((part.word,) if split else ()))
                        values[key] = amount + (values.get(key, 0) if each.entry.is_folded else 0)
        return values

    return _gauge(kind, figure, split, read, MILLIONTH)


def _state(kind: AssetKind, position: int, state: State) -> OwnMetric[AssetFacts]:
    def read(listed: AssetFacts) -> Values:
        return {
            (*labels, word): int(word == holds)
            for labels, each in _of_kind(kind, shown(listed))
            for holds in each.traits.states[position : position + 1]
            for word in state.all_states
        }

    return _gauge(kind, state, (state.label,), read, 1)


def _gauge(
    kind: AssetKind,
    declared: Figure | State,
    further: tuple[str, ...],
    read: Callable[[AssetFacts], Values],
    divisor: int,
) -> OwnMetric[AssetFacts]:
    labels = ("account", "project", kind.label, *further)
    return OwnMetric(declared.name, "gauge", kind.describe(declared), labels, read, divisor)


def _of_kind(kind: AssetKind, listed: Iterable[ListedEntry]) -> Iterator[tuple[tuple[str, str, str], ListedEntry]]:
    """Yield the assets of a kind with the labels that their usage has, which folded ones share."""
    for each in listed:
        if each.entry.asset.kind == kind.kind:
            yield (each.account, each.entry.project, OTHER if each.entry.is_folded else each.entry.label), each
