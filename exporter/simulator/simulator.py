"""The simulated Cloudflare in one object: the application, its faults, its clock and the oracle."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import gmtime, strftime

from exporter.simulator.api import CloudflareApi
from exporter.simulator.app import Application, ConnectionBroken
from exporter.simulator.arrival import Curve
from exporter.simulator.clock import Clock
from exporter.simulator.control import Control
from exporter.simulator.dataset import Dataset
from exporter.simulator.documents import Documents
from exporter.simulator.faults import Faults
from exporter.simulator.filters import TIME_STEPS
from exporter.simulator.products import DATASETS
from exporter.simulator.state import State
from exporter.simulator.traffic import Traffic
from exporter.simulator.usage import Ask, UsageRows, epoch_minute
from exporter.simulator.world import Asset, World


class Simulator:
    """A simulated Cloudflare.

    ``app`` is an ASGI application that serves the API and, below /_sim/, the control interface. It raises
    ``broken_connection()`` for a broken connection. ``sleep`` is awaited for slow answers; without it they are not
    slow. Simulators of one seed can share ``traffic``, and any can share ``documents``: reading the schema takes 0.1 s.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        traffic: Traffic | None = None,
        documents: Documents | None = None,
        broken_connection: Callable[[], Exception] = ConnectionBroken,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.clock = clock
        self.faults = Faults(world.seed)
        self._state = State(world, traffic)
        self.api = CloudflareApi(self._state, clock, self.faults, documents or Documents())
        self.control = Control(self)
        self.app = Application(self.api, self.control, broken_connection=broken_connection, sleep=sleep)

    @property
    def requests(self) -> Counter[str]:
        """Return the number of requests, by ``rest`` and ``graphql``."""
        return self.api.requests

    @property
    def state(self) -> State:
        """Return the current state of the simulated world."""
        return self._state

    def used(
        self, account_id: str, dataset: str, since: datetime, until: datetime, *, by: Sequence[str] = ()
    ) -> UsageRows:
        """Return the usage from ``since`` up to ``until``, whole minutes, by the time of the usage, visible or not.

        ``by`` names dimensions, including those of time. Values are by measure name, in millionths for those that
        Cloudflare returns as float64, with ``count`` if the dataset has it; for storage datasets they are maxima.
        """
        return self._rows(account_id, dataset, _Span(since, until, None), by)

    def visible(
        self, account_id: str, dataset: str, since: datetime, until: datetime, at: datetime, *, by: Sequence[str] = ()
    ) -> UsageRows:
        """Return the same usage as far as Cloudflare shows it at the time ``at``."""
        return self._rows(account_id, dataset, _Span(since, until, int(at.timestamp())), by)

    def rename(self, account_id: str, kind: str, asset_id: str, name: str) -> None:
        """Rename an asset from now on."""
        self._state.rename(account_id, kind, asset_id, name, self.clock.now())

    def delete(self, account_id: str, kind: str, asset_id: str) -> None:
        """Delete an asset now."""
        self._state.delete(account_id, kind, asset_id, self.clock.now())

    def add(self, account_id: str, asset: Asset) -> None:
        """Add an asset to an account; it exists from its own ``created`` on.

        It may have the id of an asset that is deleted by then, such as a bucket that is created again.
        """
        self._state.add(account_id, asset)

    def move_zone(self, account_id: str, zone_id: str, to_account_id: str) -> None:
        """Move a zone to another account now."""
        self._state.move_zone(account_id, zone_id, to_account_id, self.clock.now())

    def set_quiet_from(self, when: datetime | None) -> None:
        """End all usage at ``when``, or never."""
        self._state.go_on_in(replace(self._state.world, quiet_from=when))

    def set_lateness(self, lateness: timedelta) -> None:
        """Change the longest delay with which usage becomes visible."""
        self._state.go_on_in(replace(self._state.world, lateness=lateness))

    def set_arrival(self, arrival: Curve | None) -> None:
        """Change the curve along which usage becomes visible; None: within the lateness."""
        self._state.go_on_in(replace(self._state.world, arrival=arrival))

    def set_token_status(self, token: str, status: str) -> None:
        """Revoke, disable, expire or reactivate a token."""
        self._state.set_token_status(token, status)

    def start_incident(self, account_id: str, script_tag: str, since: datetime, until: datetime) -> None:
        """Make most invocations of a Worker throw from ``since`` up to ``until``."""
        self._state.start_incident(account_id, script_tag, since, until)

    def _rows(self, account_id: str, name: str, span: "_Span", by: Sequence[str]) -> UsageRows:
        dataset = DATASETS[name]
        shown = [index for index, measure in enumerate(dataset.measures) if measure.shown]
        plain = [dimension for dimension in by if dimension not in TIME_STEPS]
        step = min((TIME_STEPS[dimension] for dimension in by if dimension in TIME_STEPS), default=0)
        indices = tuple(dataset.dimensions.index(dimension) for dimension in plain)
        ask = Ask(dataset, epoch_minute(span.since), epoch_minute(span.until), step, indices, tuple(shown))
        rows: UsageRows = {}
        for key, row in self._state.usage(account_id).rows(ask, span.at).items():
            names = tuple(_printed(dimension, plain, key) for dimension in by)
            rows[names] = _figures(dataset, shown, row)
        return rows


class _Span:
    __slots__ = ("at", "since", "until")

    def __init__(self, since: datetime, until: datetime, at: int | None) -> None:
        self.since = since.astimezone(UTC)
        self.until = until.astimezone(UTC)
        self.at = at


def _figures(dataset: Dataset, shown: Sequence[int], row: Sequence[int]) -> dict[str, int]:
    figures = {dataset.measures[index].name: value for index, value in zip(shown, row[1:], strict=True)}
    return {**figures, "count": row[0]} if dataset.count else figures


def _printed(dimension: str, plain: Sequence[str], key: tuple[str | int, ...]) -> str:
    if dimension not in TIME_STEPS:
        return str(key[plain.index(dimension) + 1])
    start = key[0]
    assert isinstance(start, int)
    start -= start % TIME_STEPS[dimension]
    return strftime("%Y-%m-%d" if dimension == "date" else "%Y-%m-%dT%H:%M:%SZ", gmtime(start * 60))
