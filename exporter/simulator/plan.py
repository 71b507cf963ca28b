"""The current limits of a dataset in an account's plan, from the world, the account and the faults."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.simulator.dataset import Dataset
from exporter.simulator.faults import Fault, Kind, first
from exporter.simulator.world import AccountModel, World, Zone


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a question; times are in seconds, and ``missing_fields`` are written as ``sum_requests``."""

    is_enabled: bool
    max_duration: int
    max_fields: int
    max_page_size: int
    not_older_than: int
    missing_fields: frozenset[str]


def plan_of(world: World, holder: AccountModel | Zone, dataset: Dataset, faults: Sequence[Fault]) -> Plan:
    """Return the plan of an account or a zone for a dataset; ``faults`` are those that concern both."""
    limits = world.limits
    return Plan(
        is_enabled=dataset.name not in holder.disabled_datasets and first(faults, Kind.UNAVAILABLE) is None,
        max_duration=_least(limits.max_duration.total_seconds(), _seconds(faults, Kind.SHORT_DURATION)),
        max_fields=limits.max_fields,
        max_page_size=_least(limits.max_page_size, _limits(faults, Kind.SMALL_PAGES)),
        not_older_than=_least(
            min(dataset.not_older_than, limits.not_older_than).total_seconds(),
            _seconds(faults, Kind.SHORT_RETENTION),
        ),
        missing_fields=missing_fields(world, dataset, faults),
    )


def missing_fields(world: World, dataset: Dataset, faults: Sequence[Fault]) -> frozenset[str]:
    """Return the unknown fields of a dataset."""
    removed = {fault.field for fault in faults if fault.kind is Kind.MISSING_FIELD and fault.field is not None}
    return world.missing_fields.get(dataset.name, frozenset()) | removed


def max_nodes(world: World, faults: Sequence[Fault]) -> int:
    """Return the maximum number of datasets of accounts in a document."""
    return _least(world.limits.max_nodes, _limits(faults, Kind.TOO_MANY_NODES))


def max_zone_nodes(world: World, faults: Sequence[Fault]) -> int:
    """Return the maximum number of datasets of zones in a document, each counted once a zone."""
    return _least(world.limits.max_zone_nodes, _limits(faults, Kind.TOO_MANY_NODES))


def _seconds(faults: Sequence[Fault], kind: Kind) -> Sequence[float]:
    return [fault.seconds for fault in faults if fault.kind is kind]


def _limits(faults: Sequence[Fault], kind: Kind) -> Sequence[int]:
    return [fault.limit for fault in faults if fault.kind is kind]


def _least(usual: float, others: Sequence[float]) -> int:
    return int(min(usual, *others)) if others else int(usual)
