"""Scopes: an account and its zones are asked alike and stay apart; a zone that leaves ends where it was."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.grain import BY_DAY
from exporter.catalog.timing import Counter
from exporter.config.selection import Selection
from exporter.ledger import DayChange, DayPart, Ledger, LedgerReader, Portion, Publication, reading
from exporter.ledger.list_cost import key_of
from exporter.model import HOUR, ZONE, Account, Answer, Asset, BookKey, Inventory, Listing, Scope
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, FlatTariff, Usage, answer, at, day_answer

OTHER = Account("b" * 32, "Other")
ZONES = replace(CALLS, kind=ZONE, id_dimension="")
ONE, TWO = Scope(ACCOUNT.id, "z1"), Scope(ACCOUNT.id, "z2")
THERE = Scope(OTHER.id, "z1")
RETENTION = timedelta(days=90)


class ZoneScene:
    """A ledger of two accounts, whose zones are told apart by what is said of them."""

    def __init__(self, folder: Path, dataset: Dataset = ZONES) -> None:
        self._folder = folder
        self.ledger = Ledger.open(folder, [dataset], FlatTariff())
        self.ledger.enroll([ACCOUNT, OTHER])

    def reopen(self) -> None:
        """Close the ledger and open its file again."""
        self.ledger.close()
        self.ledger = Ledger.open(self._folder, [ZONES], FlatTariff())

    def list(self, clock: str, *zones: str, account: Account = ACCOUNT) -> None:
        """Apply a complete discovery of an account's zones."""
        listing = Listing(ZONE, tuple(Asset(ZONE, zone, f"{zone}.example") for zone in zones))
        self.ledger.apply_discovery(Inventory(account, at(clock), {ZONE: listing}), Selection(), 0)

    def answer(self, scope: Scope, clock: str, usage: Mapping[str, Usage], since: datetime | None = None) -> Answer:
        """Return an answer about a scope, to the question that it would ask now."""
        asked_from = since or self.ledger.open_from(scope, ZONES.key) or at(clock)
        said = answer(asked_from, clock, usage)
        return replace(said, question=replace(said.question, scope=scope))

    def say(self, scope: Scope, clock: str, usage: Mapping[str, Usage], since: datetime | None = None) -> None:
        """Apply an answer about a scope."""
        said = self.answer(scope, clock, usage, since)
        self.ledger.apply(scope.account_id, [said], self.ledger.commit_number)

    def audit(self, scope: Scope, clock: str, usage: Usage) -> DayChange:
        """Apply an answer about Monday, as counted in a scope."""
        said = day_answer(MONDAY, clock, usage)
        said = replace(said, question=replace(said.question, scope=scope))
        (change,) = self.ledger.apply_days(scope.account_id, [(DayPart(MONDAY, Portion.COUNTED), said)], 0)
        return change

    def totals(self, scope: Scope) -> dict[str, int]:
        """Return the calls counted in a scope, by asset."""
        return {asset: total for (asset, _), (total,) in self.ledger.totals(scope, ZONES.key).items()}

    def daily(self, account: Account = ACCOUNT) -> dict[str, int]:
        """Return the calls of Monday by asset."""
        return {asset: amount for (_, asset, _), amount in self.ledger.daily_sums(account.id).items()}

    def days(self, scope: Scope, clock: str) -> set[DayPart]:
        """Return the parts of closed days that are asked about at some time."""
        return {task.part for task in self.ledger.find_day_tasks(scope, ZONES, at(clock), RETENTION)[0]}

    def published(self) -> dict[tuple[Scope, str], int]:
        """Return the calls published of each book, by the zone's name."""
        return published(self.ledger.publication())

    def cost(self) -> dict[tuple[Scope, str], int]:
        """Return the list cost published of each book, by the zone's name."""
        books = self.ledger.publication().list_costs
        return {(book.scope, place.asset): amount for book in books for place, _, amount in book.series if place.asset}


def published(publication: Publication) -> dict[tuple[Scope, str], int]:
    """Return the calls published of each book, by the zone's name."""
    return {
        (book.scope, place.asset): amount
        for book in publication.books
        if book.state
        for place, _, amount in book.series
    }


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ZoneScene]:
    """Return two zones of an account that are counted from ten o'clock on."""
    scene = ZoneScene(tmp_path)
    scene.list("09:50", "z1", "z2")
    for scope in (ONE, TWO):
        scene.say(scope, "10:00", {})
        scene.say(scope, "10:20", {"10": {scope.zone_id: 0}})
    yield scene
    scene.ledger.close()


def use(scene: ZoneScene) -> None:
    """Let both zones be used, the second twice as much, until all of Monday's hours have settled."""
    for number, scope in enumerate((ONE, TWO), start=1):
        zone = scope.zone_id
        scene.say(scope, "10:40", {"10": {zone: 5 * number}})
        scene.say(scope, "11:40", {"10": {zone: 5 * number}, "11": {zone: 2 * number}})
        scene.say(scope, "25:00", {"10": {zone: 5 * number}, "11": {zone: 2 * number}, "24": {zone: number}})
        scene.say(scope, "25:10", {"11": {zone: 2 * number}, "24": {zone: number}, "25": {zone: number}})
        for clock in ("31:00", "31:10"):
            scene.say(scope, clock, {"24": {zone: number}, "25": {zone: number}, "30": {zone: number}})


@pytest.mark.parametrize("is_reopened", [False, True])
def test_zones_stay_apart(scene: ZoneScene, is_reopened: bool) -> None:
    """Each has its own totals, series, open hours, cost and closed days; all are in the account's daily sums."""
    use(scene)
    scene.say(Scope(ACCOUNT.id), "25:00", {})
    scene.say(Scope(ACCOUNT.id), "25:20", {"25": {"z1": 100}})
    if is_reopened:
        scene.reopen()
    assert (scene.totals(ONE), scene.totals(TWO)) == ({"z1": 10}, {"z2": 20})
    assert scene.totals(Scope(ACCOUNT.id)) == {"z1": 100}
    assert scene.published()[ONE, "z1.example"] == 10
    assert {zone for scope, zone in scene.published() if scope == TWO} == {"z2.example"}
    assert scene.cost()[TWO, "z2.example"] == 2 * scene.cost()[ONE, "z1.example"]
    sums = scene.ledger.daily_sums(ACCOUNT.id)
    assert (sums[MONDAY, "z1", "calls"], sums[MONDAY, "z2", "calls"]) == (7, 14)
    assert scene.audit(ONE, "51:00", {"z1": 9}).late == {("z1", ("success",)): (2,)}
    scene.audit(ONE, "51:10", {"z1": 9})
    sums = scene.ledger.daily_sums(ACCOUNT.id)
    assert (sums[MONDAY, "z1", "calls"], sums[MONDAY, "z2", "calls"]) == (9, 14)
    assert (scene.totals(ONE), scene.totals(TWO)) == ({"z1": 12}, {"z2": 20})
    part = DayPart(MONDAY, Portion.COUNTED)
    assert (part in scene.days(ONE, "52:00"), part in scene.days(TWO, "52:00")) == (False, True)


def test_a_settled_hour_is_not_settled_again(scene: ZoneScene) -> None:
    """An answer about several zones reaches back to the oldest open hour of all: each takes what is open for it."""
    use(scene)
    before, open_from = scene.totals(ONE), scene.ledger.open_from(ONE, ZONES.key)
    assert open_from is not None
    scene.say(ONE, "31:20", {"24": {"z1": 50}, "30": {"z1": 1}, "31": {"z1": 4}}, since=open_from - 6 * HOUR)
    assert scene.totals(ONE) == {"z1": before["z1"] + 4}
    scene.say(ONE, "31:30", {"30": {"z1": 1}, "31": {"z1": 4}})
    assert scene.totals(ONE) == {"z1": before["z1"] + 4}


def test_usage_from_before_the_start_cannot_be_mixed_in(scene: ZoneScene) -> None:
    """The hour in which counting begins is asked from that minute on, never whole."""
    scene.say(THERE, "10:20", {})
    with pytest.raises(ValueError, match="open from"):
        scene.say(THERE, "10:30", {"10": {"z1": 9}}, since=at("10:00"))


def gap_of(ledger: Ledger | LedgerReader, scope: Scope) -> timedelta | None:
    """Return the time that is lost of a zone that left."""
    publication = ledger.publication() if isinstance(ledger, Ledger) else ledger.publication(shows_assets=True)
    return publication.gaps.get(BookKey(scope, ZONES.key))


def test_a_zone_that_is_deleted_ends(scene: ZoneScene, tmp_path: Path) -> None:
    """After two lists without it nothing of it is open or published, its daily sums are final, and it says so."""
    use(scene)
    daily = scene.daily()
    scene.list("31:15", "z2")
    assert scene.ledger.open_from(ONE, ZONES.key) is not None
    scene.list("31:25", "z2")
    for _ in range(2):
        assert (scene.ledger.open_from(ONE, ZONES.key), scene.totals(ONE)) == (None, {})
        assert {scope for scope, _ in scene.published()} == {TWO}
        assert {scope for scope, _ in scene.cost()} == {TWO}
        assert scene.daily() == daily
        assert gap_of(scene.ledger, ONE) == timedelta(minutes=15)
        assert scene.days(ONE, "60:00") == set()
        scene.reopen()
    with reading(tmp_path, [ZONES]) as reader:
        assert gap_of(reader, ONE) == timedelta(minutes=15)
        assert published(reader.publication(shows_assets=True)) == scene.published()


def test_a_zone_that_moves_ends_there_and_begins_here(scene: ZoneScene) -> None:
    """The first list that shows it elsewhere ends it; its days before belong to where it was and are not filled in."""
    use(scene)
    daily = scene.daily()
    scene.list("31:14", "z1", account=OTHER)
    assert scene.ledger.open_from(ONE, ZONES.key) is None
    assert gap_of(scene.ledger, ONE) == timedelta(minutes=4)
    scene.say(THERE, "31:16", {})
    scene.reopen()
    scene.say(THERE, "31:30", {"31": {"z1": 6}})
    assert (scene.totals(THERE), scene.daily(OTHER), scene.daily()) == ({"z1": 6}, {"z1": 6}, daily)
    assert (THERE, "z1.example") in scene.published()
    (book,) = (book for book in scene.ledger.publication().books if book.scope == THERE)
    assert book.state is not None
    assert (book.state.start, book.state.gap) == (at("31:16"), timedelta(minutes=2))
    assert {part.part for part in scene.days(THERE, "90:00")} <= {Portion.COUNTED}


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_said_of_a_zone_that_has_left_is_dropped(scene: ZoneScene, is_known: bool) -> None:
    """Another account's list may have been applied while the answer waited: it begins no book, and adds to no day."""
    use(scene)
    late = scene.answer(ONE, "31:15", {"31": {"z1": 4}})
    scene.list("31:14", "z1", account=OTHER)
    if is_known:
        scene.list("31:15", "z2")
    before = scene.daily(), scene.ledger.publication().gaps, scene.published()
    scene.ledger.apply(ACCOUNT.id, [late], 0)
    said = day_answer(MONDAY, "51:00", {"z1": 9})
    said = replace(said, question=replace(said.question, scope=ONE))
    assert scene.ledger.apply_days(ACCOUNT.id, [(DayPart(MONDAY, Portion.COUNTED), said)], 0) == []
    assert (scene.daily(), scene.ledger.publication().gaps, scene.published()) == before


def test_nothing_is_lost_of_a_zone_that_moves_before_its_first_day(tmp_path: Path) -> None:
    """What tells only days is counted from the next midnight on, wherever the zone is by then."""
    daily = replace(ZONES, timing=Counter(BY_DAY))
    scene = ZoneScene(tmp_path, daily)
    scene.list("09:50", "z1")
    scene.say(ONE, "10:00", {})
    scene.list("20:00", "z1", account=OTHER)
    scene.say(THERE, "20:05", {})
    (book,) = scene.ledger.publication().books
    assert book.state is not None
    assert (gap_of(scene.ledger, ONE), book.state.start, book.state.gap) == (timedelta(0), at("24:00"), timedelta(0))
    scene.ledger.close()


def test_a_zone_that_comes_back_begins_anew(scene: ZoneScene) -> None:
    """It is counted from its first answer on, and what was lost until then is added to the time lost before."""
    use(scene)
    scene.list("31:14", "z1", account=OTHER)
    scene.say(THERE, "31:16", {})
    scene.list("40:00", "z1", "z2")
    assert scene.ledger.open_from(THERE, ZONES.key) is None
    scene.say(ONE, "40:01", {})
    (book,) = (book for book in scene.ledger.publication().books if book.scope == ONE)
    assert book.state is not None
    assert (book.state.start, book.state.gap) == (at("40:01"), timedelta(minutes=5))
    assert gap_of(scene.ledger, ONE) is None
    scene.say(ONE, "40:30", {"40": {"z1": 3}})
    assert scene.totals(ONE) == {"z1": 3}
    assert {part.part for part in scene.days(ONE, "99:00")} <= {Portion.COUNTED}


@pytest.mark.parametrize("is_reset", [False, True])
def test_the_series_of_a_zone_that_comes_back_go_on(scene: ZoneScene, is_reset: bool) -> None:
    """The book is another, the label set the same, unless counters were reset meanwhile."""
    use(scene)
    assert scene.published()[ONE, "z1.example"] == 10
    scene.list("31:14", "z1", account=OTHER)
    if is_reset:
        scene.ledger.reset_counters()
    scene.list("40:00", "z1", "z2")
    scene.say(ONE, "40:01", {})
    assert scene.published()[ONE, "z1.example"] == (0 if is_reset else 10)
    scene.say(ONE, "40:02", {"40": {"z1": 3}})
    assert scene.published()[ONE, "z1.example"] == (3 if is_reset else 13)


@pytest.mark.parametrize("is_reopened", [False, True])
def test_a_reset_after_a_move_loses_no_time(scene: ZoneScene, is_reopened: bool) -> None:
    """The zone was counted all the while, so nothing is lost, and its open days are filled in as those of others."""
    use(scene)
    scene.list("31:14", "z1", account=OTHER)
    scene.say(THERE, "31:16", {})
    scene.say(THERE, "58:00", {"57": {"z1": 5}})
    if is_reopened:
        scene.reopen()
    scene.ledger.reset_counters()
    scene.say(THERE, "60:00", {})
    (book,) = (book for book in scene.ledger.publication().books if book.scope == THERE)
    assert book.state is not None
    assert (book.state.gap, gap_of(scene.ledger, ONE)) == (timedelta(0), timedelta(minutes=4))
    assert DayPart(date(2025, 10, 22), Portion.BEFORE) in scene.days(THERE, "99:00")
    scene.list("61:00", "z1", "z2")
    scene.say(ONE, "61:05", {})
    (book,) = (book for book in scene.ledger.publication().books if book.scope == ONE)
    assert book.state is not None
    assert book.state.gap == timedelta(minutes=9)


def test_series_that_did_not_come_back_are_not_forgotten_when_their_zone_leaves_again(scene: ZoneScene) -> None:
    """Each is remembered since it left itself."""
    used = {"10": {"z1": 5, ("z1", "error"): 7}}
    scene.say(ONE, "10:30", used)
    scene.say(ONE, "10:31", used)
    for clock in ("10:40", "11:10"):
        for minute in range(2):
            scene.list(f"{clock[:-1]}{minute}", "z2")
        scene.list(f"{clock[:-1]}5", "z1", "z2")
        scene.say(ONE, f"{clock[:-1]}6", {})
    for clock in ("11:20", "11:21"):
        scene.say(ONE, clock, {"11": {("z1", "error"): 3}})
    (book,) = (book for book in scene.ledger.publication().books if book.scope == ONE)
    assert {key.values: amount for _, key, amount in book.series} == {("success",): 5, ("error",): 10}


def test_a_zone_that_left_long_ago_is_forgotten(scene: ZoneScene) -> None:
    """The time that was lost of it goes with it, when the last daily sum that names it is gone."""
    use(scene)
    scene.list("31:14", "z1", account=OTHER)
    for clock in ("31:24", *(f"{24 * 402}:{minute}" for minute in range(0, 50, 10))):
        scene.list(clock, "z2")
    for _ in range(2):
        assert (ZONE, "z1") not in scene.ledger.roster(ACCOUNT.id)
        assert (gap_of(scene.ledger, ONE), gap_of(scene.ledger, TWO)) == (None, None)
        assert scene.totals(TWO) == {"z2": 20}
        scene.reopen()


def test_an_account_keeps_no_cost_of_a_zone_that_left(scene: ZoneScene) -> None:
    """The cost book of a zone ends with it."""
    use(scene)
    scene.list("31:14", "z1", account=OTHER)
    scene.reopen()
    assert {book.scope for book in scene.ledger.publication().list_costs} == {TWO}
    assert all(key_of(ZONES.key) != book.dataset.key for book in scene.ledger.publication().books)
