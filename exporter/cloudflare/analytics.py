"""Analytics: questions to whole answers, in as few documents as the limits allow.

A page that is full is never accepted, the parts of a split question come together or not at all, and one dataset's
fault does not touch the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import add
from typing import Any

from exporter.catalog.entry import Dataset
from exporter.cloudflare.client import Client
from exporter.cloudflare.decode import HourRows, decode_ids, decode_newest, decode_rows
from exporter.cloudflare.documents import MOST_PIECES, Document, Piece, build_document
from exporter.cloudflare.errors import CloudflareError, PageFull, Refused, Throttled, Unreachable, graphql_error
from exporter.cloudflare.splits import Splits, split_piece
from exporter.model import Account, Answer, Question

PAGE_LIMIT = 10_000
"""Rows of a page: the largest that Cloudflare documents."""

MOST_PARTS = 256
"""Into how many pieces a question may fall before it fails."""


class _Missing(Unreachable):
    """An answer lacks a piece without saying why: an error beside it emptied the whole account node."""


@dataclass(slots=True)
class _Progress:
    """What has come together for one question."""

    question: Question
    rows: HourRows = field(default_factory=dict)
    newest: datetime | None = None
    dates: list[datetime] = field(default_factory=list)
    parts: int = 0
    fault: CloudflareError | None = None

    def outcome(self) -> Answer | CloudflareError:
        return self.fault or Answer(self.question, min(self.dates), self.rows, self.newest)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one piece was answered with."""

    rows: Sequence[Mapping[str, Any]]
    newest: datetime | None
    date: datetime


class Analytics:
    """Asks the GraphQL API of one token."""

    def __init__(self, client: Client, page_limit: int = PAGE_LIMIT) -> None:
        self._client = client
        self._page_limit = page_limit
        self.splits = Splits()

    async def ask(
        self, account: Account, questions: Sequence[tuple[Dataset, Question]]
    ) -> dict[str, Answer | CloudflareError]:
        """Give each dataset's whole answer, or why there is none."""
        progress = {dataset.name: _Progress(question) for dataset, question in questions}
        waiting = [
            piece for dataset, question in questions for piece in self.splits.pieces(account.id, dataset, question)
        ]
        while waiting:
            batch, waiting = waiting[:MOST_PIECES], waiting[MOST_PIECES:]
            batch = [piece for piece in batch if progress[piece.dataset.name].fault is None]
            if not batch:
                continue
            parts = await self._ask_pieces(account, batch)
            for piece, part in zip(batch, parts, strict=True):
                waiting += self._take(account, piece, part, progress[piece.dataset.name])
        return {name: gathered.outcome() for name, gathered in progress.items()}

    def _take(
        self, account: Account, piece: Piece, part: _Part | CloudflareError, progress: _Progress
    ) -> tuple[Piece, ...]:
        """Take a part into the progress; gives the pieces to ask instead if its page was full."""
        try:
            if isinstance(part, CloudflareError):
                raise part
            progress.parts += 1
            if len(part.rows) < self._page_limit:
                for hour, rows in decode_rows(piece.dataset, part.rows).items():
                    there = progress.rows.setdefault(hour, {})
                    for key, amounts in rows.items():
                        known = there.get(key)
                        there[key] = amounts if known is None else tuple(map(add, known, amounts))
                progress.dates.append(part.date)
                progress.newest = part.newest or progress.newest
                return ()
            halves = split_piece(piece, decode_ids(piece.dataset, part.rows))
            if not halves or progress.parts > MOST_PARTS:
                raise PageFull(
                    f"{piece.dataset.name} of account {account.name} ({account.id}): more than {self._page_limit} rows "
                    f"even in the smallest part ({piece.since:%Y-%m-%d %H:%M} to {piece.until:%H:%M}). "
                    "Its counters stand still; please report this."
                )
            progress.newest = part.newest or progress.newest
            self.splits.remember(account.id, piece, halves)
            return halves
        except CloudflareError as error:
            progress.fault = error
            return ()

    async def _ask_pieces(self, account: Account, pieces: Sequence[Piece]) -> list[_Part | CloudflareError]:
        """Ask some pieces in one document; a document that is refused is halved until the culprit stands alone."""
        document = build_document(account.id, pieces, self._page_limit)
        what = f"Analytics of account {account.name} ({account.id})"
        try:
            reply = await self._client.query(document.text, document.variables, what)
            parts = _parts(document, reply.body, reply.date, account)
        except Refused as error:
            if len(pieces) == 1:
                return [error]
            middle = len(pieces) // 2
            first = await self._ask_pieces(account, pieces[:middle])
            return first + await self._ask_pieces(account, pieces[middle:])
        except CloudflareError as error:
            self._heed(error)
            return [error] * len(pieces)
        for part in parts:
            self._heed(part)
        return await self._ask_bystanders(account, pieces, parts)

    def _heed(self, part: _Part | CloudflareError) -> None:
        if isinstance(part, Throttled):
            self._client.silence("graphql", part.retry_after)

    async def _ask_bystanders(
        self, account: Account, pieces: Sequence[Piece], parts: list[_Part | CloudflareError]
    ) -> list[_Part | CloudflareError]:
        """Ask once more for pieces that an answer lacks only because another one failed in it."""
        lost = [index for index, part in enumerate(parts) if isinstance(part, _Missing)]
        if lost and len(lost) < len(pieces):
            again = await self._ask_pieces(account, [pieces[index] for index in lost])
            for index, part in zip(lost, again, strict=True):
                parts[index] = part
        return parts


def _parts(
    document: Document, body: Mapping[str, Any], date: datetime, account: Account
) -> list[_Part | CloudflareError]:
    """Give each piece's part of an answer. Raises CloudflareError if the answer as a whole says nothing."""
    by_alias, of_document = _errors(body)
    what = f"Analytics of account {account.name} ({account.id})"
    if of_document:
        raise graphql_error(of_document, what)
    data = body.get("data")
    viewer = data.get("viewer") if isinstance(data, Mapping) else None
    accounts = viewer.get("accounts") if isinstance(viewer, Mapping) else None
    node = accounts[0] if isinstance(accounts, list) and accounts and isinstance(accounts[0], Mapping) else None
    if node is None and not by_alias:
        raise Unreachable(f"{what}: the answer does not hold the account. The token may not see its analytics.")
    node = node or {}
    parts: list[_Part | CloudflareError] = []
    for index, piece in enumerate(document.pieces):
        named = f"{piece.dataset.name} of account {account.name} ({account.id})"
        rows = node.get(f"usage_{index}")
        errors = by_alias.get(f"usage_{index}")
        if errors is None and not isinstance(rows, list):
            errors = by_alias.get(f"newest_{index}")
        if errors is not None:
            parts.append(graphql_error(errors, named))
        elif not isinstance(rows, list):
            parts.append(_Missing(f"{named}: the answer does not hold it."))
        else:
            newest = node.get(f"newest_{index}")
            parts.append(_Part(rows, decode_newest(newest) if isinstance(newest, list) else None, date))
    return parts


def _errors(body: Mapping[str, Any]) -> tuple[dict[str, list[Mapping[str, Any]]], list[Mapping[str, Any]]]:
    """Give the errors by alias, and those of the document as a whole."""
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
