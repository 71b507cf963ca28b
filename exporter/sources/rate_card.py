"""The source of the prices' age: whether a newer rate card is due. It reads the card in use and asks nobody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from exporter.alerts.table.exporter import CARD_OLD
from exporter.metrics.family import Family
from exporter.metrics.own import OwnMetric, build_families
from exporter.model import DAY, MINUTE
from exporter.pricing import RateCard
from exporter.status import Problem

LONGEST_AGE = timedelta(seconds=CARD_OLD.threshold().default)
"""The age at which prices have to be looked up again; ``CloudflareRateCardOld`` has the same."""


@dataclass(frozen=True, slots=True)
class RateCardReading:
    """When the card's prices were looked up, and the first meter whose price ends without one to follow, if any."""

    looked_up: date
    ending_meter: str = ""
    ends: date | None = None

    @property
    def due(self) -> datetime:
        """The moment from which a newer card is due."""
        too_old = _midnight(self.looked_up) + LONGEST_AGE
        return too_old if self.ends is None else min(too_old, _midnight(self.ends) + DAY)


RATE_CARD_METRICS: tuple[OwnMetric[RateCardReading], ...] = (
    OwnMetric(
        "cloudflare_exporter_rate_card_due_timestamp_seconds",
        "gauge",
        "When a newer rate card is due: the prices have then become old, or one of them ends and none follows.",
        (),
        lambda reading: {(): reading.due.timestamp()},
    ),
)


class RateCardSource:
    """Reads the card that ``card`` returns, the user's own prices included."""

    name = "rate_card"
    interval = 10 * MINUTE

    def __init__(self, card: Callable[[], RateCard]) -> None:
        self._card = card

    async def poll(self) -> RateCardReading:
        """Return how old the card is, and what it lacks; the user's own meters may end."""
        card = self._card()
        endings = [
            (rate.ends, meter)
            for meter, rate in card.meters.items()
            if rate.ends and rate.source and not rate.successor
        ]
        ends, meter = min(endings, default=(None, ""))
        return RateCardReading(card.version, meter, ends)

    def families(self, reading: RateCardReading, now: datetime) -> tuple[Family, ...]:
        """Return when a newer card is due."""
        return build_families(RATE_CARD_METRICS, reading)

    def problems(self, reading: RateCardReading, now: datetime) -> Iterator[Problem]:
        """Yield a problem if that time has come."""
        if now >= reading.due:
            text = f"Costs are estimated with prices looked up on {reading.looked_up}"
            if reading.ends is not None and now >= _midnight(reading.ends) + DAY:
                text += f", and the card has no price of {reading.ending_meter} after {reading.ends}"
            remedy = "Update the exporter. If there is no newer release, set changed prices under costs.prices."
            yield Problem("", "rate card", "outdated", reading.due, f"{text}.", remedy)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
