"""The request budget of a user: Cloudflare's limits count all of a user's tokens and the dashboard together.

Exceeding one blocks everything that user does for five minutes, so the exporter keeps to a share of each.
https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""

import math
import re
from collections import deque
from collections.abc import Mapping

from exporter.clock import Clock
from exporter.cloudflare.errors import OverBudget

PERIOD_SECONDS = 300.0
QUOTAS: Mapping[str, int] = {"graphql": 300, "rest": 1_200}
"""Requests in five minutes, by API."""

DEFAULT_SHARES: Mapping[str, float] = {"graphql": 0.7, "rest": 0.5}

COSTLY_SECONDS = 60.0
"""For how long requests are withheld when the next would cost more than is left."""

_RATELIMIT = re.compile(r"\br=(\d+);\s*t=(\d+)")
_POLICY = re.compile(r"\bq=(\d+);\s*w=(\d+)")


class RequestBudget:
    """Counts what is sent in any five minutes, heeds what Cloudflare says is left, and withholds the rest."""

    def __init__(self, clock: Clock, shares: Mapping[str, float] = DEFAULT_SHARES) -> None:
        self._clock = clock
        self._shares = shares
        self._sent: dict[str, deque[float]] = {api: deque() for api in QUOTAS}
        self._announced: dict[str, tuple[int, float]] = {}
        self._withheld: tuple[float, float] | None = None

    def set_shares(self, shares: Mapping[str, float]) -> None:
        """Keep to other shares from now on."""
        self._shares = shares

    def allowance(self, api: str) -> int:
        """Return how many requests the exporter allows itself in five minutes."""
        return max(round(QUOTAS[api] * self._shares[api]), 1)

    def remaining(self, api: str) -> int:
        """Return how many requests may be sent now."""
        left = self.allowance(api) - len(self._recent(api))
        told, until = self._announced.get(api, (left, 0.0))
        if self._clock.monotonic() < until:
            left = min(left, told)
        return max(left, 0)

    def fair_share(self, api: str, seconds: float) -> int:
        """Return the requests that each refresh may send, if one comes every ``seconds``, so that none goes without."""
        return max(math.floor(self.allowance(api) * min(seconds / PERIOD_SECONDS, 1.0)), 1)

    def per_refresh(self, api: str, seconds: float) -> int:
        """Return how many requests the refresh that begins may take."""
        return min(self.remaining(api), self.fair_share(api, seconds))

    def spare(self, api: str, seconds: float) -> int:
        """Return how many requests of the refresh that began so many seconds ago are left."""
        begin = self._clock.monotonic() - seconds
        sent = sum(at > begin for at in self._recent(api))
        return max(min(self.remaining(api), self.fair_share(api, seconds) - sent), 0)

    def spend(self, api: str, what: str) -> None:
        """Count a request that is about to be sent. Raises Withheld if none is left."""
        if self.remaining(api) <= 0:
            seconds = self._wait(api)
            self._record_over_budget()
            raise OverBudget(
                f"{what}: withheld to stay within the {api} budget; room again in {seconds:.0f} s.", seconds
            )
        self._sent[api].append(self._clock.monotonic())
        if api in self._announced:
            told, until = self._announced[api]
            self._announced[api] = (told - 1, until)

    def over_budget_for(self, seconds: float) -> float | None:
        """Return for how long requests have been withheld in refreshes that come every so many seconds.

        None if there was room in the last refresh, or in the one before: that may be due to when the refreshes fell.
        """
        now = self._clock.monotonic()
        first, last = self._withheld or (now, now)
        return now - first if last - first > seconds / 2 and now - last <= 2 * seconds else None

    def _record_over_budget(self) -> None:
        now = self._clock.monotonic()
        first, last = self._withheld or (now, now)
        self._withheld = (first if now - last < PERIOD_SECONDS else now, now)

    def observe(self, api: str, headers: Mapping[str, str]) -> None:
        """Heed the ``Ratelimit`` headers of an answer: others may use the same budget."""
        found = _RATELIMIT.search(headers.get("Ratelimit", ""))
        policy = _POLICY.search(headers.get("Ratelimit-Policy", ""))
        if found and policy:
            quota = int(policy[1])
            kept_for_others = quota - round(quota * self._shares[api])
            self._announced[api] = (int(found[1]) - kept_for_others, self._clock.monotonic() + int(found[2]))

    def observe_cost(self, api: str, cost: int, left: int) -> None:
        """Withhold for a minute if an answer says that less is left than it cost itself.

        Cloudflare documents no scale of ``cost`` and ``budget``, only that they are of one kind.
        """
        if left < cost:
            self._announced[api] = (0, self._clock.monotonic() + COSTLY_SECONDS)

    def _recent(self, api: str) -> deque[float]:
        sent = self._sent[api]
        while sent and sent[0] <= self._clock.monotonic() - PERIOD_SECONDS:
            sent.popleft()
        return sent

    def _wait(self, api: str) -> float:
        now = self._clock.monotonic()
        sent = self._recent(api)
        own = sent[0] + PERIOD_SECONDS - now if len(sent) >= self.allowance(api) else 0.0
        _, until = self._announced.get(api, (0, now))
        return max(own, until - now, 1.0)
