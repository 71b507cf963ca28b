"""What happens to an exporter and to Cloudflare in a schedule: one coroutine an event."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from exporter.model import DAY
from exporter.simulator import Curve, Fault, Worker
from tests.clock import START
from tests.exactness.harness import ACCOUNT_ID, RENAMABLE, Rig, small_assets

INVOCATIONS = "workersInvocationsAdaptive"
PERIODIC = "durableObjectsPeriodicGroups"
KV = "kvOperationsAdaptiveGroups"
R2 = "r2OperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"

Event = Callable[[Rig], Awaitable[None]]

LYING_FOR = timedelta(minutes=4)


def fault(**words: object) -> Event:
    """Return an event that declares a fault."""

    async def declare(rig: Rig) -> None:
        rig.simulator.faults.add(Fault(**words))  # type: ignore[arg-type]

    return declare


def outage(minutes: int, **words: object) -> Event:
    """Return an event that declares a fault for some minutes from now."""

    async def declare(rig: Rig) -> None:
        rig.simulator.faults.add(Fault(since=rig.now, until=rig.now + timedelta(minutes=minutes), **words))  # type: ignore[arg-type]

    return declare


def lie(**words: object) -> Event:
    """Return an event that lets answers be wrong for four minutes, unless they were shortly before.

    Two wrong answers in a row that agree, five minutes apart or more, are the truth as far as anybody can tell. So
    there has to be time for a right one in between: minutes for what every refresh asks, and two days where whole days
    are filled in, for an exporter that is away or throttled comes back to such a day only hours later.
    """

    async def declare(rig: Rig) -> None:
        honest_for = 2 * DAY if rig.fills_days else timedelta(minutes=10)
        if rig.lied_at is None or rig.now - rig.lied_at > honest_for + LYING_FOR:
            rig.lied_at = rig.now
            rig.simulator.faults.add(Fault(since=rig.now, until=rig.now + LYING_FOR, **words))  # type: ignore[arg-type]

    return declare


def rename(position: int, name: str) -> Event:
    """Return an event that gives an asset another name."""

    async def change(rig: Rig) -> None:
        rig.note_changing()
        rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[position], name)

    return change


async def swap_names(rig: Rig) -> None:
    """Let two KV namespaces take each other's name."""
    rig.note_changing()
    rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[5], "flags")
    rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[6], "sessions")


async def install_release(rig: Rig) -> None:
    """Install another release, with other products, datasets, fields, labels and metrics."""
    await rig.install(next(rig.releases))


async def create_worker(rig: Rig) -> None:
    """Let another Worker appear."""
    rig.note_changing()
    count = len(rig.simulator.state.accounts[ACCOUNT_ID].assets)
    worker = Worker(id=f"{count:032x}", name=f"shop-{count}", weight=3, created=rig.now)
    rig.simulator.add(ACCOUNT_ID, worker)


async def replace_worker(rig: Rig) -> None:
    """Delete the Worker that was created last and create another under its name, if there is one."""
    assets = rig.simulator.state.accounts[ACCOUNT_ID].assets
    created = [asset for asset in assets if asset.kind == "worker" and asset.created >= START and asset.deleted is None]
    if created:
        rig.note_changing()
        rig.simulator.delete(ACCOUNT_ID, "worker", created[-1].id)
        successor = Worker(id=f"{len(assets):032x}", name=created[-1].name, weight=5, created=rig.now)
        rig.simulator.add(ACCOUNT_ID, successor)


async def recreate_bucket(rig: Rig) -> None:
    """Delete a bucket and create it again: its name is its id."""
    rig.note_changing()
    bucket = next(asset for asset in small_assets() if asset.id == "media")
    rig.simulator.delete(ACCOUNT_ID, "bucket", "media")
    rig.simulator.add(ACCOUNT_ID, replace(bucket, created=rig.now + timedelta(minutes=3)))


async def delete_database(rig: Rig) -> None:
    """Delete a database, if it is still there."""
    kind, asset_id = RENAMABLE[3]
    assets = rig.simulator.state.accounts[ACCOUNT_ID].assets
    if any(asset.id == asset_id and asset.exists_at(rig.now) for asset in assets):
        rig.note_changing()
        rig.simulator.delete(ACCOUNT_ID, kind, asset_id)


def step_wall(minutes: int) -> Event:
    """Return an event that steps the machine's wall clock."""

    async def step(rig: Rig) -> None:
        rig.clock.step_wall(timedelta(minutes=minutes))

    return step


def wait(minutes: int) -> Event:
    """Return an event that lets time pass without a refresh, as when the machine sleeps."""

    async def pass_time(rig: Rig) -> None:
        rig.pass_time(timedelta(minutes=minutes))

    return pass_time


def be_away(minutes: int) -> Event:
    """Return an event that stops the exporter, lets time pass and starts it again."""

    async def leave(rig: Rig) -> None:
        await rig.be_away(timedelta(minutes=minutes))

    return leave


def arrive(curve: Curve | None) -> Event:
    """Return an event that changes how late data come; what is visible may become invisible for a while."""

    async def change(rig: Rig) -> None:
        rig.simulator.set_arrival(curve)

    return change


async def nothing(rig: Rig) -> None:
    """Let nothing happen."""
