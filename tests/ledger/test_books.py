"""The parts of a ledger: a change is worked out beside each of them, and only what is taken over changes it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from exporter.catalog.dataset import Dataset
from exporter.config.selection import Selection
from exporter.ledger.books import Books
from exporter.ledger.counter_books import ApplyContext
from exporter.ledger.last_use import LastUse
from exporter.ledger.list_cost import key_of
from exporter.ledger.loading import StoredBooks
from exporter.ledger.plans import plan_datasets
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.rosters import Rosters
from exporter.ledger.store.change import LedgerChange
from exporter.model import UNASSIGNED, Answer, BookKey, Placement
from tests.ledger.factories import ACCOUNT, CALLS, KIND, SCOPE, FlatTariff, answer, at, failed, inventory, worker
from tests.ledger.gauge_scene import SPEED, STOCK, stock_rows

SHOP = Placement(UNASSIGNED, "shop")
ROSTER: Mapping[RosterKey, Entry] = {
    (KIND, "w1"): Entry(worker("w1", "shop"), Standing.LISTED, at("09:00"), project=UNASSIGNED)
}
KEY = BookKey(SCOPE, CALLS.key)
COST = BookKey(SCOPE, key_of(CALLS.key))


def empty(*datasets: Dataset) -> Books:
    """Return books in which nothing is counted yet."""
    return Books(plan_datasets(datasets), StoredBooks({}, {}, {}), FlatTariff())


def change_by(books: Books, said: Answer, commit_number: int = 2) -> LedgerChange:
    """Return what an answer changes in books; every commit before has been scraped."""
    change = LedgerChange()
    context = ApplyContext(ACCOUNT.id, ROSTER, commit_number - 1, commit_number, ACCOUNT.name, lambda *_: {})
    books.apply(change, said, context)
    return change


def begun(*datasets: Dataset) -> Books:
    """Return books that began to count calls at ten."""
    books = empty(*datasets)
    books.take(change_by(books, answer(at("09:00"), "10:00", {})))
    return books


def amounts(books: Books) -> tuple[list[int], list[int]]:
    """Return the amounts of the series of usage and of list cost."""
    usage, costs = (counters.all().values() for counters in (books.usage, books.costs.counters))
    return (
        [series.amount for book in usage for there in book.series.values() for series in there.values()],
        [series.amount for book in costs for there in book.series.values() for series in there.values()],
    )


def test_an_answer_changes_nothing_until_it_is_taken_over() -> None:
    """Usage and its cost stay as they were while a change is worked out, and move together."""
    books = begun(CALLS)
    first = change_by(books, answer(at("10:00"), "10:01", {"10": {"w1": 4}}), 3)
    assert amounts(books) == ([0], [])
    books.take(first)
    assert amounts(books) == ([4], [0])
    books.take(change_by(books, answer(at("10:00"), "10:02", {"10": {"w1": 4}}), 4))
    assert amounts(books) == ([4], [28])


def test_list_cost_is_apart_from_usage() -> None:
    """A change of usage holds its cost under a key of its own, and no question is asked about that."""
    books = empty(CALLS)
    change = change_by(books, answer(at("09:00"), "10:00", {}))
    assert (set(change.books), set(change.costs)) == ({KEY}, {COST})
    books.take(change)
    assert books.open_from(COST) is None
    assert books.open_from(KEY) == at("10:00")


def test_a_metered_variant_of_a_dataset_has_a_cost_of_its_own() -> None:
    """The cost of each way of asking for a dataset is counted in its own book."""
    variant = replace(CALLS, variant="zone")
    books = begun(CALLS, variant)
    books.take(change_by(books, answer(at("09:00"), "10:00", {}, dataset=variant.key)))
    assert set(books.costs.counters.all()) == {COST, BookKey(SCOPE, "calls/zone/list-cost")}


def test_a_state_goes_to_the_gauges_and_its_cost_to_the_counters() -> None:
    """What is stored opens no hours of usage; a window costs nothing."""
    books = empty(STOCK, SPEED)
    said = answer(at("09:00"), "10:00", {}, dataset=STOCK.key)
    stock = change_by(books, replace(said, hours={at("09:00"): stock_rows({"w1": 5})}))
    speed = change_by(books, answer(at("09:00"), "10:00", {}, dataset=SPEED.key))
    assert (set(stock.books), set(stock.readings), set(stock.costs)) == (
        set(),
        {BookKey(SCOPE, STOCK.key)},
        {BookKey(SCOPE, key_of(STOCK.key))},
    )
    assert (set(speed.books), set(speed.readings), set(speed.costs)) == (set(), {BookKey(SCOPE, SPEED.key)}, set())
    assert books.open_from(BookKey(SCOPE, STOCK.key)) is None
    books.take(stock)
    assert books.open_from(BookKey(SCOPE, STOCK.key)) == at("09:00")


def test_a_change_names_the_counters_that_it_touches_as_they_were() -> None:
    """What is written knows the books before it; one that begins has none."""
    books = empty(CALLS)
    assert books.find_touched(change_by(books, answer(at("09:00"), "10:00", {}))) == {}
    books = begun(CALLS)
    touched = books.find_touched(change_by(books, answer(at("10:00"), "10:01", {"10": {"w1": 4}})))
    assert {key: book.open for key, book in touched.items()} == {KEY: {}, COST: {}}


def test_counters_that_lose_a_placement_are_found() -> None:
    """Only books with series there lose it, and only of its kind."""
    books = begun(CALLS)
    assert books.find_left(ACCOUNT.id, {KIND: frozenset({SHOP})}) == {KEY: frozenset({SHOP})}
    assert books.find_left(ACCOUNT.id, {"bucket": frozenset({SHOP})}) == {}
    assert books.find_left("b" * 32, {KIND: frozenset({SHOP})}) == {}


def test_a_discovery_changes_no_roster_until_it_is_taken_over() -> None:
    """Entries are worked out beside the roster."""
    rosters = Rosters({})
    changed = rosters.discover(inventory("10:00", [worker("w1", "shop")]), set(), {}, Selection())
    assert rosters.of_account(ACCOUNT.id) == {}
    rosters.take(LedgerChange(roster={ACCOUNT.id: changed}))
    assert rosters.of_account(ACCOUNT.id) == changed != {}


def test_a_placement_is_vacated_when_its_last_asset_leaves_it() -> None:
    """A name that another asset has is not vacated."""
    other = Entry(worker("w2", "shop"), Standing.LISTED, at("09:00"), project=UNASSIGNED)
    moved = {(KIND, "w1"): replace(ROSTER[KIND, "w1"], asset=worker("w1", "store"))}
    alone, together = Rosters({ACCOUNT.id: dict(ROSTER)}), Rosters({ACCOUNT.id: {**ROSTER, (KIND, "w2"): other}})
    assert alone.find_vacated(ACCOUNT.id, moved) == {KIND: frozenset({SHOP})}
    assert together.find_vacated(ACCOUNT.id, moved) == {}


def test_an_asset_of_an_unlistable_kind_is_no_stranger() -> None:
    """Nobody waits for a list that Cloudflare will not give."""
    rosters = Rosters({})
    (waiting,) = rosters.meet(ACCOUNT.id, KIND, {}, ["w9"], at("10:00")).values()
    assert (waiting.standing, rosters.is_discovered(ACCOUNT.id)) == (Standing.STRANGER, False)
    rosters.take_failures(failed("10:01", final=True))
    (decided,) = rosters.meet(ACCOUNT.id, KIND, {}, ["w9"], at("10:02")).values()
    assert (decided.standing, rosters.is_discovered(ACCOUNT.id)) == (Standing.UNLISTED, True)


def test_the_last_use_is_the_newest_hour_of_all_answers_of_a_change() -> None:
    """An older hour of a later answer changes nothing, and nothing is known before it is taken over."""
    known: dict[str, dict[RosterKey, datetime]] = {}
    last_use, change = LastUse(known), LedgerChange()
    last_use.add(change, ACCOUNT.id, KIND, answer(at("10:00"), "12:00", {"10": {"w1": 1}, "11": {"w1": 1}}))
    last_use.add(change, ACCOUNT.id, KIND, answer(at("10:00"), "12:00", {"10": {"w1": 1}, "11": {"w2": 0}}))
    assert last_use.all() == {}
    last_use.take(change)
    assert last_use.all() == {ACCOUNT.id: {(KIND, "w1"): at("11:00")}}
