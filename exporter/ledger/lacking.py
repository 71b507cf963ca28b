"""Meters and tallies that final days lack: a later release added them, or their field was not counted yet. Pure.

Such a day is asked again for these alone, as the history fill asks: the answer sets their sums, once a second answer
has confirmed it, and touches nothing else.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import tally_id
from exporter.ledger.audit import DayChange, fill
from exporter.ledger.audit_schedule import DayMark, DayPart, start_of
from exporter.ledger.daily_sums import tallied_fields
from exporter.model import Answer, DailyKey


def find_audited(dataset: Dataset, day: date, joined: Mapping[str, datetime]) -> frozenset[str]:
    """Return the meters and tallies that the audit of a day includes: it is folded to what was counted on that day."""
    later = {name for name, since in joined.items() if since > start_of(day)}
    if not later:
        return dataset.counted_ids
    return dataset.counted_ids - {counted for counted, name in _read_names(dataset) if name in later}


def fill_alone(
    dataset: Dataset, part: DayPart, mark: DayMark, answer: Answer, known: Mapping[DailyKey, int]
) -> DayChange:
    """Compare an answer about a part that is final with the ``known`` sums of what it lacks."""
    alone = mark.lacks(dataset)
    before = mark._replace(meters=alone) if mark.alone == alone else None
    known = {key: amount for key, amount in known.items() if key[2] in alone}
    change = fill(_narrow(dataset, alone), part, before, answer, known)
    meters, alone_yet = mark.meters or frozenset(), alone
    if change.mark.is_final:
        meters, alone_yet = meters | alone, frozenset()
    return replace(change, mark=change.mark._replace(is_final=True, meters=meters, alone=alone_yet), alone=alone)


def _narrow(dataset: Dataset, ids: frozenset[str]) -> Dataset:
    """Return a dataset with only some of its meters and tallies."""
    return replace(
        dataset,
        meters=tuple(meter for meter in dataset.meters if meter.id in ids),
        tallies=tuple(tally for tally in dataset.tallies if tally_id(dataset.kind, tally.tallied) in ids),
    )


def _read_names(dataset: Dataset) -> list[tuple[str, str]]:
    """Return each meter and tally with the fields and words (by dimension) that it reads."""
    dimensions = {label.name: label.dimension for label in dataset.labels}
    read = [
        (meter.id, name)
        for meter in dataset.meters
        for name in (meter.source, *(dimensions[label] for label in (*meter.where, *meter.unless)))
    ]
    for tally in dataset.tallies:
        words = [dimensions[tally.label]] if tally.label else []
        read += [(tally_id(dataset.kind, tally.tallied), name) for name in (*tallied_fields(dataset, tally), *words)]
    return read
