"""``GET /api/costs``: the same as the command ``costs``. The cycle under way is the snapshot's, others the ledger's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from exporter.costs import Statement, StatementQuery, as_csv, as_document, state_costs
from exporter.costs.history import CURRENT, QueryError, is_period
from exporter.exposition.api.errors import error_response
from exporter.metrics.snapshot import Published, Snapshot

PARAMETERS = frozenset({"by", "account", "period", "compare", "output"})

AskBooks = Callable[[StatementQuery], Awaitable[Statement]]
"""Returns a statement of other cycles than the one under way."""


class CostsEndpoint:
    """Answers questions about costs."""

    def __init__(self, published: Published, ask_books: AskBooks) -> None:
        self._published = published
        self._ask_books = ask_books

    async def answer(self, request: Request) -> Response:
        """Answer a request; what makes no sense is told as 400."""
        snapshot = self._published.snapshot
        if snapshot is None:
            return error_response(503, "not_ready", "No data yet: the first refresh is under way.")
        try:
            statement = await self._answer(_query_of(request), snapshot)
        except QueryError as error:
            return error_response(400, "bad_request", str(error))
        # Large accounts have many rows: scrapes are answered meanwhile.
        if request.query_params.get("output") == "csv":
            return PlainTextResponse(await asyncio.to_thread(as_csv, statement), media_type="text/csv")
        return JSONResponse(await asyncio.to_thread(as_document, statement))

    async def _answer(self, query: StatementQuery, snapshot: Snapshot) -> Statement:
        query.check()
        there = {each.account_id: each for each in snapshot.costs.accounts.values()}
        names = {each.account: key for key, each in there.items()} | {key: key for key in there}
        for name in query.accounts:
            if name not in names:
                labels = ", ".join(each.account for each in there.values()) or "none"
                raise QueryError(f"There is no account {name}; there is {labels}.")
        asked = {names[name] for name in query.accounts} or there.keys()
        wanted = tuple(key for key in there if key in asked)
        if wanted and (query.period != CURRENT or (query.compare and is_period(query.compare[0]))):
            return await self._ask_books(replace(query, accounts=wanted))
        budgets = [each.budget for each in snapshot.costs.budgets]
        return await asyncio.to_thread(state_costs, query, [there[key] for key in wanted], budgets)


def _query_of(request: Request) -> StatementQuery:
    params = request.query_params
    unknown = sorted(set(params) - PARAMETERS)
    if unknown:
        raise QueryError(f"There is no parameter {', '.join(unknown)}; there is {', '.join(sorted(PARAMETERS))}.")
    if params.get("output", "json") not in {"json", "csv"}:
        raise QueryError("output is json or csv.")
    compare = tuple(word.strip() for word in params["compare"].split(",")) if params.get("compare") else ()
    return StatementQuery(
        params.get("by", "project"), tuple(params.getlist("account")), params.get("period", CURRENT), compare
    )
