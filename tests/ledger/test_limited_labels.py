"""Books of a label that keeps only some words: when a choice holds, and how the series of words begin and end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart
from exporter.ledger import Portion
from exporter.model import DAY, OTHER, Answer, Choice, Question
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, SCOPE, Scene, answer, at, other_program, worker

HOSTS = Dataset(
    name=CALLS.name,
    version=1,
    kind=CALLS.kind,
    id_dimension="tag",
    labels=(Label("host", "host", top=1),),
    fields=(Field("requests"),),
    metrics=(
        Metric("cloudflare_calls_total", "Calls.", (MetricPart("requests"),), labels=("host",), zeros=((OTHER,),)),
    ),
    meters=(Meter("calls", "requests"),),
)

EVERY_HOST = replace(HOSTS, labels=(Label("host", "host"),))

SUNDAY = MONDAY - DAY
RETENTION = timedelta(days=5)
X, Y, REST = ("w1", "x"), ("w1", "y"), ("w1", OTHER)


def ranking(day: date, clock: str, amounts: Mapping[str, int]) -> Answer:
    """Return what Cloudflare said at a moment about the busiest hosts of a day."""
    start = at("00:00") + (day - MONDAY)
    question = Question(SCOPE, HOSTS.key, start, start + DAY, is_ranking=True)
    return Answer(question, at(clock), {start: {("", (host,)): (amount,) for host, amount in amounts.items()}})


class Hosts(Scene):
    """A ledger on disk that has counted one Worker since 10:00, where ``x`` was the busiest host before."""

    def __init__(self, folder: Path, dataset: Dataset = HOSTS) -> None:
        super().__init__(folder, (dataset,))
        self.list("09:59", worker("w1", "shop"))
        first = answer(at("10:00"), "10:00", {})
        self.ledger.apply(ACCOUNT.id, [first, ranking(SUNDAY, "10:00", {"x": 9, "y": 1})], self._scraped)
        self.scrape()

    def rank(self, day: date, clock: str, amounts: Mapping[str, int]) -> None:
        """Apply a ranking alone."""
        self.ledger.apply(ACCOUNT.id, [ranking(day, clock, amounts)], self._scraped)

    def shown(self) -> dict[str, int]:
        """Return what is published, by host."""
        return {host: amount for (_, _, host), amount in self.series().items()}

    def choices(self, since: str, until: str) -> tuple[Choice, ...]:
        """Return what holds between two moments."""
        return self.ledger.choices(SCOPE, HOSTS.key, at(since), at(until))

    def change_to_y(self) -> None:
        """Let ``y`` be the busiest for two days, and all hours before Thursday settle."""
        self.rank(MONDAY, "25:30", {"y": 100})
        self.say_and_scrape("48:40", {})
        self.say_and_scrape("48:46", {})
        self.rank(MONDAY + DAY, "49:30", {"y": 100})
        self.say_and_scrape("71:50", {"71": {X: 1, REST: 1}})
        self.say_and_scrape("72:10", {"71": {X: 2, REST: 1}, "72": {Y: 4}})


def counted(folder: Path) -> Hosts:
    """Return a ledger that has settled five calls of ``x`` and two of the rest."""
    scene = Hosts(folder)
    for clock in ("11:00", "11:01", "11:40", "11:46"):
        scene.say_and_scrape(clock, {"10": {X: 5, REST: 2}})
    assert scene.shown() == {"x": 5, OTHER: 2}
    return scene


def changed(folder: Path) -> Hosts:
    """Return the ledger with ``y`` in the place of ``x``, whose last hour has settled; all that grew was scraped."""
    scene = counted(folder)
    scene.change_to_y()
    for clock in ("72:40", "72:46"):
        scene.say_and_scrape(clock, {"71": {X: 2, REST: 1}, "72": {Y: 4}})
    return scene


def test_the_first_choice_holds_at_once(tmp_path: Path) -> None:
    """It comes with the first answer, of which no row is counted."""
    scene = Hosts(tmp_path)
    assert scene.choices("10:00", "10:01") == (Choice(at("00:00"), ("x",)),)
    scene.reopen((HOSTS,))
    assert scene.choices("10:00", "10:01") == (Choice(at("00:00"), ("x",)),)


def test_later_choices_hold_from_the_next_midnight_on(tmp_path: Path) -> None:
    """Whatever the day that was ranked: hours up to which was asked were asked by another."""
    scene = Scene(tmp_path, (HOSTS,))
    scene.say("10:00", {})
    scene.ledger.apply(ACCOUNT.id, [ranking(SUNDAY, "10:05", {"x": 9})], 0)
    assert scene.ledger.choices(SCOPE, HOSTS.key, at("10:00"), at("24:00")) == ()
    assert scene.ledger.choices(SCOPE, HOSTS.key, at("10:00"), at("25:00")) == (Choice(at("24:00"), ("x",)),)


def test_a_ranking_before_counting_has_begun_is_of_no_use(tmp_path: Path) -> None:
    """It is asked again."""
    scene = Scene(tmp_path, (HOSTS,))
    scene.ledger.apply(ACCOUNT.id, [ranking(SUNDAY, "10:00", {"x": 9})], 0)
    assert scene.ledger.lacks_ranking(SCOPE, HOSTS.key, SUNDAY)


def test_each_day_that_was_used_is_ranked_once(tmp_path: Path) -> None:
    """A day without usage isn't."""
    scene = counted(tmp_path)
    assert not scene.ledger.lacks_ranking(SCOPE, HOSTS.key, SUNDAY)
    assert scene.ledger.lacks_ranking(SCOPE, HOSTS.key, MONDAY)
    assert not scene.ledger.lacks_ranking(SCOPE, HOSTS.key, MONDAY + DAY)
    scene.rank(MONDAY, "25:30", {"x": 5})
    assert not scene.ledger.lacks_ranking(SCOPE, HOSTS.key, MONDAY)
    scene.reopen((HOSTS,))
    assert not scene.ledger.lacks_ranking(SCOPE, HOSTS.key, MONDAY)


def test_a_word_that_leaves_ends_its_series_once_its_growth_is_seen(tmp_path: Path) -> None:
    """Not while an hour in which it was kept is open, nor before a scrape."""
    scene = counted(tmp_path)
    scene.change_to_y()
    assert scene.choices("48:00", "73:00") == (Choice(at("00:00"), ("x",)), Choice(at("72:00"), ("y",)))
    scene.list("72:11", worker("w1", "shop"))
    assert scene.shown() == {"x": 6, OTHER: 3, "y": 0}
    now = {"71": {X: 3, REST: 1}, "72": {Y: 4}}
    scene.say_and_scrape("72:40", now)
    scene.say("72:46", now)
    scene.list("72:47", worker("w1", "shop"))
    assert scene.shown() == {OTHER: 3, "y": 4}
    scene.reopen((HOSTS,))
    assert scene.shown() == {OTHER: 3, "y": 4}
    assert scene.ledger.totals(SCOPE, HOSTS.key) == {
        ("w1", ("x",)): (8,),
        ("w1", (OTHER,)): (3,),
        ("w1", ("y",)): (4,),
    }


def test_growth_that_nobody_has_seen_keeps_a_series(tmp_path: Path) -> None:
    """For five minutes at most."""
    scene = counted(tmp_path)
    scene.change_to_y()
    scene.say("72:40", {"71": {X: 4, REST: 1}, "72": {Y: 4}})
    scene.list("72:41", worker("w1", "shop"))
    assert scene.shown() == {"x": 9, OTHER: 3, "y": 4}
    scene.list("72:46", worker("w1", "shop"))
    assert scene.shown() == {OTHER: 3, "y": 4}


def test_late_usage_brings_a_series_back_where_it_left(tmp_path: Path) -> None:
    """As an audit finds it; then it ends again."""
    scene = changed(tmp_path)
    scene.list("72:47", worker("w1", "shop"))
    assert scene.shown() == {OTHER: 3, "y": 4}
    wednesday = MONDAY + 2 * DAY
    for clock in ("98:00", "98:06"):
        scene.audit(clock, {X: 6, REST: 1}, day=wednesday)
    assert scene.shown() == {"x": 7, OTHER: 3, "y": 4}
    scene.list("98:07", worker("w1", "shop"))
    assert scene.shown() == {"x": 7, OTHER: 3, "y": 4}
    scene.scrape()
    scene.say("98:08", {})
    assert scene.shown() == {"x": 11, OTHER: 3, "y": 4}
    scene.scrape()
    scene.list("98:09", worker("w1", "shop"))
    assert scene.shown() == {OTHER: 3, "y": 4}


def test_a_word_that_comes_back_goes_on(tmp_path: Path) -> None:
    """Within a month, from the amount with which it left."""
    scene = changed(tmp_path)
    scene.list("72:47", worker("w1", "shop"))
    scene.rank(MONDAY + 2 * DAY, "73:30", {"x": 900})
    scene.rank(MONDAY + 3 * DAY, "97:30", {"x": 900})
    assert scene.choices("96:00", "98:00")[-1].words == ("x",)
    scene.reopen((HOSTS,))
    scene.say("97:31", {"97": {X: 1}})
    assert scene.shown()["x"] == 7
    scene.scrape()
    scene.say("97:32", {"97": {X: 1}})
    assert scene.shown()["x"] == 8


def test_a_closed_day_is_asked_by_its_own_choice(tmp_path: Path) -> None:
    """What was counted of it; the time before counting fills daily sums only, which have no words."""
    scene = changed(tmp_path)
    tasks, _ = scene.ledger.find_day_tasks(SCOPE, HOSTS, at("99:00"), RETENTION)
    words = {
        (task.part.day, task.part.part): [choice.words for choice in task.question.choices]
        for task in tasks
        if task.question.until <= at("96:00")
    }
    assert words[MONDAY + 2 * DAY, Portion.COUNTED] == [("x",)]
    assert words[MONDAY, Portion.COUNTED] == [("x",)]
    assert words[MONDAY, Portion.BEFORE] == []
    assert scene.choices("72:00", "96:00") == (Choice(at("72:00"), ("y",)),)


def test_counters_that_start_again_choose_again(tmp_path: Path) -> None:
    """Nothing of what was chosen stays in the file."""
    scene = counted(tmp_path)
    scene.ledger.reset_counters()
    assert scene.choices("10:00", "36:00") == ()
    with other_program(tmp_path) as file:
        assert file.execute("SELECT count(*) FROM choice").fetchone() == (0,)
        assert file.execute("SELECT count(*) FROM ranking").fetchone() == (0,)


def test_a_label_that_begins_to_fold_is_another_from_midnight_on(tmp_path: Path) -> None:
    """Until then its rows have no word: else the rest would count what its words have already."""
    scene = Scene(tmp_path, (EVERY_HOST,))
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    for clock in ("11:00", "11:01"):
        scene.say_and_scrape(clock, {"10": {X: 5, Y: 2}})
    scene.reopen((HOSTS,))
    scene.list("11:02", worker("w1", "shop"))
    for clock in ("11:10", "11:11", "11:17"):
        scene.say_and_scrape(clock, {"10": {REST: 8}})
        scene.list(clock, worker("w1", "shop"))
    assert {host: amount for (_, _, host), amount in scene.series().items()} == {"": 1, OTHER: 0}
    for clock in ("24:10", "24:35", "24:41"):
        scene.say_and_scrape(clock, {"10": {REST: 8}, "11": {REST: 1}, "24": {REST: 3}})
        scene.list(clock, worker("w1", "shop"))
    assert scene.totals() == {("w1", ""): 9, ("w1", OTHER): 3}
    assert {host: amount for (_, _, host), amount in scene.series().items()} == {OTHER: 3}
