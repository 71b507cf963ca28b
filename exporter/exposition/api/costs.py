"""``GET /api/costs``: as the command ``costs``, with the current cycle from the snapshot and others from the ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from exporter.costs import Statement, StatementQuery, as_csv, as_document, state_costs
from exporter.costs.history import CURRENT, chosen_accounts, is_period
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.cached_views import current_snapshot
from exporter.exposition.api.parameters import RequestParameters, read
from exporter.metrics.snapshot import Published, Snapshot

COSTS = (asked_for.BY, asked_for.ACCOUNT, asked_for.PERIOD, asked_for.COMPARE, asked_for.OUTPUT)
"""The parameters of the endpoint."""

AskBooks = Callable[[StatementQuery], Awaitable[Statement]]
"""Returns a statement of cycles other than the current one."""


class CostsEndpoint:
    """Answers questions about costs."""

    def __init__(self, published: Published, ask_books: AskBooks) -> None:
        self._published = published
        self._ask_books = ask_books

    async def answer(self, request: Request) -> Response:
        """Answer a request. Raises NotReady or QueryError."""
        snapshot = current_snapshot(self._published)
        asked = read(request.query_params, COSTS)
        statement = await self._state(_query_of(asked), snapshot)
        # Large accounts have many rows, so a thread keeps scrapes from waiting.
        if asked.text(asked_for.OUTPUT) == "csv":
            return PlainTextResponse(await asyncio.to_thread(as_csv, statement), media_type="text/csv")
        return JSONResponse(await asyncio.to_thread(as_document, statement))

    async def _state(self, query: StatementQuery, snapshot: Snapshot) -> Statement:
        query.check()
        there = snapshot.costs.accounts
        wanted = chosen_accounts(query.accounts, {key: each.account for key, each in there.items()})
        if wanted and (query.period != CURRENT or (query.compare and is_period(query.compare[0]))):
            return await self._ask_books(replace(query, accounts=wanted))
        budgets = [each.budget for each in snapshot.costs.budgets]
        return await asyncio.to_thread(state_costs, query, [there[key] for key in wanted], budgets)


def _query_of(asked: RequestParameters) -> StatementQuery:
    compare = asked.text(asked_for.COMPARE)
    return StatementQuery(
        asked.text(asked_for.BY),
        asked.all(asked_for.ACCOUNT),
        asked.text(asked_for.PERIOD),
        tuple(word.strip() for word in compare.split(",")) if compare else (),
    )
