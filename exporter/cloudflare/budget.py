"""The request budget of a Cloudflare user, whose limits cover all of the user's tokens and the dashboard together.

Exceeding a limit blocks all of that user's requests for five minutes, so the exporter uses only a share of each.
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
"""Requests allowed per five minutes, by API."""

DEFAULT_SHARES: Mapping[str, float] = {"graphql": 0.7, "rest": 0.5}

COSTLY_SECONDS = 60.0
"""How long requests are withheld when the next one would cost more than is left."""

_RATELIMIT = re.compile(r"\br=(\d+);\s*t=(\d+)")
_POLICY = re.compile(r"\bq=(\d+);\s*w=(\d+)")


class RequestBudget:
    """Counts the requests of the last five minutes, heeds Cloudflare's own figures, and withholds what exceeds them."""

    def __init__(self, clock: Clock, shares: Mapping[str, float] = DEFAULT_SHARES) -> None:
        self._clock = clock
        self._shares = shares
        self._sent: dict[str, deque[float]] = {api: deque() for api in QUOTAS}
        self._announced: dict[str, tuple[int, float]] = {}
        self._withheld: tuple[float, float] | None = None

    def set_shares(self, shares: Mapping[str, float]) -> None:
        """Use other shares from now on."""
        self._shares = shares

    def allowance(self, api: str) -> int:
        """Return the number of requests that the exporter may send in five minutes."""
        return max(round(QUOTAS[api] * self._shares[api]), 1)

    def remaining(self, api: str) -> int:
        """Return the number of requests that may be sent now."""
        left = self.allowance(api) - len(self._recent(api))
        told, until = self._announced.get(api, (left, 0.0))
        if self._clock.monotonic() < until:
            left = min(left, told)
        return max(left, 0)

    def fair_share(self, api: str, seconds: float) -> int:
        """Return the requests that each refresh may send if one begins every ``seconds`` and none is to go short."""
        return max(math.floor(self.allowance(api) * min(seconds / PERIOD_SECONDS, 1.0)), 1)

    def per_refresh(self, api: str, seconds: float) -> int:
        """Return the number of requests that the refresh now beginning may send."""
        return min(self.remaining(api), self.fair_share(api, seconds))

    def spare(self, api: str, seconds: float) -> int:
        """Return the number of requests left to the refresh that began ``seconds`` ago."""
        begin = self._clock.monotonic() - seconds
        sent = sum(at > begin for at in self._recent(api))
        return max(min(self.remaining(api), self.fair_share(api, seconds) - sent), 0)

    def spend(self, api: str, what: str) -> None:
        """Count a request that is about to be sent. Raises OverBudget if none is left."""
        if self.remaining(api) <= 0:
            seconds = self._wait(api)
            self._record_over_budget()
            raise OverBudget(
                f"{what}: not sent, to stay within the {api} request budget; possible again in {seconds:.0f} s.",
                seconds,
            )
        self._sent[api].append(self._clock.monotonic())
        if api in self._announced:
            told, until = self._announced[api]
            self._announced[api] = (told - 1, until)

    def over_budget_for(self, seconds: float) -> float | None:
        """Return for how long requests have been withheld, if refreshes begin every ``seconds``.

        None if the last refresh or the one before had room: that may be due to when the refreshes began.
        """
        now = self._clock.monotonic()
        first, last = self._withheld or (now, now)
        return now - first if last - first > seconds / 2 and now - last <= 2 * seconds else None

    def _record_over_budget(self) -> None:
        now = self._clock.monotonic()
        first, last = self._withheld or (now, now)
        self._withheld = (first if now - last < PERIOD_SECONDS else now, now)

    def observe(self, api: str, headers: Mapping[str, str]) -> None:
        """Heed the ``Ratelimit`` headers of a response: others may use the same budget."""
        found = _RATELIMIT.search(headers.get("Ratelimit", ""))
        policy = _POLICY.search(headers.get("Ratelimit-Policy", ""))
        if found and policy:
            quota = int(policy[1])
            kept_for_others = quota - round(quota * self._shares[api])
            self._announced[api] = (int(found[1]) - kept_for_others, self._clock.monotonic() + int(found[2]))

    def observe_cost(self, api: str, cost: int, left: int) -> None:
        """Withhold requests for a minute if an answer cost more than is left.

        Cloudflare does not document the scale of ``cost`` and ``budget``, only that they share one.
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
