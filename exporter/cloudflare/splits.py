"""Splitting of questions that exceed a page: by time down to the dataset's unit, by asset id, then by its step."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exporter.catalog.dataset import EXACT_EVENTS, Dataset
from exporter.cloudflare.choosing import choose, cut_at_choices
from exporter.cloudflare.decode import HourRows
from exporter.cloudflare.documents import Piece, whole_piece, without_newest
from exporter.cloudflare.limits import DatasetLimits
from exporter.model import HOUR, Question, floor_hour

SILENTLY_SAMPLED = 2 * HOUR
"""The longest piece of a dataset that does not report sampling: wide ranges are sampled more coarsely."""

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Split:
    """The cuts that a dataset of an account or a zone needed: the longest range that fits, and asset ids to cut at."""

    longest: timedelta | None = None
    ids: tuple[str, ...] = ()


_Place = tuple[str, str, str, bool]
"""Account id, zone id, dataset key and whether days are queried: days have far fewer rows than hours."""


class Splits:
    """A memory of the cuts that were needed, so that a full page is met only once."""

    def __init__(self) -> None:
        self._known: dict[_Place, Split] = {}
        self._busy: set[_Place] = set()
        self.count = 0

    def pieces(self, account_id: str, dataset: Dataset, question: Question, limits: DatasetLimits) -> tuple[Piece, ...]:
        """Return the pieces in which to ask a question, by earlier cuts and the dataset's limits."""
        whole = whole_piece(dataset, question, limits)
        pieces = [whole]
        grain = dataset.grain
        if whole.limited is not None:
            pieces = list(cut_at_choices(whole, question.choices))
        # How coarsely an overview or a ranking is sampled does not matter, and neither has more than a page.
        known = Split() if question.is_coarse else self._known.get(_place(account_id, whole), Split())
        bounds = [
            known.longest,
            limits.longest,
            SILENTLY_SAMPLED if _hides_sampling(whole) and self._is_busy(account_id, whole) else None,
            None if grain.group or question.is_coarse else grain.unit,
        ]
        longest = min((bound for bound in bounds if bound is not None), default=None)
        if longest is not None and not dataset.timing.is_whole:
            longest = max(longest - longest % grain.step, grain.step)
            pieces = [part for piece in pieces for part in _cut_times(piece, longest)]
        for cut in known.ids:
            pieces = [part for piece in pieces for part in _cut_ids(piece, cut)]
        if whole.limited is not None:
            pieces = [part for piece in pieces for part in choose(piece, question.choices)]
        pieces = [part for piece in pieces for part in _cut_fields(piece)]
        *others, last = (without_newest(piece) for piece in pieces)
        return (*others, replace(last, newest_since=whole.newest_since))

    def cuts(self, account_id: str, question: Question) -> Hashable:
        """Return the cuts that a question is asked with because of earlier answers."""
        place = account_id, question.scope.zone_id, question.dataset, question.by_day
        return self._known.get(place), place in self._busy

    def remember(self, account_id: str, piece: Piece, halves: tuple[Piece, ...]) -> None:
        """Record that a piece had to be cut into ``halves``."""
        key = _place(account_id, piece)
        known = self._known.get(key, Split())
        self.count += 1
        if halves[1].id_from is not None and halves[1].id_from != piece.id_from:
            self._known[key] = replace(known, ids=(*known.ids, halves[1].id_from))
        elif piece.until - piece.since > HOUR:
            longest = max(half.until - half.since for half in halves)
            hours = max(-(-longest // HOUR), 1)
            self._known[key] = replace(known, longest=min(known.longest or hours * HOUR, hours * HOUR))

    def refine(self, account_id: str, piece: Piece) -> tuple[Piece, ...]:
        """Return and record finer pieces for asking a sampled piece again; none if it is fine enough."""
        longest = HOUR if floor_hour(piece.since) + HOUR < piece.until else QUARTER
        longest = max(longest, piece.dataset.grain.step)
        parts = tuple(_cut_times(piece, longest))
        if len(parts) > 1:
            key = _place(account_id, piece)
            known = self._known.get(key, Split())
            self._known[key] = replace(known, longest=min(known.longest or longest, longest))
        return parts if len(parts) > 1 else ()

    def narrow(self, account_id: str, piece: Piece, rows: HourRows) -> tuple[Piece, ...]:
        """Return and record the pieces to ask instead of one whose ``rows`` Cloudflare may have sampled silently.

        Of a day, all that was used is taken for what a single hour may have held.
        """
        is_wide = piece.until - piece.since > SILENTLY_SAMPLED
        if not is_wide or not _hides_sampling(piece) or self._is_busy(account_id, piece):
            return ()
        position = piece.dataset.field_index[piece.dataset.events]
        # Where two pieces share an hour, one has at least half of its events.
        most = EXACT_EVENTS // 2 if piece.words else EXACT_EVENTS
        if max((sum(row[position] for row in there.values()) for there in rows.values()), default=0) <= most:
            return ()
        self._busy.add(_place(account_id, piece))
        return tuple(_cut_times(piece, SILENTLY_SAMPLED))

    def _is_busy(self, account_id: str, piece: Piece) -> bool:
        """Return whether an hour may have had so many events that Cloudflare samples wide ranges."""
        return not piece.dataset.events or _place(account_id, piece) in self._busy


def _place(account_id: str, piece: Piece) -> _Place:
    return account_id, piece.zone_id, piece.dataset.key, piece.by_day


def _hides_sampling(piece: Piece) -> bool:
    return piece.dataset.is_counted and not piece.dataset.reports_sampling and not piece.is_coarse


def split_piece(piece: Piece, ids: list[str]) -> tuple[Piece, ...]:
    """Return two halves of a piece whose page was full of rows with these asset ids; empty if it cannot be cut."""
    part = without_newest(piece)
    if piece.dataset.timing.is_whole:
        return _halve_ids(part, ids)
    grain, halfway = piece.dataset.grain, piece.since + (piece.until - piece.since) / 2
    middle = grain.floor(halfway)
    if middle <= piece.since:
        middle = grain.floor(piece.since) + grain.unit
    if middle < piece.until:
        return replace(part, until=middle), replace(part, since=middle)
    halves = _halve_ids(part, ids)
    if halves:
        return halves
    middle = grain.floor_step(halfway)
    if piece.since < middle:
        return replace(part, until=middle), replace(part, since=middle)
    return ()


def _halve_ids(part: Piece, ids: list[str]) -> tuple[Piece, ...]:
    distinct = sorted(set(ids))
    if len(distinct) < 2:
        return ()
    cut = distinct[len(distinct) // 2]
    return replace(part, id_below=cut), replace(part, id_from=cut)


def _cut_times(piece: Piece, longest: timedelta) -> list[Piece]:
    parts: list[Piece] = []
    since: datetime = piece.since
    while since < piece.until:
        start = since - (since - floor_hour(since)) % min(longest, HOUR)
        until = min(start + longest, piece.until)
        parts.append(replace(without_newest(piece), since=since, until=until))
        since = until
    return parts


def _cut_fields(piece: Piece) -> list[Piece]:
    """Return pieces about the same that select no more fields and dimensions each than a node may; at least one."""
    dataset, most = piece.dataset, piece.limits.most_fields
    fields = [entry.name for entry in piece.selected]
    if most is None:
        return [piece]
    room = max(most - len(piece.dimensions) - bool(piece.grain) - dataset.says_sampling, 1)
    if len(fields) <= room:
        return [piece]
    columns = [frozenset(fields[start : start + room]) for start in range(0, len(fields), room)]
    # What is not requested, as the number of rows, is told by the first.
    everything = frozenset(entry.name for entry in dataset.fields)
    first = everything - frozenset(fields[room:])
    return [replace(piece, elsewhere=everything - column) for column in (first, *columns[1:])]


def _cut_ids(piece: Piece, cut: str) -> list[Piece]:
    is_inside = (piece.id_from is None or piece.id_from < cut) and (piece.id_below is None or cut < piece.id_below)
    if not is_inside:
        return [piece]
    return [replace(piece, id_below=cut), replace(piece, id_from=cut)]
