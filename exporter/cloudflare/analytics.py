"""Analytics: complete answers to questions, in as few documents as the limits allow.

A full page is never accepted, the parts of a split question are answered together or not at all, and a fault of one
dataset, or of one zone, does not affect the others.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.client import Client
from exporter.cloudflare.decode import HourRows, check_hours, decode_ids, decode_interval, decode_names, decode_rows
from exporter.cloudflare.documents import MOST_ALIASES, Piece, build_document, count_aliases, fill_batch, take_batch
from exporter.cloudflare.errors import (
    SAID,
    CloudflareError,
    Forbidden,
    OverBudget,
    PageFull,
    Rejected,
    Throttled,
    TooLarge,
    Unreachable,
    speaks_of_part,
)
from exporter.cloudflare.limits import (
    PAGE_LIMIT,
    DatasetLimits,
    build_settings_document,
    build_zone_settings_document,
    read_settings,
    read_zone_settings,
)
from exporter.cloudflare.reader import NO_LIMITS, Asked
from exporter.cloudflare.recent_fields import RecentFields
from exporter.cloudflare.replies import Missing, Part, read_parts
from exporter.cloudflare.splits import Splits, split_piece
from exporter.cloudflare.zone_documents import (
    MOST_ZONE_NODES,
    MOST_ZONES,
    build_zone_document,
    divide,
    divide_zones,
    take_zone_batch,
)
from exporter.model import Account, Answer, BookKey, Question, Scope, merge_rows

LARGE_ROWS = 500
"""More rows than this are decoded in a thread, so that scrapes are answered meanwhile."""

MOST_PARTS = 256
"""The most pieces that full pages may add to a question before it fails."""


_Answered = tuple[Piece, Part | CloudflareError]


@dataclass(slots=True)
class _Progress:
    """The parts collected so far for one question; ``planned`` are the pieces that it was cut into at first."""

    dataset: Dataset
    question: Question
    planned: Sequence[Piece]
    rows: HourRows = field(default_factory=dict)
    newest: datetime | None = None
    dates: list[datetime] = field(default_factory=list)
    intervals: list[Decimal] = field(default_factory=list)
    sampled: set[datetime] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    parts: int = 0
    fault: CloudflareError | None = None

    def add(self, decoded: HourRows, part: Part, interval: Decimal) -> None:
        """Add the rows of an answer to a piece, sampled by ``interval``."""
        for hour, rows in decoded.items():
            merge_rows(self.rows.setdefault(hour, {}), rows)
        if not self.question.is_overview:
            self.names |= decode_names(self.dataset, part.rows)
        self.intervals.append(interval)
        self.sampled.update(decoded if interval > 1 else ())
        self.dates.append(part.date)

    @property
    def is_asked(self) -> bool:
        """Whether anything was asked: a spare question may have found no place."""
        return self.parts > 0 or self.fault is not None

    def outcome(self) -> Answer | CloudflareError:
        if self.fault:
            return self.fault
        interval = max(self.intervals, default=Decimal(1))
        newest = self.newest
        if newest is None and self.dataset.is_counted and not self.question.by_day:
            newest = max((unit for unit, rows in self.rows.items() if rows), default=None)
        return Answer(
            self.question,
            min(self.dates),
            self.rows,
            newest,
            interval,
            frozenset(self.sampled),
            self.planned[0].limits.retention,
            names=self.names,
        )


class Analytics:
    """The GraphQL API as one token may use it: the reader of nodes of accounts and zones."""

    def __init__(self, client: Client, page_limit: int = PAGE_LIMIT) -> None:
        self._client = client
        self._page_limit = page_limit
        self.splits = Splits()
        self.recent_fields = RecentFields(client)
        self._documents: dict[str, int] = {}
        self._asked: Counter[tuple[str, bool]] = Counter()
        self._most_aliases = MOST_ALIASES
        self._most_zone_nodes = MOST_ZONE_NODES

    def cost(self, account_id: str) -> int:
        """Return the number of documents of an account's last refresh; 1 if there was none yet."""
        return self._documents.get(account_id, 1)

    def asked(self, account_id: str) -> int:
        """Return the number of documents sent about an account so far."""
        return self._asked[account_id, False] + self._asked[account_id, True]

    async def limits(self, account: Account, datasets: Sequence[Dataset]) -> dict[BookKey, DatasetLimits]:
        """Return the limits set by the account's plan and the token. Raises CloudflareError."""
        what, scope = f"Limits of account {account.name} ({account.id})", Scope(account.id)
        reply = await self._client.query(build_settings_document(datasets), {"account": account.id}, what, account.id)
        found = read_settings(reply.body, datasets, self._page_limit)
        if not found:
            raise Unreachable(f"{what}: Cloudflare's answer does not contain them.")
        return {BookKey(scope, key): limits for key, limits in found.items()}

    async def zone_limits(
        self, account: Account, datasets: Sequence[Dataset], zones: Sequence[str]
    ) -> dict[BookKey, DatasetLimits]:
        """Return the limits set by the plans of some zones of an account, as far as Cloudflare gives them."""
        found: dict[BookKey, DatasetLimits] = {}
        waiting = [list(zones[start : start + MOST_ZONES]) for start in range(0, len(zones), MOST_ZONES)]
        what, text = f"Limits of zones of account {account.name} ({account.id})", build_zone_settings_document(datasets)
        while waiting:
            some = waiting.pop(0)
            try:
                reply = await self._client.query(text, {"account": account.id, "zones": some}, what, account.id)
                settings = read_zone_settings(reply.body, datasets, self._page_limit)
            except (Rejected, Forbidden) as error:
                waiting += divide_zones(some, error.detail)
            except CloudflareError as error:
                self._observe(account, error)
                break
            else:
                found |= {
                    BookKey(Scope(account.id, zone), key): limits
                    for zone, known in settings.items()
                    for key, limits in known.items()
                }
        return found

    async def ask(
        self,
        account: Account,
        questions: Sequence[Asked],
        limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
        spare: Sequence[Asked] = (),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return each question's complete answer, or the error that prevented it.

        Of the ``spare`` questions about the account itself, those are asked that find a free place in documents that
        the others take anyway.
        """
        both = [*questions, *spare]
        cut = [self._pieces(account, dataset, question, limits) for dataset, question in both]
        progress = [_Progress(*asked, pieces) for asked, pieces in zip(both, cut, strict=True)]
        numbered = [[replace(piece, number=number) for piece in pieces] for number, pieces in enumerate(cut)]
        waiting = [piece for pieces in numbered[: len(questions)] for piece in pieces]
        idle = numbered[len(questions) :]
        asked_before = self._asked[account.id, False]
        while waiting:
            batch, waiting = self._take_batch([piece for piece in waiting if progress[piece.number].fault is None])
            if batch and not batch[0].zone_id:
                filling, idle = fill_batch(batch, idle, self._most_aliases)
                batch += filling
            for piece, part in _drain(await self._ask_pieces(account, batch) if batch else []):
                is_large = isinstance(part, Part) and len(part.rows) > LARGE_ROWS
                arguments = (account, piece, part, progress[piece.number])
                waiting += await asyncio.to_thread(self._take, *arguments) if is_large else self._take(*arguments)
        if not any(question.by_day for _, question in questions):
            self._documents[account.id] = self._asked[account.id, False] - asked_before
        return {gathered.question: gathered.outcome() for gathered in progress if gathered.is_asked}

    def pieces_of(
        self, account: Account, dataset: Dataset, question: Question, limits: Mapping[BookKey, DatasetLimits]
    ) -> int:
        """Return the number of pieces that a question will be split into, as far as is known."""
        return len(self._pieces(account, dataset, question, limits))

    def _pieces(
        self, account: Account, dataset: Dataset, question: Question, limits: Mapping[BookKey, DatasetLimits]
    ) -> tuple[Piece, ...]:
        known = limits.get(question.book) or DatasetLimits(page_size=self._page_limit)
        return self.splits.pieces(account.id, dataset, question, self.recent_fields.confirm(dataset, known))

    def _take(
        self, account: Account, piece: Piece, part: Part | CloudflareError, progress: _Progress
    ) -> tuple[Piece, ...]:
        """Add a part to the progress; return the pieces to ask instead if its page was full or coarsely sampled."""
        match part:
            case CloudflareError():
                progress.fault = part
                return ()
            case Part():
                progress.parts += 1
                progress.newest = part.newest or progress.newest
                try:
                    return self._read(account, piece, part, progress)
                except CloudflareError as error:
                    progress.fault = error
                    return ()

    def _read(self, account: Account, piece: Piece, part: Part, progress: _Progress) -> tuple[Piece, ...]:
        """Add the rows of a part to the progress, or return the pieces to ask instead.

        Raises PageFull if the question of a full page cannot be split, and Unreachable if a row is not as requested.
        """
        if len(part.rows) >= piece.limits.page_size and not piece.dataset.takes_full_page:
            return self._halve(account, piece, part, progress.parts - len(progress.planned))
        interval = decode_interval(piece.dataset, part.rows)
        finer = self.splits.refine(account.id, piece) if interval > 1 and not piece.is_overview else ()
        if not finer:
            rows = _decode(piece, part)
            finer = self.splits.narrow(account.id, piece, rows)
            if not finer:
                progress.add(rows, part, interval)
        return finer

    def _halve(self, account: Account, piece: Piece, part: Part, further: int) -> tuple[Piece, ...]:
        """Return the halves of a piece whose page was full, and remember them.

        ``further`` parts of its question have been asked beyond those that were planned.
        """
        halves = split_piece(piece, decode_ids(piece.dataset, part.rows))
        if not halves or further >= MOST_PARTS:
            raise PageFull(
                f"{piece.dataset.name} of {piece.whose}account {account.name} ({account.id}): more than "
                f"{piece.limits.page_size} rows even in the smallest part "
                f"({piece.since:%Y-%m-%d %H:%M} to {piece.until:%H:%M})."
            )
        self.splits.remember(account.id, piece, halves)
        return halves

    def _take_batch(self, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
        """Return the pieces of the next document, those of the account before those of zones, and the rest."""
        of_zones = [piece for piece in pieces if piece.zone_id]
        if len(of_zones) == len(pieces) > 0:
            return take_zone_batch(of_zones, self._most_zone_nodes)
        batch, rest = take_batch([piece for piece in pieces if not piece.zone_id], self._most_aliases)
        return batch, rest + of_zones

    async def _ask_pieces(self, account: Account, pieces: Sequence[Piece]) -> list[_Answered]:
        """Ask some pieces in one document; a refused document is divided until the failing piece stands alone."""
        is_of_zones = bool(pieces[0].zone_id)
        document = build_zone_document(account.id, pieces) if is_of_zones else build_document(account.id, pieces)
        what = f"Analytics of account {account.name} ({account.id})"
        self._asked[account.id, pieces[0].by_day] += 1
        try:
            reply = await self._client.query(document.text, document.variables, what, account.id)
            parts = read_parts(document, reply, account)
        except CloudflareError as error:
            self._observe(account, error)
            halves = self._divide(pieces, error)
            answered = [await self._ask_pieces(account, half) for half in halves]
            return [each for half in answered for each in half] or [(piece, error) for piece in pieces]
        for part in parts:
            self._observe(account, part)
        return await self._ask_bystanders(account, list(zip(pieces, parts, strict=True)))

    def _divide(self, pieces: Sequence[Piece], error: CloudflareError) -> Sequence[Sequence[Piece]]:
        """Return the parts in which to ask a refused document again; empty if that would not help."""
        is_of_zones = bool(pieces[0].zone_id)
        if isinstance(error, TooLarge) and len(pieces) > 1:
            most = max(count_aliases(pieces) // 2, 2)
            self._most_aliases, self._most_zone_nodes = (
                (self._most_aliases, most) if is_of_zones else (most, self._most_zone_nodes)
            )
        said = error.detail.rpartition(SAID)[2]
        is_of_part = isinstance(error, Forbidden) and speaks_of_part(said)
        if is_of_zones:
            # What is refused to the whole account is refused to each of its zones.
            may_be_one = isinstance(error, Rejected) or is_of_part or (isinstance(error, Forbidden) and "zone" in said)
            return divide(pieces, said) if may_be_one else ()
        middle = len(pieces) // 2
        may_be_one = isinstance(error, Rejected) or is_of_part
        return (pieces[:middle], pieces[middle:]) if may_be_one and middle else ()

    def _observe(self, account: Account, part: Part | CloudflareError) -> None:
        if isinstance(part, Throttled) and not isinstance(part, OverBudget):
            self._client.silence_account(account.id, part.retry_after, part.detail)

    async def _ask_bystanders(self, account: Account, answered: list[_Answered]) -> list[_Answered]:
        """Ask once more for pieces that an answer lacks only because another piece failed in it."""
        lost = [piece for piece, part in answered if isinstance(part, Missing)]
        if len(lost) == len(answered):
            return answered
        found = [(piece, part) for piece, part in answered if not isinstance(part, Missing)]
        while lost:
            batch, lost = self._take_batch(lost)
            found += await self._ask_pieces(account, batch)
        return found


def _decode(piece: Piece, part: Part) -> HourRows:
    """Return the rows of a piece's answer. Raises Unreachable if one is not as requested."""
    decoded = decode_rows(
        piece.dataset,
        part.rows,
        piece.filed_under,
        piece.absent,
        piece.grain,
        owner=piece.zone_id,
        elsewhere=piece.elsewhere,
    )
    check_hours(piece.dataset, decoded, piece.filed_under, piece.until)
    return decoded


def _drain(answered: list[_Answered]) -> Iterator[_Answered]:
    """Yield parts one by one and release each: the undecoded rows of a large account take the most memory."""
    while answered:
        yield answered.pop(0)
