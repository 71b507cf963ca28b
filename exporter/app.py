"""The composition root: builds and wires every object."""

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from exporter.alerts import Addresses, AlertsClient
from exporter.catalog import PRODUCTS, datasets_of, meters_of
from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.check import (
    PATIENCE,
    Checker,
    CheckReport,
    Credential,
    Host,
    beside_exporter,
    folder_findings,
    memory_findings,
)
from exporter.clock import Clock
from exporter.cloudflare import PAGE_LIMIT, Client, CloudflareTime, RequestCounts
from exporter.config import Config, check_proxies, network_fault
from exporter.costs import Statement, StatementQuery, make_statement
from exporter.costs.calculator import CostCalculator
from exporter.costs.current import CostSource, CurrentCosts
from exporter.costs.history import CostHistory
from exporter.exposition import Renderer, build_web
from exporter.exposition.process import ProcessMetrics
from exporter.ledger import Ledger, Tariffs
from exporter.ledger.store.inspection import inspect_folder
from exporter.metrics.snapshot import Published, SnapshotBuilder, family_names
from exporter.poller.context import PollerContext, Settings
from exporter.poller.poller import Poller
from exporter.poller.reload import Reloader
from exporter.poller.source import Source
from exporter.poller.sources import SourcePollers
from exporter.poller.tokens import Tokens
from exporter.pricing import RateCard, load_card, with_overrides
from exporter.sources.rate_card import RateCardSource
from exporter.views import UsagePage, UsageQuery, find_usage
from exporter.web import PolicyMiddleware, WebPolicy


@dataclass(frozen=True, slots=True)
class Exporter:
    """All wired objects of a running exporter."""

    http: httpx.AsyncClient
    alerts_client: AlertsClient
    ledger: Ledger
    published: Published
    poller: Poller
    sources: SourcePollers
    reloader: Reloader
    policy: WebPolicy
    web: ASGIApp

    async def start(self) -> None:
        """Publish the ledger's contents, so that a restarted exporter serves at once."""
        if self.ledger.publication().books:
            await self.poller.publish()

    async def close(self) -> None:
        """Finish the current commit and close everything."""
        await self.poller.stop()
        await self.alerts_client.close()
        await self.http.aclose()
        self.ledger.close()


def build_exporter(
    config: Config,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    monitoring_transport: httpx.AsyncBaseTransport | None = None,
    telemetry_path: str = "/metrics",
    policy: WebPolicy | None = None,
    page_limit: int = PAGE_LIMIT,
    products: Sequence[Product] = PRODUCTS,
    sources: Sequence[Source[Any]] | None = None,
    open_ledger: Callable[[Path | None, Iterable[Dataset], Tariffs], Ledger] = Ledger.open,
    source_costs: Callable[[Ledger, CostCalculator], CostSource] = CurrentCosts,
) -> Exporter:
    """Return a wired exporter. Raises ConfigError or StorageError.

    ``policy`` admits requests; without it, all of them. ``transport`` replaces the network to Cloudflare,
    ``monitoring_transport`` that to Prometheus and Alertmanager, ``products`` those of the catalog, ``sources`` what is
    read beside usage, ``open_ledger`` the opening of the ledger's folder, and ``source_costs`` the source of the costs
    that are published beside usage.
    """
    time, request_counts, published = CloudflareTime(clock), RequestCounts(), Published()
    http = _http_client(transport)
    tokens = Tokens(
        http,
        config.cloudflare.api_url,
        clock=clock,
        time=time,
        request_counts=request_counts,
        page_limit=page_limit,
        products=tuple(products),
    )
    principals = tokens.take(config)
    datasets = datasets_of(products).values()
    calculator = CostCalculator(replace(load_card(), metering=meters_of(datasets)), config.costs.rules())
    ledger = open_ledger(config.storage.folder(), datasets, calculator.tariffs)
    calculator.learn(ledger)
    renderer = Renderer(clock, ProcessMetrics())
    context = PollerContext(
        ledger,
        calculator,
        published,
        clock,
        time,
        Settings.of(config, clock.now(), products),
    )
    policy = policy or WebPolicy(None, clock)
    source_pollers = SourcePollers(
        _sources(lambda: with_overrides(calculator.card, calculator.rules.overrides)) if sources is None else sources,
        clock,
        context.now,
        family_names(products) | renderer.names(),
    )
    poller = Poller(
        principals,
        context,
        SnapshotBuilder(products),
        source_costs(ledger, calculator),
        source_pollers,
        request_counts=request_counts,
        find_problems=policy.problems,
        run_id=secrets.token_hex(2),
        on_publish=renderer.renew,
    )

    def make_past_statement(query: StatementQuery) -> Statement:
        return make_statement(query, CostHistory(ledger, calculator.fork()))

    def read_usage(query: UsageQuery) -> UsagePage:
        return find_usage(query, ledger, calculator.card)

    def addresses() -> Addresses:
        alerting = context.settings.alerting
        return Addresses(alerting.alertmanager_url, alerting.prometheus_url)

    alerts_client = AlertsClient(lambda: _direct_client(monitoring_transport), clock, addresses)
    pages = build_web(
        published,
        renderer,
        clock,
        refresh_interval=config.poll.refresh,
        telemetry_path=telemetry_path,
        ask_books=lambda query: context.with_ledger(make_past_statement, query),
        ask_usage=lambda query: context.with_ledger(read_usage, query),
        alerts_client=alerts_client,
        alert_links=lambda: context.settings.alerting.routing.links(context.settings.external_url),
        external_url=lambda: context.settings.external_url,
    )
    reloader = Reloader(config, tokens, context, poller)
    web = PolicyMiddleware(pages, policy)
    return Exporter(http, alerts_client, ledger, published, poller, source_pollers, reloader, policy, web)


def _sources(card: Callable[[], RateCard]) -> tuple[Source[Any], ...]:
    """Return what is read beside usage, in the order in which it is shown; ``card`` returns the prices in use."""
    return (RateCardSource(card),)


async def run_check(
    config: Config,
    clock: Clock,
    host: Host,
    environment: Mapping[str, str],
    config_file: Path | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    patience: timedelta = PATIENCE,
    sources: Sequence[Source[Any]] | None = None,
    products: Sequence[Product] = PRODUCTS,
) -> CheckReport:
    """Try everything that an exporter with this configuration would need. Raises ConfigError.

    If an exporter is using the state folder, the requests to Cloudflare stay within the share that it leaves.
    ``transport`` replaces the network, ``sources`` what is read beside usage, and ``products`` those of the catalog.
    """
    folder, api_url = config.storage.folder(), config.cloudflare.api_url
    inspection = inspect_folder(folder) if folder else None
    found = folder_findings(folder, inspection, host) if folder and inspection else memory_findings()
    is_beside = inspection is not None and inspection.is_in_use
    time, request_counts = CloudflareTime(clock), RequestCounts()
    async with _http_client(transport) as http:
        tokens = Tokens(
            http,
            api_url,
            clock=clock,
            time=time,
            request_counts=request_counts,
            page_limit=PAGE_LIMIT,
            products=tuple(products),
        )
        principals = tokens.take(beside_exporter(config) if is_beside else config)
        credentials = [
            Credential(
                token,
                principal,
                Client(
                    http,
                    api_url,
                    token.secret(),
                    clock=clock,
                    time=time,
                    request_counts=request_counts,
                    budget=principal.budget,
                ),
            )
            for token, principal in zip(config.cloudflare.tokens, principals, strict=True)
        ]
        card = with_overrides(load_card(), config.costs.rules().overrides)
        checker = Checker(
            config,
            credentials,
            SourcePollers(
                _sources(lambda: card) if sources is None else sources,
                clock,
                lambda: time.now() or clock.now(),
                family_names(products),
            ),
            clock=clock,
            time=time,
            request_counts=request_counts,
            patience=patience,
            products=products,
        )
        return await checker.check(config_file, environment, found)


def _direct_client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client for nearby servers: with the environment's certificates, but not its proxies."""
    return httpx.AsyncClient(transport=transport, verify=httpx.create_ssl_context(), trust_env=False)


def _http_client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client with the environment's proxies and certificates. Raises ConfigError, which quotes none."""
    check_proxies(os.environ)
    try:
        return httpx.AsyncClient(transport=transport)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise network_fault(error, os.environ) from None
