"""The endpoints served from the snapshot or the ledger: assets, projects, texts, health, usage."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.costs.history import QueryError
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.cached_views import CachedViews, account_ids, asset_filter_of, current_snapshot
from exporter.exposition.api.errors import NotFound, StorageUnavailable
from exporter.exposition.api.parameters import Parameter, RequestParameters, read
from exporter.metrics.snapshot import Published, Snapshot
from exporter.model import ExporterError, format_time
from exporter.views import (
    AssetFilter,
    AssetRow,
    Page,
    Step,
    TextRow,
    UsagePage,
    UsageQuery,
    Views,
    asset_document,
    budgets_document,
    health_document,
    product_document,
    project_document,
    text_document,
    usage_document,
)

ASSETS = (
    asked_for.ACCOUNT,
    asked_for.PROJECT,
    asked_for.KIND,
    asked_for.SORT,
    asked_for.ORDER,
    asked_for.LIMIT,
    asked_for.CURSOR,
)
PROJECTS = (asked_for.ACCOUNT, asked_for.PROJECT, asked_for.KIND, asked_for.LIMIT, asked_for.CURSOR)
PROJECT = (
    asked_for.ACCOUNT,
    asked_for.KIND,
    asked_for.SORT,
    asked_for.ORDER,
    asked_for.LIMIT,
    asked_for.CURSOR,
)
USAGE = (
    asked_for.SINCE,
    asked_for.UNTIL,
    asked_for.STEP,
    asked_for.ACCOUNT,
    asked_for.PROJECT,
    asked_for.KIND,
    asked_for.ASSET,
    asked_for.METER,
    asked_for.LIMIT,
    asked_for.CURSOR,
)
TEXTS = (asked_for.ACCOUNT, asked_for.LABEL, asked_for.VALUE, asked_for.LIMIT, asked_for.CURSOR)
HEALTH: tuple[Parameter, ...] = ()

AskUsage = Callable[[UsageQuery], Awaitable[UsagePage]]
"""Returns usage from the ledger. Raises QueryError or StorageError."""

Json = dict[str, Any]

EVERYTHING = AssetFilter()


class ViewEndpoints:
    """Answers questions about assets, projects, texts, usage and health, without asking Cloudflare."""

    def __init__(
        self, published: Published, cached_views: CachedViews, ask_usage: AskUsage, is_refreshing: Callable[[], bool]
    ) -> None:
        self._published = published
        self._cached_views = cached_views
        self._ask_usage = ask_usage
        self._is_refreshing = is_refreshing

    async def health(self, request: Request) -> Response:
        """Answer with the exporter's health, even before the first snapshot. Raises QueryError."""
        read(request.query_params, HEALTH)
        return JSONResponse(health_document(self._published.snapshot, is_refreshing=self._is_refreshing()))

    async def assets(self, request: Request) -> Response:
        """Answer with a page of assets."""
        return await self._answer(request, ASSETS, self._assets)

    async def projects(self, request: Request) -> Response:
        """Answer with a page of projects."""
        return await self._answer(request, PROJECTS, self._projects)

    async def project(self, request: Request) -> Response:
        """Answer with a project and a page of its assets."""
        name = str(request.path_params["name"])
        return await self._answer(request, PROJECT, lambda snapshot, asked: self._project(name, snapshot, asked))

    async def texts(self, request: Request) -> Response:
        """Answer with a page of the texts whose hashes are values of labels."""
        return await self._answer(request, TEXTS, self._texts)

    async def usage(self, request: Request) -> Response:
        """Answer with a page of usage. Raises NotReady, QueryError or StorageUnavailable."""
        snapshot = current_snapshot(self._published)
        query = _usage_query(read(request.query_params, USAGE), snapshot)
        try:
            page = await self._ask_usage(query)
        except QueryError:
            raise
        except ExporterError as error:
            raise StorageUnavailable(error.detail, error.remedy) from error
        return JSONResponse(await asyncio.to_thread(_usage_document, page))

    async def _answer(
        self, request: Request, known: Sequence[Parameter], make: Callable[[Snapshot, RequestParameters], Json]
    ) -> Response:
        """Answer from the snapshot, in a thread so that scrapes need not wait. Raises NotReady or QueryError."""
        snapshot = current_snapshot(self._published)
        return await asyncio.to_thread(lambda: JSONResponse(make(snapshot, read(request.query_params, known))))

    def _assets(self, snapshot: Snapshot, asked: RequestParameters) -> Json:
        asset_filter = asset_filter_of(snapshot, asked, asked.all(asked_for.PROJECT))
        page = _page_of_assets(self._cached_views.of(snapshot), asked, asset_filter)
        return {"as_of": format_time(snapshot.at), **_page(page), "assets": [asset_document(row) for row in page.rows]}

    def _projects(self, snapshot: Snapshot, asked: RequestParameters) -> Json:
        asset_filter = asset_filter_of(snapshot, asked, asked.all(asked_for.PROJECT))
        page = self._cached_views.of(snapshot).projects(asset_filter).page(asked.paging())
        projects = [project_document(row) for row in page.rows]
        return {"as_of": format_time(snapshot.at), **_page(page), "projects": projects}

    def _project(self, name: str, snapshot: Snapshot, asked: RequestParameters) -> Json:
        views, asset_filter = self._cached_views.of(snapshot), asset_filter_of(snapshot, asked, (name,))
        rows = [row for _, row in views.projects(asset_filter).keyed]
        if not rows:
            raise NotFound(f"There is no project {name}.", "/api/projects lists all projects.")
        accounts = [(row.account_id, row.account) for row in rows]
        page = _page_of_assets(views, asked, asset_filter)
        return {
            "as_of": format_time(snapshot.at),
            "project": name,
            "accounts": [project_document(row) for row in rows],
            "products": [product_document(row) for row in views.products(name, asset_filter)],
            "budgets": budgets_document(views.budgets(name, accounts)),
            **_page(page),
            "assets": [asset_document(row) for row in page.rows],
        }

    def _texts(self, snapshot: Snapshot, asked: RequestParameters) -> Json:
        accounts = frozenset(account_ids(snapshot, asked))
        labels, values = asked.all(asked_for.LABEL), asked.all(asked_for.VALUE)

        def is_wanted(row: TextRow) -> bool:
            return (
                row.account_id in accounts
                and (not labels or row.label in labels)
                and (not values or row.value in values)
            )

        page = self._cached_views.of(snapshot).texts.page(asked.paging(), is_wanted)
        return {"as_of": format_time(snapshot.at), **_page(page), "texts": [text_document(row) for row in page.rows]}


def _page_of_assets(views: Views, asked: RequestParameters, asset_filter: AssetFilter) -> Page[AssetRow]:
    order = views.assets(asked.text(asked_for.SORT), asked.text(asked_for.ORDER))
    if asset_filter == EVERYTHING:
        return order.page(asked.paging())
    return order.page(asked.paging(), lambda row: asset_filter.admits(row.listed.place))


def _usage_query(asked: RequestParameters, snapshot: Snapshot) -> UsageQuery:
    return UsageQuery(
        accounts=account_ids(snapshot, asked),
        since=asked.day(asked_for.SINCE),
        until=asked.day(asked_for.UNTIL),
        step=Step(asked.text(asked_for.STEP)),
        projects=frozenset(asked.all(asked_for.PROJECT)),
        kinds=frozenset(asked.all(asked_for.KIND)),
        assets=frozenset(asked.all(asked_for.ASSET)),
        meters=frozenset(asked.all(asked_for.METER)),
        paging=asked.paging(),
    )


def _usage_document(page: UsagePage) -> Json:
    return {
        "since": str(page.since),
        "until": str(page.until),
        "step": str(page.step),
        "known_until": page.known_until and format_time(page.known_until),
        "next_cursor": page.cursor,
        "usage": [usage_document(row) for row in page.rows],
    }


def _page(page: Page[Any]) -> Json:
    return {"total": page.total, "next_cursor": page.cursor}
