"""An exporter with several tokens on the simulated Cloudflare, over a network that holds and counts requests."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from exporter.app import Exporter, build_exporter
from exporter.config import Config
from exporter.simulator import World
from tests.exactness.harness import TOKEN, Rig
from tests.poller.scene import MINUTE

FIRST, SECOND = TOKEN, "second-token"


class Sent(NamedTuple):
    """A request: the token it was sent with, the API, and the account that it is about, if any."""

    token: str
    api: str
    account: str


async def let_pass(sent: Sent) -> None:
    """Hold nothing up."""


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Takes requests to the simulated Cloudflare. ``hold`` is awaited before each.

    A token in ``changed`` has become another one at Cloudflare: revoked, or with other rights.
    """

    transport: httpx.AsyncBaseTransport
    hold: Callable[[Sent], Awaitable[None]] = let_pass
    changed: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        sent = _sent(token, request)
        self.sent.append(sent)
        await self.hold(sent)
        request.headers["Authorization"] = f"Bearer {self.changed.get(token, token)}"
        return await self.transport.handle_async_request(request)

    def forget(self) -> None:
        """Begin to count anew."""
        self.sent.clear()

    def tokens(self, account: str) -> set[str]:
        """The tokens with which usage of an account was asked for."""
        return {sent.token for sent in self.sent if sent.api == "graphql" and sent.account == account}


def _sent(token: str, request: httpx.Request) -> Sent:
    if request.url.path.endswith("/graphql"):
        return Sent(token, "graphql", json.loads(request.content)["variables"]["account"])
    found = re.search(r"/accounts/([0-9a-f]{32})", request.url.path)
    return Sent(token, "rest", found[1] if found else "")


class TokenRig(Rig):
    """A rig whose exporter has the tokens that are given, as the configuration has them."""

    def __init__(self, world: World, folder: Path, tokens: Sequence[dict[str, Any]], **cloudflare: Any) -> None:
        self.network: Network
        self._cloudflare = {
            "api_url": "http://cloudflare.test/client/v4",
            "tokens": list(tokens),
            **cloudflare,
        }
        super().__init__(world, folder)

    def _build(self) -> Exporter:
        config = Config.model_validate({"cloudflare": self._cloudflare, "storage": {"path": str(self._folder)}})
        self.network = Network(httpx.ASGITransport(app=self.simulator.app))
        return build_exporter(config, self.clock, transport=self.network)

    async def go_on(self, minutes: int = 1, longest_wait: float | None = None) -> None:
        """Turn and answer a scrape, once a minute."""
        for _ in range(minutes):
            await self.exporter.poller.refresh(longest_wait=longest_wait)
            self.look()
            self.scrape()
            self.clock.advance(MINUTE)

    def up(self) -> dict[str, int | float]:
        """Whether each account is up."""
        return {key[0]: amount for key, amount in self.family("account_up").items()}

    def problems(self) -> dict[tuple[str, ...], int | float]:
        """Since when there is which problem: by account, part, reason and remedy."""
        return self.family("problem_start_timestamp_seconds")

    def family(self, name: str) -> dict[tuple[str, ...], int | float]:
        """The samples of one of the exporter's own metrics, by label values."""
        assert self.exporter.published.snapshot is not None
        families = {family.name: family for family in self.exporter.published.snapshot.families}
        return {sample.labels.values: sample.amount for sample in families[f"cloudflare_exporter_{name}"].samples}

    def until(self, account: str) -> int | float:
        """Up to when the Workers of an account are published; 0 if they are not."""
        known = self.family("dataset_queried_until_timestamp_seconds")
        return known.get((account, "workersInvocationsAdaptive", ""), 0)


class WebPolicy:
    """Holds requests until it is opened."""

    def __init__(self, is_held: Callable[[Sent], bool]) -> None:
        self._is_held = is_held
        self._opened = asyncio.Event()

    async def __call__(self, sent: Sent) -> None:
        if self._is_held(sent):
            await self._opened.wait()

    def open(self) -> None:
        """Let everything pass from now on."""
        self._opened.set()
