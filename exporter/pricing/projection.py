"""Projections of an account's and its assets' usage to the end of a cycle. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from exporter.model import DAY
from exporter.pricing.forecast import (
    DAY_SECONDS,
    NOTHING,
    Now,
    Outlook,
    Outlooks,
    levels_ahead,
    usage_ahead,
    usage_of_first_day,
)
from exporter.pricing.usage import Usage


@dataclass(frozen=True, slots=True)
class Projection:
    """The usage of a meter still to come, by day: low, likely and high; ``assets`` is each asset's likely sum over the
    whole cycle, by id.
    """

    low: Mapping[date, int] = field(default_factory=dict)
    likely: Mapping[date, int] = field(default_factory=dict)
    high: Mapping[date, int] = field(default_factory=dict)
    assets: Mapping[str, int] = field(default_factory=dict)


def project(meter: str, usage: Usage, outlooks: Outlooks, now: Now, *, is_stored: bool) -> Projection:
    """Return the projection of a meter."""
    used, today = usage.assets.get(meter, {}), usage.today.get(meter, {})
    if now.is_over:
        return Projection(assets=used)
    known = outlooks.of_assets.get(meter, {})
    newcomers = used.keys() - known.keys()
    own = {**known, **{asset: _of_first_day(today.get(asset, 0), now, is_stored=is_stored) for asset in newcomers}}
    likely = sum(each.likely for each in own.values())
    whole = outlooks.of_account.get(meter, NOTHING)
    daily = (min(whole.low, likely), likely, max(whole.high, likely))
    if not is_stored:
        seconds = now.seconds_ahead() + now.days_ahead() * DAY_SECONDS
        assets = {asset: used.get(asset, 0) + each.likely * seconds // DAY_SECONDS for asset, each in own.items()}
        low, middle, high = (usage_ahead(each, now) for each in daily)
        return Projection(low, middle, high, assets)
    days, levels = usage.days.get(meter, {}), outlooks.levels.get(meter, {})
    level = days.get(now.today, days.get(now.today - DAY, 0))
    low, middle, high = (levels_ahead(level, change, now, is_told_today=now.today in days) for change in daily)
    assets = {
        asset: used.get(asset, 0)
        + sum(
            levels_ahead(
                today.get(asset, levels.get(asset, 0)), each.likely, now, is_told_today=asset in today
            ).values()
        )
        for asset, each in own.items()
    }
    return Projection(low, middle, high, assets)


def _of_first_day(today: int, now: Now, *, is_stored: bool) -> Outlook:
    """Return the outlook of an asset that was first used today, from today's usage alone."""
    daily = 0 if is_stored else usage_of_first_day(today, now)
    return Outlook(daily, daily, daily)
