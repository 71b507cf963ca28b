"""The composition root: builds every object and runs the loops. The only place that wires."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from exporter.alerts import Addresses, AlertsClient
from exporter.billing import facts_from_text
from exporter.catalog import DATASETS, PRODUCTS
from exporter.catalog.entry import Dataset
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
from exporter.config import Config, ConfigError
from exporter.costs import Statement, StatementQuery, make_statement
from exporter.costs.calculator import CostCalculator
from exporter.costs.current import CostSource, CurrentCosts
from exporter.costs.history import CostHistory
from exporter.exposition import Renderer, build_web
from exporter.exposition.process import ProcessMetrics
from exporter.ledger import Ledger, Tariffs
from exporter.ledger.store.inspection import inspect_folder
from exporter.metrics.snapshot import Published, SnapshotBuilder
from exporter.poller.context import PollerContext
from exporter.poller.poller import Poller
from exporter.poller.reload import Reloader
from exporter.poller.tokens import Tokens
from exporter.pricing import load_card
from exporter.views import UsagePage, UsageQuery, find_usage
from exporter.web import PolicyMiddleware, WebPolicy


@dataclass(frozen=True, slots=True)
class Exporter:
    """Everything that runs, wired."""

    http: httpx.AsyncClient
    alerts_client: AlertsClient
    ledger: Ledger
    published: Published
    poller: Poller
    reloader: Reloader
    policy: WebPolicy
    web: ASGIApp

    async def start(self) -> None:
        """Publish what the ledger already holds, so that a restart serves at once."""
        if self.ledger.publication().books:
            await self.poller.publish()

    async def close(self) -> None:
        """Finish the commit that is under way and close everything."""
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
    open_ledger: Callable[[Path | None, Iterable[Dataset], Tariffs], Ledger] = Ledger.open,
    source_costs: Callable[[Ledger, CostCalculator], CostSource] = CurrentCosts,
) -> Exporter:
    """Wire an exporter. Raises ConfigError or StorageError.

    ``policy`` lets requests in, all of them if it is not given. ``transport`` replaces the network on the way to
    Cloudflare, ``monitoring_transport`` that to Prometheus and Alertmanager, ``open_ledger`` what opens the ledger
    in its folder, and ``source_costs`` what computes the costs that are published beside usage.
    """
    time, request_counts, published = CloudflareTime(clock), RequestCounts(), Published()
    http = _http_client(transport)
    tokens = Tokens(
        http, config.cloudflare.api_url, clock=clock, time=time, request_counts=request_counts, page_limit=page_limit
    )
    principals = tokens.take(config)
    calculator = CostCalculator(load_card(), config.costs.rules())
    ledger = open_ledger(config.storage.folder(), DATASETS.values(), calculator.tariffs)
    ledger.show_cost_of_assets(config.costs.assets)
    for account_id, facts in ledger.billing().items():
        calculator.record_facts(account_id, facts_from_text(facts))
    renderer = Renderer(clock, ProcessMetrics())
    context = PollerContext(
        ledger,
        calculator,
        published,
        config.datasets(),
        clock,
        time,
        config.poll.discovery,
        config.selection,
        config.alerting,
        configured_at=clock.now(),
    )
    context.register_accounts()
    policy = policy or WebPolicy(None, clock)
    context.find_web_problem = lambda: policy.problem
    poller = Poller(
        principals,
        context,
        SnapshotBuilder(PRODUCTS),
        source_costs(ledger, calculator),
        request_counts=request_counts,
        refresh_interval=config.poll.refresh,
        on_publish=renderer.renew,
    )

    def make_past_statement(query: StatementQuery) -> Statement:
        return make_statement(query, CostHistory(ledger, calculator.card, calculator.rules))

    def read_usage(query: UsageQuery) -> UsagePage:
        return find_usage(query, ledger, calculator.card)

    def addresses() -> Addresses:
        return Addresses(context.alerting.alertmanager_url, context.alerting.prometheus_url)

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
        grafana_url=lambda: context.alerting.routing.grafana_url,
    )
    reloader = Reloader(config, tokens, context, poller)
    return Exporter(http, alerts_client, ledger, published, poller, reloader, policy, PolicyMiddleware(pages, policy))


async def run_check(
    config: Config,
    clock: Clock,
    host: Host,
    environment: Mapping[str, str],
    config_file: Path | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    patience: timedelta = PATIENCE,
) -> CheckReport:
    """Try everything that an exporter with this configuration would need. Raises ConfigError.

    While an exporter uses the state folder, what is asked of Cloudflare stays within what that one leaves.
    ``transport`` replaces the network.
    """
    folder, api_url = config.storage.folder(), config.cloudflare.api_url
    inspection = inspect_folder(folder) if folder else None
    found = folder_findings(folder, inspection, host) if folder and inspection else memory_findings()
    is_beside = inspection is not None and inspection.is_in_use
    time, request_counts = CloudflareTime(clock), RequestCounts()
    async with _http_client(transport) as http:
        tokens = Tokens(http, api_url, clock=clock, time=time, request_counts=request_counts, page_limit=PAGE_LIMIT)
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
        checker = Checker(config, credentials, clock=clock, time=time, request_counts=request_counts, patience=patience)
        return await checker.check(config_file, environment, found)


def _direct_client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client for servers that are near: certificates are the environment's, but its proxies lead outside."""
    return httpx.AsyncClient(transport=transport, verify=httpx.create_ssl_context(), trust_env=False)


def _http_client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(transport=transport)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {error}"
        ) from error
