"""Reloading: a changed configuration takes effect as a whole, or is refused as a whole."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from exporter.config import Config, ConfigError
from exporter.logs import keys
from exporter.poller.context import PollerContext, Settings
from exporter.poller.poller import Poller
from exporter.poller.tokens import Tokens
from exporter.status import Problem

log = logging.getLogger(__name__)

TOKEN_CHECK_SECONDS = 30
"""How often token files are checked for changes."""

CONFIG_ADVICE = "Correct the configuration and reload it (SIGHUP); the previous one stays in use until then."
TOKEN_ADVICE = "Put a valid token into the file; it is reread automatically, and the previous token stays in use."


class Reloader:
    """The rereading of configuration and token files, without losing any count."""

    def __init__(self, config: Config, tokens: Tokens, context: PollerContext, poller: Poller) -> None:
        self._config = config
        self._tokens = tokens
        self._context = context
        self._poller = poller

    async def run(self, asked: asyncio.Event, read: Callable[[], Config]) -> None:
        """Reload whenever ``asked`` is set, and check the token files in between, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), TOKEN_CHECK_SECONDS)
            try:
                if asked.is_set():
                    asked.clear()
                    self.reload(read)
                else:
                    self.reread_tokens()
            except Exception:
                log.exception("applying the configuration failed")

    def reload(self, read: Callable[[], Config]) -> None:
        """Apply the configuration that ``read`` returns; if it raises ConfigError, log it and change nothing."""
        try:
            config = self._keep_fixed(read())
            principals = self._tokens.take(config)
        except ConfigError as error:
            known, reason = self._context.config_problem, _one_line(error)
            self._context.config_problem = self._problem("configuration", "refused", reason, CONFIG_ADVICE, known)
            log.error("the configuration is refused, keeping the previous one: %s", reason)
        else:
            context = self._context
            context.settings = Settings.of(config, context.clock.now(), context.settings.products)
            context.config_problem = context.token_problem = None
            self._poller.reconfigure(principals)
            self._config = config
            log.info("configuration reloaded; it applies from the next refresh")

    def reread_tokens(self) -> None:
        """Use the tokens now in their files; if a file cannot be used, the previous token stays in use."""
        try:
            if self._tokens.have_changed():
                self._poller.reconfigure(self._tokens.take(self._config))
                log.info("a token file has changed; its new token is in use")
            self._context.token_problem = None
        except ConfigError as error:
            known = self._context.token_problem
            if known is None or known.detail != str(error):
                log.error("keeping the previous token: %s", error)
            self._context.token_problem = self._problem("token", "file", str(error), TOKEN_ADVICE, known)

    def _problem(self, part: str, reason: str, detail: str, remedy: str, known: Problem | None) -> Problem:
        """Return a problem with the time it began."""
        return Problem("", part, reason, known.since if known else self._context.now(), detail, remedy)

    def _keep_fixed(self, config: Config) -> Config:
        """Return the configuration with the previous values of the keys that need a restart."""
        running = self._config
        if config.storage != running.storage:
            log.warning("storage.path has changed; that takes effect after a restart", extra=keys(key="storage.path"))
        if config.cloudflare.api_url != running.cloudflare.api_url:
            log.warning(
                "cloudflare.api_url has changed; that takes effect after a restart",
                extra=keys(key="cloudflare.api_url"),
            )
        cloudflare = config.cloudflare.model_copy(update={"api_url": running.cloudflare.api_url})
        return config.model_copy(update={"storage": running.storage, "cloudflare": cloudflare})


def _one_line(error: ConfigError) -> str:
    title, *lines = str(error).splitlines()
    return " ".join([title, "; ".join(line.strip() for line in lines)]).rstrip()
