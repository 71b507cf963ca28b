"""A client on scripted answers: time passes only when somebody sleeps or advances it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx

from exporter.cloudflare import Client, CloudflareTime, RequestBudget, RequestCounts
from exporter.cloudflare.time import parse_date

API_URL = "https://api.cloudflare.test/client/v4"
TOKEN = "hush-0123456789-do-not-show"
DATE = "Mon, 20 Oct 2025 10:00:05 GMT"


class ManualClock:
    """A clock that remembers for how long it was asked to sleep."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2025, 10, 20, 10, 0, 0, tzinfo=UTC) + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return 500.0 + self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds


class Scene:
    """A client whose requests go to ``router`` instead of the network."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.router = respx.Router(assert_all_called=False)
        self.time = CloudflareTime(self.clock)
        self.request_counts = RequestCounts()
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.budget = RequestBudget(self.clock)
        self.client = Client(
            http,
            API_URL,
            TOKEN,
            clock=self.clock,
            time=self.time,
            request_counts=self.request_counts,
            budget=self.budget,
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as scripted; the Date that answers usually have goes on with the clock."""
        response = await self.router.async_handler(request)
        if response.headers.get("Date") == DATE:
            passed = timedelta(seconds=self.clock.monotonic() - ManualClock().monotonic())
            response.headers["Date"] = format_datetime(parse_date(DATE) + passed, usegmt=True)
        return response


@pytest.fixture
def scene() -> Scene:
    """A client with no answers scripted yet."""
    return Scene()


def answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    """Return a JSON answer with a Date; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers={"Date": DATE, **named})


def listed(result: object, **info: object) -> httpx.Response:
    """Return a successful REST answer."""
    return answer({"success": True, "errors": [], "messages": [], "result": result, "result_info": info})


def refused(status: int, code: int, message: str) -> httpx.Response:
    """Return a REST answer with an error."""
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return answer(body, status)
