"""The metrics about sources, as a table, and the checks that what a source publishes has to pass. Pure."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from exporter.metrics.family import Family, build_family
from exporter.metrics.own import OwnMetric, Values
from exporter.status import BEGINNING, Problem, SourceStatus

SourceFacts = Sequence[SourceStatus]
"""The input of the metrics about sources."""

KINDS = ("gauge", "info")
"""The types of metrics that a source may publish: counters would have to survive a restart."""

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")

SUFFIX = re.compile(r"_(total|info|sum|count|bucket|created)$")
"""What one of the two text formats takes for the end of another metric's name."""


def _of_each(read: Callable[[SourceStatus], float | None]) -> Callable[[SourceFacts], Values]:
    """Return a reader of one number from each source's status; unknown ones are left out."""

    def read_all(statuses: SourceFacts) -> Values:
        return {(each.name,): value for each in statuses if (value := read(each)) is not None}

    return read_all


SOURCE_METRICS: tuple[OwnMetric[SourceFacts], ...] = (
    OwnMetric(
        "cloudflare_exporter_source_up",
        "gauge",
        "Whether what a source last read is current, and so published (1 yes, 0 no: what it says is unknown).",
        ("source",),
        _of_each(lambda status: None if status.reason == BEGINNING else int(status.is_up)),
    ),
    OwnMetric(
        "cloudflare_exporter_source_last_success_timestamp_seconds",
        "gauge",
        "When a source was last read.",
        ("source",),
        _of_each(lambda status: status.last_success.timestamp() if status.last_success else None),
    ),
    OwnMetric(
        "cloudflare_exporter_source_duration_seconds",
        "gauge",
        "How long the newest poll of a source took, whether it succeeded or failed.",
        ("source",),
        _of_each(lambda status: status.duration.total_seconds() if status.duration is not None else None),
    ),
)


def admit_families(families: Iterable[Family], taken: Collection[str]) -> tuple[Family, ...]:
    """Return a source's families. Raises ValueError if one would spoil the exposition.

    ``taken`` are the names of the metrics that others publish.
    """
    owners = {_stem(name): name for name in taken}
    admitted: list[Family] = []
    for family in families:
        other = owners.get(_stem(family.name))
        if other is not None:
            raise ValueError(f"{family.name} has the name of another metric, {other}")
        owners[_stem(family.name)] = family.name
        _check(family)
        admitted.append(build_family(family.name, family.kind, family.help, family.samples))
    return tuple(admitted)


def admit_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return a source's problems. Raises ValueError if a text has characters that cannot be written."""
    admitted = tuple(problems)
    for each in admitted:
        "".join((each.account, each.part, each.reason, each.detail, each.remedy)).encode()
    return admitted


def _stem(name: str) -> str:
    return SUFFIX.sub("", name)


def _check(family: Family) -> None:
    name = family.name
    if not METRIC_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a metric")
    if family.kind not in KINDS:
        raise ValueError(f"{name} is a {family.kind}: a source publishes {' and '.join(KINDS)} only")
    if (family.kind == "info") != name.endswith("_info") or (family.kind == "gauge" and _stem(name) != name):
        raise ValueError(f"{name} is a {family.kind}, which its name does not fit")
    family.help.encode()
    for sample in family.samples:
        names = sample.labels.names
        if len(set(names)) != len(names) or not all(map(LABEL_NAME.fullmatch, names)):
            raise ValueError(f"{name} has labels that cannot be: {', '.join(map(repr, names))}")
        if sample.suffix or not math.isfinite(sample.amount):
            raise ValueError(f"{name}{sample.suffix} has a sample of {sample.amount}")
        sample.labels.text.encode()
