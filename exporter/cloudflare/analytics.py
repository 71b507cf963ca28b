"""Analytics: complete answers to questions, in as few documents as the limits allow.

A full page is never accepted, the parts of a split question are answered together or not at all, and a fault of one
dataset does not affect the others.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from exporter.catalog.entry import Dataset, Role
from exporter.cloudflare.client import Client
from exporter.cloudflare.decode import HourRows, decode_ids, decode_interval, decode_newest, decode_rows
from exporter.cloudflare.documents import MOST_ALIASES, Document, Piece, build_document, count_aliases, take_batch
from exporter.cloudflare.errors import (
    ANALYTICS_ADVICE,
    CloudflareError,
    OverBudget,
    PageFull,
    Rejected,
    Throttled,
    TooLarge,
    Unreachable,
    graphql_error,
)
from exporter.cloudflare.limits import PAGE_LIMIT, DatasetLimits, build_settings_document, read_settings
from exporter.cloudflare.splits import Splits, split_piece
from exporter.model import Account, Answer, Question, merge_rows

LARGE_ROWS = 500
"""More rows than this are decoded in a thread, so that scrapes are answered meanwhile."""

MOST_PARTS = 256
"""The most pieces that full pages may add to a question before it fails."""


class _Missing(Unreachable):
    """The answer lacks a piece without an error for it: another piece's error emptied the whole account node."""


@dataclass(frozen=True, slots=True)
class _NodeAnswer:
    """The answer to one piece."""

    rows: Sequence[Mapping[str, Any]]
    newest: datetime | None
    date: datetime


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
    parts: int = 0
    fault: CloudflareError | None = None

    def add(self, piece: Piece, part: _NodeAnswer, interval: Decimal) -> None:
        """Add the answer to a piece, sampled by ``interval``. Raises Unreachable, and then nothing is added."""
        decoded = decode_rows(piece.dataset, part.rows, piece.filed_under, piece.limits.missing, piece.grain)
        for hour, rows in decoded.items():
            merge_rows(self.rows.setdefault(hour, {}), rows)
        self.intervals.append(interval)
        self.sampled.update(decoded if interval > 1 else ())
        self.dates.append(part.date)

    def outcome(self) -> Answer | CloudflareError:
        if self.fault:
            return self.fault
        interval = max(self.intervals, default=Decimal(1))
        newest = self.newest
        if self.dataset.role is Role.USAGE and not self.dataset.grain.tells_newest:
            newest = max((unit for unit, rows in self.rows.items() if rows), default=None)
        return Answer(
            self.question,
            min(self.dates),
            self.rows,
            newest,
            interval,
            frozenset(self.sampled),
            self.planned[0].limits.retention,
        )


class Analytics:
    """The GraphQL API as one token may use it."""

    def __init__(self, client: Client, page_limit: int = PAGE_LIMIT) -> None:
        self._client = client
        self._page_limit = page_limit
        self.splits = Splits()
        self._documents: dict[str, int] = {}
        self._asked: Counter[tuple[str, bool]] = Counter()
        self._most_aliases = MOST_ALIASES

    def cost(self, account_id: str) -> int:
        """Return the number of documents of an account's last refresh; 1 if there was none yet."""
        return self._documents.get(account_id, 1)

    def asked(self, account_id: str) -> int:
        """Return the number of documents sent about an account so far."""
        return self._asked[account_id, False] + self._asked[account_id, True]

    def serve_accounts(self, count: int) -> None:
        """Record the number of accounts that the token serves."""
        self._client.count_by_account(count > 1)

    async def limits(self, account: Account, datasets: Sequence[Dataset]) -> dict[str, DatasetLimits]:
        """Return the limits set by the account's plan and the token, by dataset key. Raises CloudflareError."""
        what = f"Limits of account {account.name} ({account.id})"
        reply = await self._client.query(build_settings_document(datasets), {"account": account.id}, what)
        found = read_settings(reply.body, datasets, self._page_limit)
        if not found:
            raise Unreachable(f"{what}: Cloudflare's answer does not contain them.")
        return found

    async def ask(
        self,
        account: Account,
        questions: Sequence[tuple[Dataset, Question]],
        limits: Mapping[str, DatasetLimits] = MappingProxyType({}),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return each question's complete answer, or the error that prevented it."""
        cut = [self._pieces(account, dataset, question, limits) for dataset, question in questions]
        progress = [_Progress(*asked, pieces) for asked, pieces in zip(questions, cut, strict=True)]
        waiting = [replace(piece, number=number) for number, pieces in enumerate(cut) for piece in pieces]
        asked_before = self._asked[account.id, False]
        while waiting:
            batch, waiting = take_batch(
                [piece for piece in waiting if progress[piece.number].fault is None], self._most_aliases
            )
            parts = await self._ask_pieces(account, batch) if batch else []
            for piece, part in zip(batch, _drain(parts), strict=True):
                is_large = isinstance(part, _NodeAnswer) and len(part.rows) > LARGE_ROWS
                arguments = (account, piece, part, progress[piece.number])
                waiting += await asyncio.to_thread(self._take, *arguments) if is_large else self._take(*arguments)
        if not any(question.by_day for _, question in questions):
            self._documents[account.id] = self._asked[account.id, False] - asked_before
        return {gathered.question: gathered.outcome() for gathered in progress}

    def pieces_of(
        self, account: Account, dataset: Dataset, question: Question, limits: Mapping[str, DatasetLimits]
    ) -> int:
        """Return the number of pieces that a question will be split into, as far as is known."""
        return len(self._pieces(account, dataset, question, limits))

    def _pieces(
        self, account: Account, dataset: Dataset, question: Question, limits: Mapping[str, DatasetLimits]
    ) -> tuple[Piece, ...]:
        known = limits.get(dataset.key) or DatasetLimits(page_size=self._page_limit)
        return self.splits.pieces(account.id, dataset, question, known)

    def _take(
        self, account: Account, piece: Piece, part: _NodeAnswer | CloudflareError, progress: _Progress
    ) -> tuple[Piece, ...]:
        """Add a part to the progress; return the pieces to ask instead if its page was full or coarsely sampled."""
        match part:
            case CloudflareError():
                progress.fault = part
                return ()
            case _NodeAnswer():
                progress.parts += 1
                progress.newest = part.newest or progress.newest
                try:
                    return self._read(account, piece, part, progress)
                except CloudflareError as error:
                    progress.fault = error
                    return ()

    def _read(self, account: Account, piece: Piece, part: _NodeAnswer, progress: _Progress) -> tuple[Piece, ...]:
        """Add the rows of a part to the progress, or return the pieces to ask instead.

        Raises PageFull if the question of a full page cannot be split, and Unreachable if a row is not as requested.
        """
        if len(part.rows) >= piece.limits.page_size and not piece.dataset.takes_full_page:
            return self._halve(account, piece, part, progress.parts - len(progress.planned))
        interval = decode_interval(part.rows)
        finer = self.splits.refine(account.id, piece) if interval > 1 else ()
        if not finer:
            progress.add(piece, part, interval)
        return finer

    def _halve(self, account: Account, piece: Piece, part: _NodeAnswer, further: int) -> tuple[Piece, ...]:
        """Return the halves of a piece whose page was full, and remember them.

        ``further`` parts of its question have been asked beyond those that were planned.
        """
        halves = split_piece(piece, decode_ids(piece.dataset, part.rows))
        if not halves or further >= MOST_PARTS:
            raise PageFull(
                f"{piece.dataset.name} of account {account.name} ({account.id}): more than "
                f"{piece.limits.page_size} rows even in the smallest part "
                f"({piece.since:%Y-%m-%d %H:%M} to {piece.until:%H:%M})."
            )
        self.splits.remember(account.id, piece, halves)
        return halves

    async def _ask_pieces(self, account: Account, pieces: Sequence[Piece]) -> list[_NodeAnswer | CloudflareError]:
        """Ask some pieces in one document; a refused document is halved until the failing piece stands alone."""
        document = build_document(account.id, pieces)
        what = f"Analytics of account {account.name} ({account.id})"
        self._asked[account.id, pieces[0].by_day] += 1
        try:
            reply = await self._client.query(document.text, document.variables, what)
            parts = _parts(document, reply.body, reply.date, account)
        except Rejected as error:
            if len(pieces) == 1:
                return [error]
            if isinstance(error, TooLarge):
                self._most_aliases = max(count_aliases(pieces) // 2, 2)
            middle = len(pieces) // 2
            first = await self._ask_pieces(account, pieces[:middle])
            return first + await self._ask_pieces(account, pieces[middle:])
        except CloudflareError as error:
            self._observe(error)
            return [error] * len(pieces)
        for part in parts:
            self._observe(part)
        return await self._ask_bystanders(account, pieces, parts)

    def _observe(self, part: _NodeAnswer | CloudflareError) -> None:
        if isinstance(part, Throttled) and not isinstance(part, OverBudget):
            self._client.silence("graphql", part.retry_after)

    async def _ask_bystanders(
        self, account: Account, pieces: Sequence[Piece], parts: list[_NodeAnswer | CloudflareError]
    ) -> list[_NodeAnswer | CloudflareError]:
        """Ask once more for pieces that an answer lacks only because another piece failed in it."""
        lost = [index for index, part in enumerate(parts) if isinstance(part, _Missing)]
        if lost and len(lost) < len(pieces):
            again = await self._ask_pieces(account, [pieces[index] for index in lost])
            for index, part in zip(lost, again, strict=True):
                parts[index] = part
        return parts


def _drain(parts: list[_NodeAnswer | CloudflareError]) -> Iterator[_NodeAnswer | CloudflareError]:
    """Yield parts one by one and release each: the undecoded rows of a large account take the most memory."""
    while parts:
        yield parts.pop(0)


def _parts(
    document: Document, body: Mapping[str, Any], date: datetime, account: Account
) -> list[_NodeAnswer | CloudflareError]:
    """Return each piece's part of an answer. Raises CloudflareError if the answer as a whole is unusable."""
    by_alias, of_document = _errors(body)
    what = f"Analytics of account {account.name} ({account.id})"
    if of_document:
        raise graphql_error(of_document, what)
    data = body.get("data")
    viewer = data.get("viewer") if isinstance(data, Mapping) else None
    accounts = viewer.get("accounts") if isinstance(viewer, Mapping) else None
    node = accounts[0] if isinstance(accounts, list) and accounts and isinstance(accounts[0], Mapping) else None
    if node is None and not by_alias:
        raise Unreachable(f"{what}: Cloudflare's answer does not contain the account.", ANALYTICS_ADVICE)
    node = node or {}
    parts: list[_NodeAnswer | CloudflareError] = []
    for index, piece in enumerate(document.pieces):
        named = f"{piece.dataset.name} of account {account.name} ({account.id})"
        rows = node.get(f"usage_{index}")
        errors = by_alias.get(f"usage_{index}")
        if errors is None and not isinstance(rows, list):
            errors = by_alias.get(f"newest_{index}")
        if errors is not None:
            parts.append(graphql_error(errors, named))
        elif not isinstance(rows, list):
            parts.append(_Missing(f"{named}: Cloudflare's answer does not contain it."))
        else:
            said = node.get(f"newest_{index}")
            newest = decode_newest(said, piece.dataset.asked_by.bound) if isinstance(said, list) else None
            parts.append(_NodeAnswer(rows, newest, date))
    return parts


def _errors(body: Mapping[str, Any]) -> tuple[dict[str, list[Mapping[str, Any]]], list[Mapping[str, Any]]]:
    """Return the errors by alias, and those of the document as a whole."""
    by_alias: dict[str, list[Mapping[str, Any]]] = {}
    of_document: list[Mapping[str, Any]] = []
    for error in body.get("errors") or ():
        path = error.get("path") if isinstance(error, Mapping) else None
        words = [str(step) for step in path] if isinstance(path, list) else []
        alias = next((word for word in words if word.startswith(("usage_", "newest_"))), None)
        if alias is not None:
            by_alias.setdefault(alias, []).append(error)
        else:
            of_document.append(error if isinstance(error, Mapping) else {"message": str(error)})
    return by_alias, of_document
