"""The request budget of a Cloudflare user, whose limits cover all of the user's tokens and the dashboard together.

Exceeding a limit blocks all of that user's requests for five minutes, so the exporter uses only a share of each.
https://developers.cloudflare.com/fundamentals/api/reference/limits/

Where GraphQL requests are limited by account, each account has a pool of its own, as large as a user's. Each zone has
one, too, but a request about zones also counts for their account, so a zone's is never used up before its account's.
https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/
"""

import math
import re
from collections import defaultdict, deque
from collections.abc import Mapping

from exporter.clock import Clock
from exporter.cloudflare.errors import OverBudget

PERIOD_SECONDS = 300.0
QUOTAS: Mapping[str, int] = {"graphql": 300, "rest": 1_200}
"""Requests allowed per five minutes, by API."""

DEFAULT_SHARES: Mapping[str, float] = {"graphql": 0.7, "rest": 0.5}

COSTLY_SECONDS = 60.0
"""How long requests are withheld when the next one would cost more than is left."""

SHARED = ""
"""The pool of requests that is the user's, whatever account they are about."""

TELLING_REQUESTS = 10
"""How many requests about other accounts show by whom Cloudflare counts, when its own figures include them."""

_RATELIMIT = re.compile(r"\br=(\d+);\s*t=(\d+)")
_POLICY = re.compile(r"\bq=(\d+);\s*w=(\d+)")


class RequestBudget:
    """Counts the requests of the last five minutes, heeds Cloudflare's own figures, and withholds what exceeds them."""

    def __init__(self, clock: Clock, shares: Mapping[str, float] = DEFAULT_SHARES) -> None:
        self._clock = clock
        self._shares = shares
        self._is_by_account = False
        self._sent: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._announced: dict[tuple[str, str], tuple[int, float]] = {}
        self._withheld: dict[str, tuple[float, float]] = {}

    def set_shares(self, shares: Mapping[str, float]) -> None:
        """Use other shares from now on."""
        self._shares = shares

    def limit_by_account(self, is_wanted: bool) -> None:
        """Take each account's GraphQL requests from a pool of its own from now on, or all from the user's."""
        self._is_by_account = is_wanted

    @property
    def is_by_account(self) -> bool:
        """Whether each account has a pool of its own."""
        return self._is_by_account

    def pool(self, account_id: str) -> str:
        """Return the pool that GraphQL requests about an account are taken from."""
        return account_id if self._is_by_account else SHARED

    def allowance(self, api: str) -> int:
        """Return the number of requests of one pool that the exporter may send in five minutes."""
        return max(round(QUOTAS[api] * self._shares[api]), 1)

    def remaining(self, api: str, pool: str = SHARED) -> int:
        """Return the number of requests that may be sent now."""
        left = self.allowance(api) - len(self._recent(api, pool))
        told, until = self._announced.get((api, pool), (left, 0.0))
        if self._clock.monotonic() < until:
            left = min(left, told)
        return max(left, 0)

    def fair_share(self, api: str, seconds: float) -> int:
        """Return the requests that each refresh may send if one begins every ``seconds`` and none is to go short."""
        return max(math.floor(self.allowance(api) * min(seconds / PERIOD_SECONDS, 1.0)), 1)

    def per_refresh(self, api: str, seconds: float, pool: str = SHARED) -> int:
        """Return the number of requests that the refresh now beginning may send."""
        return min(self.remaining(api, pool), self.fair_share(api, seconds))

    def spare(self, api: str, seconds: float, pool: str = SHARED) -> int:
        """Return the number of requests left to the refresh that began ``seconds`` ago."""
        begin = self._clock.monotonic() - seconds
        sent = sum(at > begin for at in self._recent(api, pool))
        return max(min(self.remaining(api, pool), self.fair_share(api, seconds) - sent), 0)

    def spend(self, api: str, what: str, pool: str = SHARED) -> None:
        """Count a request that is about to be sent. Raises OverBudget if none is left."""
        if self.remaining(api, pool) <= 0:
            seconds = self._wait(api, pool)
            self._record_over_budget(pool)
            raise OverBudget(
                f"{what}: not sent, to stay within the {api} request budget; possible again in {seconds:.0f} s.",
                seconds,
            )
        self._sent[api, pool].append(self._clock.monotonic())
        if (api, pool) in self._announced:
            told, until = self._announced[api, pool]
            self._announced[api, pool] = (told - 1, until)

    def over_budget_for(self, seconds: float) -> float | None:
        """Return for how long requests have been withheld, if refreshes begin every ``seconds``.

        None if the last refresh or the one before had room: that may be due to when the refreshes began.
        """
        now = self._clock.monotonic()
        lasting = [
            now - first
            for first, last in self._withheld.values()
            if last - first > seconds / 2 and now - last <= 2 * seconds
        ]
        return max(lasting, default=None)

    def _record_over_budget(self, pool: str) -> None:
        now = self._clock.monotonic()
        first, last = self._withheld.get(pool, (now, now))
        self._withheld[pool] = (first if now - last < PERIOD_SECONDS else now, now)

    def observe(self, api: str, headers: Mapping[str, str], pool: str = SHARED) -> None:
        """Heed the ``Ratelimit`` headers of a response: others may use the same budget."""
        found = _RATELIMIT.search(headers.get("Ratelimit", ""))
        policy = _POLICY.search(headers.get("Ratelimit-Policy", ""))
        if found and policy:
            quota, left = int(policy[1]), int(found[1])
            kept_for_others = quota - round(quota * self._shares[api])
            self._announced[api, pool] = (left - kept_for_others, self._clock.monotonic() + int(found[2]))

    def is_counted_by_user(self, headers: Mapping[str, str], pool: str) -> bool:
        """Return whether the headers of a response count the requests about other accounts than the pool's, too."""
        found = _RATELIMIT.search(headers.get("Ratelimit", ""))
        policy = _POLICY.search(headers.get("Ratelimit-Policy", ""))
        own = len(self._recent("graphql", pool))
        every = sum(len(self._recent(*key)) for key in list(self._sent) if key[0] == "graphql")
        used = int(policy[1]) - int(found[1]) if found and policy else 0
        if not self._is_by_account or every - own < TELLING_REQUESTS:
            return False
        return used >= max(own + TELLING_REQUESTS, every // 2)

    def observe_cost(self, api: str, cost: int, left: int, pool: str = SHARED) -> None:
        """Withhold requests for a minute if an answer cost more than is left.

        Cloudflare does not document the scale of ``cost`` and ``budget``, only that they share one.
        """
        if left < cost:
            self._announced[api, pool] = (0, self._clock.monotonic() + COSTLY_SECONDS)

    def _recent(self, api: str, pool: str) -> deque[float]:
        sent = self._sent[api, pool]
        while sent and sent[0] <= self._clock.monotonic() - PERIOD_SECONDS:
            sent.popleft()
        return sent

    def _wait(self, api: str, pool: str) -> float:
        now = self._clock.monotonic()
        sent = self._recent(api, pool)
        own = sent[0] + PERIOD_SECONDS - now if len(sent) >= self.allowance(api) else 0.0
        _, until = self._announced.get((api, pool), (0, now))
        return max(own, until - now, 1.0)
