"""Fetching alerts from Alertmanager and Prometheus, bounded in time and size.

Requests within a second share one fetch.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from exporter.alerts.alert import Alert, State
from exporter.alerts.documents import MalformedResponse, read_alertmanager, read_prometheus
from exporter.alerts.names import WATCHDOG
from exporter.clock import Clock
from exporter.model import ExporterError

PATIENCE_SECONDS = 3.0
SHARED_SECONDS = 1.0
"""How long an answer is reused for further requests."""

LARGEST_BYTES = 10_000_000


class AlertsUnavailable(ExporterError):
    """The alerts could not be fetched; ``code`` is one word for the reason."""

    def __init__(self, code: str, detail: str, remedy: str) -> None:
        super().__init__(detail, remedy)
        self.code = code


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of Alertmanager and Prometheus, if configured."""

    alertmanager: str | None = None
    prometheus: str | None = None


@dataclass(frozen=True, slots=True)
class FetchedAlerts:
    """Our alerts from ``source`` (alertmanager or prometheus), and when it was asked.

    ``notes`` name what the answer lacks.
    """

    source: str
    asked_at: datetime
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a source did not answer."""

    text: str


class _Source:
    """A source of alerts; requests within a second share one answer, or one failure."""

    def __init__(
        self,
        word: str,
        path: str,
        read: Callable[[bytes], tuple[Alert, ...]],
        *,
        http: Callable[[], httpx.AsyncClient],
        clock: Clock,
        patience: float,
    ) -> None:
        self.word = word
        self._path = path
        self._read = read
        self._http = http
        self._clock = clock
        self._patience = patience
        self._url = ""
        self._asked = 0.0
        self._asking: asyncio.Task[FetchedAlerts | _Failure] | None = None

    async def ask(self, url: str) -> FetchedAlerts | _Failure:
        """Return the answer of the source at an address."""
        now, asking = self._clock.monotonic(), self._asking
        if asking is None or url != self._url or self._is_over(asking, now):
            self._url, self._asked = url, now
            asking = self._asking = asyncio.create_task(self._ask(url))
        # A cancelled request must not cancel the fetch for the others.
        return await asyncio.shield(asking)

    def _is_over(self, asking: asyncio.Task[FetchedAlerts | _Failure], now: float) -> bool:
        return asking.cancelled() or (asking.done() and now - self._asked >= SHARED_SECONDS)

    async def stop(self) -> None:
        """Cancel the fetch in progress."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    async def _ask(self, url: str) -> FetchedAlerts | _Failure:
        asked_at = self._clock.now()
        try:
            async with asyncio.timeout(self._patience):
                body = await self._fetch(url.rstrip("/") + self._path)
            # Thousands of alerts take a while to parse, so a thread keeps scrapes from waiting.
            return FetchedAlerts(self.word, asked_at, await asyncio.to_thread(self._read, body))
        except (TimeoutError, httpx.TimeoutException):
            reason = f"no answer within {self._patience:g} s"
        except MalformedResponse as error:
            reason = str(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = _reason(error)
        return _Failure(f"{self.word.capitalize()} ({url}): {reason}")

    async def _fetch(self, url: str) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        body = bytearray()
        async with self._http().stream("GET", url, headers=headers, follow_redirects=False) as response:
            if response.status_code != 200:
                raise MalformedResponse(f"it answered HTTP {response.status_code}")
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_BYTES:
                    raise MalformedResponse(f"its answer is larger than {LARGEST_BYTES // 10**6} MB")
        return bytes(body)


class AlertsClient:
    """Fetches the current alerts: from Alertmanager, which knows about silences, or else from Prometheus.

    ``open_http`` opens the HTTP client on the first request: most exporters never get one.
    """

    def __init__(
        self,
        open_http: Callable[[], httpx.AsyncClient],
        clock: Clock,
        addresses: Callable[[], Addresses],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._open_http = open_http
        self._http: httpx.AsyncClient | None = None
        self._addresses = addresses
        self._alertmanager = _Source(
            "alertmanager", "/api/v2/alerts", read_alertmanager, http=self._client, clock=clock, patience=patience
        )
        self._prometheus = _Source(
            "prometheus", "/api/v1/alerts", read_prometheus, http=self._client, clock=clock, patience=patience
        )

    async def fired(self) -> FetchedAlerts:
        """Return the alerts that fire, notified or not. Raises AlertsUnavailable."""
        found = self._addresses()
        told = await self._alertmanager.ask(found.alertmanager) if found.alertmanager else None
        if isinstance(told, FetchedAlerts) and _has_watchdog(told):
            return told
        evaluated = await self._prometheus.ask(found.prometheus) if found.prometheus else None
        if isinstance(told, FetchedAlerts) and not (isinstance(evaluated, FetchedAlerts) and _has_watchdog(evaluated)):
            return told
        if isinstance(told, FetchedAlerts):
            # A restarted Alertmanager knows nothing until Prometheus sends its alerts again, once a minute.
            told = _Failure(f"Alertmanager ({found.alertmanager}): it has not received any alerts yet")
        if isinstance(evaluated, FetchedAlerts):
            alerts = tuple(alert for alert in evaluated.alerts if alert.state is not State.PENDING)
            notes = (f"{told.text}. Silenced and inhibited alerts are shown as firing.",) if told else ()
            return FetchedAlerts(evaluated.source, evaluated.asked_at, alerts, notes)
        failures = [each.text for each in (told, evaluated) if each is not None]
        if not failures:
            remedy = (
                "Set alerting.alertmanager_url or alerting.prometheus_url in the configuration, or give the flag "
                "--alerting.alertmanager-url or --alerting.prometheus-url."
            )
            raise AlertsUnavailable("not_configured", "No Alertmanager or Prometheus address is configured.", remedy)
        remedy = "Check that they run, and their addresses (alerting.alertmanager_url, alerting.prometheus_url)."
        raise AlertsUnavailable(
            "alerts_unreachable", f"The alerts could not be fetched. {'. '.join(failures)}.", remedy
        )

    async def pending(self) -> FetchedAlerts:
        """Return the alerts whose condition holds, but not yet for long enough. Raises AlertsUnavailable."""
        url = self._addresses().prometheus
        only = "Only Prometheus knows pending alerts"
        if url is None:
            remedy = "Set alerting.prometheus_url in the configuration, or give the flag --alerting.prometheus-url."
            raise AlertsUnavailable("not_configured", f"{only}, and its address is not configured.", remedy)
        fetched = await self._prometheus.ask(url)
        if isinstance(fetched, _Failure):
            remedy = "Check that it runs, and its address (alerting.prometheus_url)."
            raise AlertsUnavailable("alerts_unreachable", f"{only}. {fetched.text}.", remedy)
        return FetchedAlerts(
            fetched.source, fetched.asked_at, tuple(one for one in fetched.alerts if one.state is State.PENDING)
        )

    async def close(self) -> None:
        """Cancel fetches in progress, and close the HTTP client."""
        await self._alertmanager.stop()
        await self._prometheus.stop()
        if self._http is not None:
            await self._http.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = self._open_http()
        return self._http


def _has_watchdog(fetched: FetchedAlerts) -> bool:
    return any(alert.name == WATCHDOG and alert.state is not State.PENDING for alert in fetched.alerts)


def _reason(error: BaseException) -> str:
    """Return the operating system's error message, if any; the client's own errors hide it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return f"{cause.strerror}".lower()
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
