"""Cloudflare's request limits: per five minutes and principal; exceeding one blocks the principal for five minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
_PLENTY = 1_000_000


@dataclass
class _Window:
    start: datetime
    used: int = 0


@dataclass(frozen=True)
class Allowance:
    """The remaining requests of a principal, or of an account or zone as its ``owner``.

    ``quota`` None: no limit. With ``blocked_seconds`` the request is refused.
    """

    quota: int | None
    remaining: int
    reset_seconds: int
    blocked_seconds: int = 0
    owner: str = ""


class Budgets:
    """Counts the requests of every principal, per API."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}
        self._blocked_until: dict[str, datetime] = {}

    def spend(self, principal: str, api: str, quota: int | None, now: datetime) -> Allowance:
        """Count a request and return whether it is allowed, which it always is without a quota."""
        window = self._windows.get((principal, api))
        if window is None or not window.start <= now < window.start + WINDOW:
            window = self._windows[principal, api] = _Window(now)
        window.used += 1
        reset = int((window.start + WINDOW - now).total_seconds())
        blocked_until = self._blocked_until.get(principal, now)
        if now < blocked_until <= now + WINDOW:
            return Allowance(quota, 0, reset, max(int((blocked_until - now).total_seconds()), 1))
        if quota is None:
            return Allowance(None, _PLENTY, reset)
        if window.used > quota:
            self._blocked_until[principal] = now + WINDOW
            return Allowance(quota, 0, reset, int(WINDOW.total_seconds()))
        return Allowance(quota, quota - window.used, reset)
