"""A stored ledger under a catalog with other rows: what both know by name goes on, and classes are not stored."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart
from exporter.ledger import DayPart, Portion, reading
from exporter.ledger.carrying import find_continuation
from exporter.ledger.signature import read_signature, signature_of
from exporter.model import Amounts, RowKey
from tests.ledger.factories import ACCOUNT, MONDAY, SCOPE, Scene, answer, at, day_answer, other_program, worker
from tests.ledger.factories import CALLS as COUNTED
from tests.ledger.gauge_scene import STOCK, GaugeState

GRADED = Metric("cloudflare_graded_total", "Calls.", (MetricPart("requests"),), ("grade",), zeros=())
CODED = Metric("cloudflare_coded_total", "Calls.", (MetricPart("requests"),), ("code", "place"), zeros=())
BYTES = Metric("cloudflare_bytes_total", "Bytes.", (MetricPart("bytes"),), zeros=())


def grade(code: str) -> str:
    """Return the grade of a code."""
    return "good" if code.startswith("2") else "bad"


def strict_grade(code: str) -> str:
    """Return the grade of a code as a later release has it."""
    return "good" if code == "200" else "bad"


CALLS = Dataset(
    name="calls",
    version=1,
    kind="worker",
    id_dimension="tag",
    labels=(Label("code", "status"), Label("grade", "status", grade), Label("place", "colo")),
    fields=(Field("requests"), Field("bytes"), Field("spare")),
    metrics=(GRADED, CODED, BYTES),
    meters=(Meter("good_calls", "requests", where={"grade": frozenset({"good"})}), Meter("bytes", "bytes")),
)

STRICT = replace(
    CALLS, labels=(Label("code", "status"), Label("grade", "status", strict_grade), Label("place", "colo"))
)

Used = Mapping[tuple[str, str], Amounts]
"""Requests, bytes and a spare figure by code and place."""

MORNING: Used = {("200", "LHR"): (5, 500, 1), ("204", "LHR"): (3, 0, 0), ("500", "CDG"): (2, 20, 4)}
NOON: Used = {("200", "LHR"): (8, 800, 2), ("204", "LHR"): (4, 0, 0), ("500", "CDG"): (2, 20, 4)}


class Shop(Scene):
    """A ledger on disk of one Worker, opened with a dataset; what is used is said by name."""

    def __init__(self, folder: Path, dataset: Dataset = CALLS) -> None:
        super().__init__(folder, [dataset])
        self._dataset = dataset
        self.list("09:59", worker("w1", "shop"))
        self.use("10:00", {})

    def rows(self, used: Used) -> dict[RowKey, Amounts]:
        """Return rows as an answer to this dataset has them."""
        rows: dict[RowKey, Amounts] = {}
        for (code, place), amounts in used.items():
            words = {"status": code, "colo": place}
            figures = dict(zip(("requests", "bytes", "spare"), amounts, strict=True))
            key = ("w1", tuple(words[name] for name in self._dataset.words))
            rows[key] = tuple(figures[entry.name] for entry in self._dataset.fields)
        return rows

    def use(self, clock: str, used: Used, hour: str = "10") -> None:
        """Let so much have been used in an hour, as of a moment."""
        since = self.ledger.open_from(SCOPE, CALLS.key) or at(clock)
        hours = {at(f"{hour}:00"): self.rows(used)} if used else {}
        self.ledger.apply(ACCOUNT.id, [replace(answer(since, clock, {}), hours=hours)], self._scraped)
        self.scrape()

    def install(self, dataset: Dataset) -> None:
        """Start a program whose catalog has this dataset."""
        self._dataset = dataset
        self.reopen([dataset])

    def audit_day(self, clock: str, used: Used) -> Mapping[RowKey, Amounts]:
        """Return the late usage that an audit finds, according to which so much was used on Monday."""
        said = day_answer(MONDAY, clock, {})
        said = replace(said, hours={at("00:00"): self.rows(used)})
        (change,) = self.ledger.apply_days(ACCOUNT.id, [(DayPart(MONDAY, Portion.COUNTED), said)], self._scraped)
        return change.late

    def amounts(self) -> dict[tuple[str, ...], int]:
        """Return what is published, by metric and label values."""
        (book,) = self.ledger.publication().books
        return {(book.dataset.metrics[key.metric].name, *key.values): amount for _, key, amount in book.series}

    def totals_by_name(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return the totals of requests and bytes by code and place."""
        fields, words = self._dataset.field_index, self._dataset.words
        return {
            (labels[words.index("status")], labels[words.index("colo")]): (
                total[fields["requests"]],
                total[fields["bytes"]],
            )
            for (_, labels), total in self.ledger.totals(SCOPE, CALLS.key).items()
        }


def of(used: Used) -> dict[tuple[str, str], tuple[int, int]]:
    """Return requests and bytes."""
    return {which: amounts[:2] for which, amounts in used.items()}


def test_another_classification_moves_nothing_that_is_stored(tmp_path: Path) -> None:
    """What was counted stays in the class it was counted in; what follows goes to the new one, and nothing falls."""
    shop = Shop(tmp_path)
    shop.use("10:20", MORNING)
    shop.use("10:21", MORNING)
    before = shop.amounts()
    assert (before[GRADED.name, "good"], before[GRADED.name, "bad"]) == (8, 2)
    shop.install(STRICT)
    assert shop.amounts() == before
    assert shop.totals_by_name() == of(MORNING)
    shop.use("10:40", NOON)
    after = shop.amounts()
    assert (after[GRADED.name, "good"], after[GRADED.name, "bad"]) == (8 + 3, 2 + 1)
    assert after[CODED.name, "204", "LHR"] == 4
    assert shop.daily()[MONDAY, "w1", "good_calls"] == 8


OTHERS: dict[str, Dataset] = {
    "fields in another order": replace(CALLS, fields=CALLS.fields[::-1]),
    "labels in another order": replace(CALLS, labels=CALLS.labels[::-1]),
    "a field less": replace(CALLS, fields=CALLS.fields[:2]),
    "a label of another name": replace(
        CALLS, labels=(Label("answer", "status"), *CALLS.labels[1:]), metrics=(GRADED, BYTES)
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_rows_are_read_by_name(tmp_path: Path, name: str) -> None:
    """Totals, open hours, daily sums and what is kept for the audit are the same under the other catalog, and go on."""
    shop = Shop(tmp_path)
    shop.use("10:30", MORNING)
    shop.use("12:00", MORNING)
    shop.use("12:06", MORNING)
    shop.use("12:20", NOON, hour="12")
    everything = {which: (MORNING[which][0] + NOON[which][0], MORNING[which][1] + NOON[which][1]) for which in NOON}
    daily = shop.daily()
    shop.install(OTHERS[name])
    assert (shop.totals_by_name(), shop.daily()) == (everything, daily)
    shop.use("12:21", NOON, hour="12")
    assert (shop.totals_by_name(), shop.daily()) == (everything, daily)
    for clock in ("24:35", "24:41"):
        shop.use(clock, NOON, hour="12")
    whole = {which: tuple(map(sum, zip(MORNING[which], NOON[which], strict=True))) for which in NOON}
    assert shop.audit_day("50:00", whole) == {}
    late = {**whole, ("500", "CDG"): (5, *whole["500", "CDG"][1:])}
    assert list(shop.audit_day("50:10", late)) == list(shop.rows({("500", "CDG"): (0, 0, 0)}))
    assert shop.totals_by_name() == {**everything, ("500", "CDG"): (5, 40)}


def test_a_second_start_finds_it_done(tmp_path: Path) -> None:
    """The file has the new names; a program that only reads it says the same."""
    shop = Shop(tmp_path)
    shop.use("10:30", MORNING)
    shop.use("10:31", MORNING)
    other = OTHERS["fields in another order"]
    daily = shop.daily()
    with reading(tmp_path, [other]) as reader:
        assert reader.open_sums(ACCOUNT.id) == daily
    shop.install(other)
    commits = shop.ledger.commit_number
    shop.install(other)
    assert shop.ledger.commit_number == commits - 1
    assert (shop.totals_by_name(), shop.daily()) == (of(MORNING), daily)


def test_classes_that_were_stored_are_left_out(tmp_path: Path) -> None:
    """A release that stored the value of each label stored a code and its grade; only the code is read.

    Rows of one code whose grade had changed meanwhile are added.
    """
    shop = Shop(tmp_path)
    shop.use("10:30", MORNING)
    shop.use("10:31", MORNING)
    before = shop.amounts()
    with other_program(tmp_path) as file:
        text = signature_of(CALLS).replace(";status,colo;", ";code=status,grade=status,place=colo;")
        assert text != signature_of(CALLS)
        file.execute("UPDATE book SET signature = ?", (text,))
        for table in ("row", "open_row"):
            for (labels,) in file.execute(f"SELECT DISTINCT labels FROM {table}").fetchall():
                code, place = labels.strip('["]').split('", "')
                graded = f'["{code}", "{grade(code)}", "{place}"]'
                file.execute(f"UPDATE {table} SET labels = ? WHERE labels = ?", (graded, labels))
        earlier = ("w1", '["200", "bad", "LHR"]', "[1, 10, 0]", "[1, 10, 0]", "[1, 1, 10]")
        file.execute("INSERT INTO row SELECT account, dataset, ?, ?, ?, ?, ? FROM book", earlier)
    shop.install(CALLS)
    assert (shop.totals_by_name(), shop.amounts()) == (of({**MORNING, ("200", "LHR"): (6, 510, 1)}), before)
    shop.use("10:40", NOON)
    assert shop.totals_by_name() == of({**NOON, ("200", "LHR"): (9, 810, 2)})


@pytest.mark.parametrize(
    "other",
    [
        replace(CALLS, version=2),
        replace(CALLS, fields=(Field("requests", fractional=True), *CALLS.fields[1:])),
        replace(CALLS, name_dimension="name"),
    ],
    ids=["another meaning", "another unit", "another identity"],
)
def test_rows_that_mean_something_else_do_not_go_on(other: Dataset) -> None:
    """Such a book ends, and another begins."""
    stored = read_signature(signature_of(CALLS))
    assert find_continuation(stored, CALLS) is not None
    assert find_continuation(stored, other) is None


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_releases_have(tmp_path: Path, seed: int) -> None:
    """Over random orders, classifications and metrics, totals are what was used, and no series falls."""
    chance = Random(seed)
    shop = Shop(tmp_path)
    used = dict.fromkeys(NOON, (0, 0, 0))
    last: dict[tuple[str, ...], int] = {}
    for minute in range(3, 27, 3):
        grown = {which: tuple(amount + chance.randint(0, 3) for amount in amounts) for which, amounts in used.items()}
        used = grown  # type: ignore[assignment]
        for later in range(2):
            shop.use(f"10:{minute + later:02}", used)
        assert {which: total for which, total in shop.totals_by_name().items() if any(total)} == {
            which: total for which, total in of(used).items() if any(total)
        }
        published = shop.amounts()
        assert all(published[series] >= amount for series, amount in last.items() if series in published)
        last = published
        base = chance.choice((CALLS, STRICT))
        shop.install(
            replace(
                base,
                fields=tuple(chance.sample(base.fields, 3)),
                labels=tuple(chance.sample(base.labels, 3)),
                metrics=tuple(chance.sample(base.metrics, chance.randint(1, 3))),
            )
        )
    shop.ledger.close()


def test_readings_are_read_by_name(tmp_path: Path) -> None:
    """What is stored is still known when the fields of its dataset stand in another order."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:30", {"10": {"w1": (500, 20)}})
    other = replace(STOCK, fields=STOCK.fields[::-1])
    for _ in range(2):
        scene.reopen([COUNTED, other])
        amounts = [amount for book in scene.ledger.publication().books for _, _, amount in book.series if amount]
        assert amounts == [500]
    scene.ledger.close()
