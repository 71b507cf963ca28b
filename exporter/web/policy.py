"""The current web configuration, reloaded without a restart when one of its files changes."""

import logging
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from exporter.clock import Clock
from exporter.logs import keys
from exporter.status import Problem
from exporter.web.basic_auth import BasicAuth
from exporter.web.load import Loaded, WebConfigError, load_web_config, stamp
from exporter.web.settings import ClientAuth, RateLimit, WebConfig
from exporter.web.throttled_log import ThrottledLog
from exporter.web.tls import alternative_names

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""The time between two looks at the files; requests and connections in between use the known state."""


ADVICE = (
    "Correct the file of --web.config.file or its certificates, or restart; the previous ones stay in use until then."
)


class WebPolicy:
    """The rules for requests: who is admitted, and how; without a file everybody, over plain HTTP.

    An invalid change is refused as a whole: one log line gives the reason, and the previous configuration stays in use.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        """Load the file. Raises WebConfigError."""
        self._path = path
        self._clock = clock
        self.throttled_log = ThrottledLog(clock)
        self._looked_at = clock.monotonic()
        self._problem: Problem | None = None
        """The fault of changed files, while the previous ones stay in use."""
        self._loaded = Loaded(WebConfig(), None, {}) if path is None else load_web_config(path)
        self.passwords = _passwords(self._loaded.config)
        self.bucket = TokenBucket(self._loaded.config.rate_limit, clock)
        self.headers: Mapping[str, str] = self._loaded.config.headers()
        if self.passwords.are_wanted and not self.is_tls:
            log.warning(
                "%s has basic_auth_users without TLS: passwords can be read on the network", path, extra=keys(path=path)
            )

    def problems(self) -> tuple[Problem, ...]:
        """Return the problem with the files, if there is one."""
        return (self._problem,) if self._problem else ()

    @property
    def is_tls(self) -> bool:
        """Whether connections use TLS; this changes only with a restart."""
        return self._loaded.context is not None

    def look(self) -> None:
        """Reload everything if a file has changed."""
        now = self._clock.monotonic()
        if self._path is None or now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        # After a refusal everything is loaded again: the refused files may be others than the known ones.
        if self._problem is None and all(stamp(file) == known for file, known in self._loaded.stamps.items()):
            return
        try:
            loaded = load_web_config(self._path)
            _check_change(self._path, self._loaded.config, loaded.config)
        except WebConfigError as error:
            self._refuse(" ".join(line.strip() for line in str(error).splitlines()))
        else:
            self._take(loaded)

    def _refuse(self, reason: str) -> None:
        known = self._problem
        if known is None or known.detail != reason:
            log.error("keeping the previous web configuration: %s", reason, extra=keys(path=self._path))
        since = known.since if known else self._clock.now()
        self._problem = Problem("", "web configuration", "refused", since, reason, ADVICE)

    def _take(self, loaded: Loaded) -> None:
        before = self._loaded.config
        self._loaded, self._problem = loaded, None
        if loaded.config.basic_auth_users != before.basic_auth_users:
            self.passwords = _passwords(loaded.config)
        if loaded.config.rate_limit != before.rate_limit:
            self.bucket = TokenBucket(loaded.config.rate_limit, self._clock)
        self.headers = loaded.config.headers()
        log.info("the web configuration or a certificate has changed and is now in use", extra=keys(path=self._path))

    def context(self) -> ssl.SSLContext | None:
        """Return the context to listen with; every new connection uses the current one."""
        return _CurrentContext.of(self._newest) if self.is_tls else None

    def _newest(self) -> ssl.SSLContext:
        self.look()
        if self._loaded.context is None:
            raise RuntimeError("a listener with TLS outlived its configuration")
        return self._loaded.context

    def admits_peer(self, connection: ssl.SSLObject) -> bool:
        """Return whether the client of a connection has one of the required names, if there are any."""
        tls = self._loaded.config.tls_server_config
        if tls is None or not tls.client_allowed_sans:
            return True
        return not alternative_names(connection.getpeercert()).isdisjoint(tls.client_allowed_sans)


class TokenBucket:
    """A token bucket that limits requests."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._seconds = limit.interval.total_seconds()
        self._burst = float(limit.burst)
        self._clock = clock
        self._tokens = self._burst
        self._filled_at = clock.monotonic()

    def take(self) -> bool:
        """Return whether a request may be answered now, and count it."""
        if not self._seconds:
            return True
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) / self._seconds)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _CurrentContext(ssl.SSLContext):
    """A context that hands every new connection to the current one.

    asyncio keeps the context that a listener started with. A context in use can be given another certificate, but an
    authority for clients cannot be removed from it.
    """

    _newest: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, newest: Callable[[], ssl.SSLContext]) -> Self:
        """Return a context that delegates to the newest."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made._newest = newest
        return made

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Start a connection with the newest context."""
        return self._newest().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _check_change(path: Path, before: WebConfig, after: WebConfig) -> None:
    """Refuse changes that need a restart. Raises WebConfigError.

    These are switching TLS on or off, and everything that would admit clients that had to identify themselves before:
    a half-written file must not open any door.
    """
    had, has = before.tls_server_config, after.tls_server_config
    if (had is None) != (has is None):
        raise WebConfigError(f"The web configuration {path}: adding or removing tls_server_config needs a restart.")
    if had and has and had.client_auth_type is ClientAuth.REQUIRED is not has.client_auth_type:
        raise WebConfigError(
            f"The web configuration {path}: changing tls_server_config.client_auth_type from "
            "RequireAndVerifyClientCert needs a restart."
        )
    if had and has and had.client_allowed_sans and not has.client_allowed_sans:
        raise WebConfigError(
            f"The web configuration {path}: removing tls_server_config.client_allowed_sans needs a restart."
        )
    if before.basic_auth_users and not after.basic_auth_users:
        raise WebConfigError(f"The web configuration {path}: removing basic_auth_users needs a restart.")


def _passwords(config: WebConfig) -> BasicAuth:
    return BasicAuth({name: stored.get_secret_value() for name, stored in config.basic_auth_users.items()})
