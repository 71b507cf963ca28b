"""One principal per token of the configuration, kept as long as the token or its file stays the same."""

from dataclasses import dataclass

import httpx

from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.clock import Clock
from exporter.cloudflare import (
    Analytics,
    BillingReader,
    Client,
    CloudflareTime,
    Discovery,
    Principal,
    RequestBudget,
    RequestCounts,
    RestReader,
)
from exporter.config import Config, RateLimit, Token


@dataclass(frozen=True, slots=True)
class _Held:
    token: Token
    secret: str
    client: Client
    principal: Principal


class Tokens:
    """The principals of a configuration, and the watch on changes of token files."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_url: str,
        *,
        clock: Clock,
        time: CloudflareTime,
        request_counts: RequestCounts,
        page_limit: int,
        products: tuple[Product, ...] = PRODUCTS,
    ) -> None:
        self._http = http
        self._api_url = api_url
        self._clock = clock
        self._time = time
        self._request_counts = request_counts
        self._page_limit = page_limit
        self._products = products
        self._budgets: dict[str, RequestBudget] = {}
        self._held: tuple[_Held, ...] = ()

    def take(self, config: Config) -> tuple[Principal, ...]:
        """Return the principals of a configuration; a client whose token or token file stays keeps its state.

        Raises ConfigError, and then nothing has changed.
        """
        tokens = config.cloudflare.tokens
        secrets = [token.secret() for token in tokens]
        self._held = tuple(
            self._hold(f"token {number}", token, secret, config)
            for number, (token, secret) in enumerate(zip(tokens, secrets, strict=True), start=1)
        )
        return tuple(held.principal for held in self._held)

    def have_changed(self) -> bool:
        """Return whether a token file holds a different token than at the last ``take``. Raises ConfigError."""
        return any(held.token.secret() != held.secret for held in self._held)

    def _hold(self, name: str, token: Token, secret: str, config: Config) -> _Held:
        known = self._known(token, secret)
        budget = self._budgets.setdefault(token.budget_group, RequestBudget(self._clock))
        budget.set_shares(config.cloudflare.budget_share.by_api())
        budget.limit_by_account(config.cloudflare.rate_limit is RateLimit.ACCOUNT)
        if known is None:
            client = Client(
                self._http,
                self._api_url,
                secret,
                clock=self._clock,
                time=self._time,
                request_counts=self._request_counts,
                budget=budget,
            )
            analytics = Analytics(client, self._page_limit)
        else:
            client, analytics = known.client, known.principal.analytics
            client.use(secret)
        products = [product for product in self._products if config.selection.wants_product(product)]
        discovery, billing = Discovery(client, self._time, products), BillingReader(client, self._time)
        rest = RestReader(client)
        return _Held(
            token, secret, client, Principal(name, token.accounts, discovery, analytics, billing, budget, rest)
        )

    def _known(self, token: Token, secret: str) -> _Held | None:
        alike = [held for held in self._held if held.token.budget_group == token.budget_group]
        same = [held for held in alike if held.secret == secret]
        same += [held for held in alike if token.token_file and held.token.token_file == token.token_file]
        return same[0] if same else None
