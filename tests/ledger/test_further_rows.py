"""A stored ledger under a catalog with a further field or label: it is counted from the next midnight on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart
from exporter.ledger import DayPart, Portion, reading
from exporter.model import Amounts, RowKey
from tests.ledger.day_scene import TUESDAY
from tests.ledger.factories import ACCOUNT, MONDAY, SCOPE, Scene, answer, at, day_answer, worker

ALL = Metric("cloudflare_all_total", "Calls.", (MetricPart("requests"),))
BY_CODE = Metric("cloudflare_coded_total", "Calls.", (MetricPart("requests"),), ("code",), zeros=())
BY_PLACE = Metric("cloudflare_placed_total", "Calls.", (MetricPart("requests"),), ("code", "place"), zeros=())
BYTES = Metric("cloudflare_bytes_total", "Bytes.", (MetricPart("bytes"),))

CODE, PLACE = Label("code", "status"), Label("place", "colo")

PLAIN = Dataset(
    name="calls",
    version=1,
    kind="worker",
    id_dimension="tag",
    labels=(CODE,),
    fields=(Field("requests"),),
    metrics=(ALL, BY_CODE),
    meters=(Meter("calls", "requests"),),
)
WITH_BYTES = replace(
    PLAIN,
    fields=(Field("bytes"), Field("requests")),
    metrics=(BYTES, ALL, BY_CODE),
    meters=(*PLAIN.meters, Meter("bytes", "bytes")),
)
WITH_PLACE = replace(PLAIN, labels=(PLACE, CODE), metrics=(BY_PLACE, ALL, BY_CODE))
FAR_AWAY = replace(
    WITH_PLACE, meters=(*PLAIN.meters, Meter("far_calls", "requests", unless={"place": frozenset({"LHR"})}))
)
WITH_BOTH = replace(WITH_BYTES, labels=(PLACE, CODE), metrics=(BY_PLACE, BYTES, ALL, BY_CODE))
CATALOGS = (PLAIN, WITH_BYTES, WITH_PLACE, WITH_BOTH)

Calls = Mapping[tuple[str, str], int]
"""Requests by code and place; each has ten bytes."""

MORNING: Calls = {("200", "LHR"): 5, ("200", "CDG"): 3, ("500", "CDG"): 2}
EVENING: Calls = {("200", "LHR"): 7, ("500", "CDG"): 4}
NIGHT: Calls = {("200", "LHR"): 11, ("200", "CDG"): 1}


class Shop(Scene):
    """A ledger on disk of one Worker, opened with a dataset. What is used in each hour is known from the beginning."""

    def __init__(self, folder: Path, dataset: Dataset, hours: Mapping[str, Calls]) -> None:
        super().__init__(folder, [dataset])
        self._dataset = dataset
        self.hours = hours
        self.list("09:59", worker("w1", "shop"))
        self.refresh("10:00")

    def rows(self, calls: Calls) -> dict[RowKey, Amounts]:
        """Return rows as an answer to this dataset has them."""
        rows: dict[RowKey, Amounts] = {}
        for (code, place), requests in calls.items():
            words, figures = {"status": code, "colo": place}, {"requests": requests, "bytes": 10 * requests}
            key = ("w1", tuple(words[name] for name in self._dataset.words))
            more = tuple(figures[entry.name] for entry in self._dataset.fields)
            rows[key] = tuple(map(sum, zip(rows[key], more, strict=True))) if key in rows else more
        return rows

    def refresh(self, clock: str) -> None:
        """Ask what was used since the oldest open hour, and answer a scrape."""
        since = self.ledger.open_from(SCOPE, PLAIN.key) or at(clock)
        said = answer(since, clock, {})
        seen = {at(f"{hour}:00"): calls for hour, calls in self.hours.items()}
        hours = {hour: self.rows(calls) for hour, calls in seen.items() if since <= hour < at(clock)}
        self.ledger.apply(ACCOUNT.id, [replace(said, hours=hours)], self._scraped)
        self.scrape()

    def install(self, dataset: Dataset) -> None:
        """Start a program whose catalog has this dataset."""
        self._dataset = dataset
        self.reopen([dataset])

    def audit_day(self, clock: str, day: str) -> dict[RowKey, Amounts]:
        """Return the late usage that an audit of a day finds, which all hours of it are in."""
        which = MONDAY if day == "monday" else TUESDAY
        start = 0 if day == "monday" else 24
        whole: dict[tuple[str, str], int] = {}
        for hour, calls in self.hours.items():
            if start <= int(hour) < start + 24:
                whole |= {place: whole.get(place, 0) + requests for place, requests in calls.items()}
        said = day_answer(which, clock, {})
        said = replace(said, hours={said.question.since: self.rows(whole)})
        (change,) = self.ledger.apply_days(ACCOUNT.id, [(DayPart(which, Portion.COUNTED), said)], self._scraped)
        return change.late

    def amounts(self) -> dict[tuple[str, ...], int]:
        """Return what is published, by metric and label values."""
        (book,) = self.ledger.publication().books
        return {(book.dataset.metrics[key.metric].name, *key.values): amount for _, key, amount in book.series}

    def settle(self, hour: int) -> None:
        """Refresh twice when everything before an hour settles."""
        for minute in (35, 41):
            self.refresh(f"{hour}:{minute}")


def calls(*hours: Calls) -> int:
    """Return all requests of some hours."""
    return sum(sum(each.values()) for each in hours)


HOURS = {"10": MORNING, "23": EVENING, "24": NIGHT, "30": MORNING}
"""What is used from ten on Monday to six on Tuesday."""


def upgraded(folder: Path, dataset: Dataset, restarts: int) -> Shop:
    """Return a ledger at twenty past midnight that has had a further field or label since twenty past eleven."""
    shop = Shop(folder, PLAIN, HOURS)
    shop.settle(22)
    shop.refresh("23:20")
    for _ in range(restarts):
        shop.install(dataset)
    for clock in ("23:21", "23:40", "24:20", "24:21"):
        shop.refresh(clock)
    return shop


@pytest.mark.parametrize("restarts", [1, 2])
def test_a_further_field_is_counted_from_midnight_on(tmp_path: Path, restarts: int) -> None:
    """It is nothing in the hours of the day on which it came, whenever they are asked or audited."""
    shop = upgraded(tmp_path, WITH_BYTES, restarts)
    assert shop.amounts()[ALL.name,] == calls(MORNING, EVENING, NIGHT)
    assert shop.amounts()[BYTES.name,] == 10 * calls(NIGHT)
    shop.settle(31)
    assert shop.audit_day("50:00", "monday") == {}
    assert shop.amounts()[BYTES.name,] == 10 * calls(NIGHT, MORNING)
    assert shop.daily() == {
        (MONDAY, "w1", "calls"): calls(MORNING, EVENING),
        (TUESDAY, "w1", "calls"): calls(NIGHT, MORNING),
        (TUESDAY, "w1", "bytes"): 10 * calls(NIGHT, MORNING),
    }


@pytest.mark.parametrize("restarts", [1, 2])
def test_a_further_label_takes_effect_at_midnight(tmp_path: Path, restarts: int) -> None:
    """Until then rows are counted as they were, so that nothing is counted twice; other metrics are the exact sums."""
    shop = upgraded(tmp_path, WITH_PLACE, restarts)
    by_place = {tuple(labels): amount for (name, *labels), amount in shop.amounts().items() if name == BY_PLACE.name}
    assert by_place == NIGHT
    shop.settle(31)
    assert shop.audit_day("50:00", "monday") == {}
    assert shop.audit_day("74:00", "tuesday") == {}
    assert shop.amounts()[ALL.name,] == calls(*HOURS.values())
    assert shop.amounts()[BY_CODE.name, "500"] == 2 + 4 + 2


@pytest.mark.parametrize("catalogs", [(FAR_AWAY, replace(FAR_AWAY, version=2)), (replace(FAR_AWAY, version=2),)])
def test_a_day_that_lacks_a_label_says_nothing_of_its_meter(tmp_path: Path, catalogs: Sequence[Dataset]) -> None:
    """Read beside the exporter or when the book ends, its hours are what they were: no place is not far away."""
    shop = Shop(tmp_path, PLAIN, HOURS)
    shop.settle(22)
    shop.refresh("23:20")
    for dataset in catalogs:
        shop.install(dataset)
        with reading(tmp_path, [dataset]) as reader:
            assert reader.open_sums(ACCOUNT.id) == shop.ledger.open_sums(ACCOUNT.id)
        assert shop.daily() == {(MONDAY, "w1", "calls"): calls(MORNING, EVENING)}
    shop.ledger.close()


def test_late_usage_of_the_day_before_is_counted_once(tmp_path: Path) -> None:
    """An audit compares rows as they were on that day, and what it finds goes on in every metric that was there."""
    shop = Shop(tmp_path, PLAIN, dict(HOURS))
    shop.settle(22)
    shop.install(WITH_BOTH)
    shop.settle(31)
    shop.hours = {**HOURS, "11": {("200", "LHR"): 6}}
    assert shop.audit_day("50:00", "monday") == {("w1", ("", "200")): (0, 6)}
    assert shop.amounts()[ALL.name,] == calls(*HOURS.values()) + 6
    assert shop.amounts()[BYTES.name,] == 10 * calls(NIGHT, MORNING)


def test_a_label_less_takes_effect_at_once(tmp_path: Path) -> None:
    """Rows that it told apart are added, wherever they are stored."""
    shop = Shop(tmp_path, WITH_BOTH, HOURS)
    shop.settle(22)
    shop.refresh("23:20")
    shop.install(PLAIN)
    assert shop.amounts() == {
        (ALL.name,): calls(MORNING, EVENING),
        (BY_CODE.name, "200"): 5 + 3 + 7,
        (BY_CODE.name, "500"): 2 + 4,
    }
    shop.settle(31)
    assert shop.audit_day("50:00", "monday") == {}
    assert shop.amounts()[ALL.name,] == calls(*HOURS.values())


def test_rows_that_become_one_are_not_in_dispute(tmp_path: Path) -> None:
    """Each was higher once, but never both at a time: the hour settles as soon as any other."""
    shop = Shop(tmp_path, WITH_PLACE, {"10": {("200", "LHR"): 5, ("200", "CDG"): 3}})
    shop.refresh("10:30")
    shop.hours = {"10": {("200", "LHR"): 3, ("200", "CDG"): 5}, "11": NIGHT}
    shop.refresh("11:10")
    shop.install(PLAIN)
    shop.refresh("11:35")
    assert shop.ledger.open_from(SCOPE, PLAIN.key) == at("11:00")
    assert shop.amounts()[ALL.name,] == 8 + calls(NIGHT)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_releases_have(tmp_path: Path, seed: int) -> None:
    """Over random catalogs around midnights, every total is what was used since its field and label were counted."""
    chance = Random(seed)
    places = [(code, place) for code in ("200", "500") for place in ("LHR", "CDG", "")]
    hours: dict[str, Calls] = {
        str(hour): {which: chance.randint(1, 9) for which in chance.sample(places, chance.randint(1, 6))}
        for hour in range(10, 96)
        if chance.random() < 0.8
    }
    known = chance.choice(CATALOGS)
    shop, since = Shop(tmp_path, known, hours), {"bytes": 10, "colo": 10}
    last: dict[tuple[str, ...], int] = {}
    for hour in range(10, 96):
        for minute in sorted(chance.sample(range(1, 60), chance.choice((1, 2, 3)))):
            shop.refresh(f"{hour}:{minute:02}")
        if chance.random() < 0.12:
            chosen = chance.choice(CATALOGS)
            for name, had, has in (
                ("bytes", "bytes" in known.field_index, "bytes" in chosen.field_index),
                ("colo", "colo" in known.words, "colo" in chosen.words),
            ):
                if has and not had:
                    since[name] = (hour // 24 + 1) * 24
            shop.install(chosen)
            shop.refresh(f"{hour}:59")
            known, last = chosen, {}
        published = shop.amounts()
        assert all(published[series] >= amount for series, amount in last.items())
        last = published
    shop.settle(97)
    shop.settle(98)
    assert shop.amounts()[ALL.name,] == calls(*hours.values())
    if "bytes" in known.field_index:
        of_bytes = [each for hour, each in hours.items() if int(hour) >= since["bytes"]]
        totals = shop.ledger.totals(SCOPE, PLAIN.key)
        assert sum(total[known.field_index["bytes"]] for total in totals.values()) == 10 * calls(*of_bytes)
    for clock, day in (("50:00", "monday"), ("74:00", "tuesday")):
        assert shop.audit_day(clock, day) == {}
    shop.ledger.close()
