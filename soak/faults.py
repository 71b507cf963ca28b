"""The events of a soak: every fault after which the true usage is still defined."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random

from exporter.simulator import LONG_INVOCATIONS, USUAL_ARRIVAL, Curve, Kind
from tests.exactness.events import INVOCATIONS, Event, arrive, be_away, fault, outage, wait
from tests.exactness.harness import Rig
from tests.exactness.schedules import FULL
from tests.poller.scene import OTHER_ID

HOUR_LATE = Curve(((600, 500), (3_600, 1_000)))


async def stall(rig: Rig) -> None:
    """Stall the pipeline for three hours: Cloudflare keeps answering as of now."""
    for minute in range(180):
        since = rig.now + timedelta(minutes=minute)
        words = {"since": since, "until": since + timedelta(minutes=1), "seconds": 60 * minute + 60}
        await fault(kind=Kind.STALE, dataset=INVOCATIONS, **words)(rig)


EVENTS: Mapping[str, Event] = {
    **{name: event for name, event in FULL.items() if not name.startswith(("nothing", "restart", "kill", "be away"))},
    "short retention": outage(40, kind=Kind.SHORT_RETENTION, seconds=6 * 3_600),
    "the other account gone": outage(35, kind=Kind.ACCOUNT_GONE, account=OTHER_ID),
    "long invocations": arrive(LONG_INVOCATIONS),
    "an hour late": arrive(HOUR_LATE),
    "as usual": arrive(USUAL_ARRIVAL),
    "the pipeline stands still": stall,
    "be away": be_away(25),
    "sleep for an hour": wait(65),
}


def deal(seed: int) -> Iterator[tuple[str, Event]]:
    """Yield events forever: all in a random order, then all again in another order."""
    random = Random(seed)
    while True:
        names = sorted(EVENTS)
        random.shuffle(names)
        yield from ((name, EVENTS[name]) for name in names)
