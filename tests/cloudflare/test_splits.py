"""Where a question that does not fit into a page is cut, and what is remembered of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from exporter.catalog import DATASETS
from exporter.cloudflare import USUAL_LIMITS
from exporter.cloudflare.documents import Piece
from exporter.cloudflare.splits import Splits, split_piece
from exporter.model import Question, Scope

ACCOUNT = "a" * 32
SCOPE = Scope(ACCOUNT)
KV = DATASETS["kvOperationsAdaptiveGroups"]


def at(hour: int, minute: int = 0) -> datetime:
    """A moment of the day."""
    return datetime(2025, 10, 20, hour, minute, tzinfo=UTC)


def question(since: datetime, until: datetime) -> Question:
    """A question about KV."""
    return Question(SCOPE, KV.name, since, until, asks_newest=True)


def ranges(pieces: tuple[Piece, ...]) -> list[tuple[datetime, datetime]]:
    """The time ranges of pieces."""
    return [(piece.since, piece.until) for piece in pieces]


def test_a_range_of_hours_is_halved_on_a_whole_hour() -> None:
    """Hours stay whole, so that an answer's rows belong to one piece."""
    assert ranges(split_piece(Piece(KV, at(4), at(10, 17)), [])) == [(at(4), at(7)), (at(7), at(10, 17))]
    assert ranges(split_piece(Piece(KV, at(9), at(10, 1)), [])) == [(at(9), at(10)), (at(10), at(10, 1))]
    assert ranges(split_piece(Piece(KV, at(9, 50), at(10, 10)), [])) == [(at(9, 50), at(10)), (at(10), at(10, 10))]


def test_fields_are_shared_out_among_nodes() -> None:
    """Each is selected once, beside the dimensions and the sample interval; the newest minute is asked once."""
    d1 = DATASETS["d1AnalyticsAdaptiveGroups"]
    asked = replace(question(at(9), at(10, 17)), dataset=d1.name)
    for most, shares in ((8, [5]), (7, [4, 1]), (5, [2, 2, 1]), (1, [1] * 5)):
        pieces = Splits().pieces(ACCOUNT, d1, asked, replace(USUAL_LIMITS, most_fields=most))
        assert [len(piece.selected) for piece in pieces] == shares
        assert [entry for piece in pieces for entry in piece.selected] == [*d1.fields]
        assert [piece.newest_since for piece in pieces] == [*[None] * (len(shares) - 1), at(9)]


def test_within_an_hour_the_ids_are_halved() -> None:
    """The middle one of the page's ids begins the second half."""
    piece = Piece(KV, at(10), at(10, 17), newest_since=at(10))
    assert split_piece(piece, ["c", "a", "b", "a", "d"]) == (
        Piece(KV, at(10), at(10, 17), id_below="c"),
        Piece(KV, at(10), at(10, 17), id_from="c"),
    )


def test_a_range_of_ids_is_halved_again() -> None:
    """The outer bounds of a part stay."""
    piece = Piece(KV, at(10), at(11), id_from="a", id_below="m")
    assert split_piece(piece, ["a", "b"]) == (
        Piece(KV, at(10), at(11), id_from="a", id_below="b"),
        Piece(KV, at(10), at(11), id_from="b", id_below="m"),
    )


def test_one_id_within_an_hour_is_cut_by_minutes() -> None:
    """When only time is left, whole minutes are the last resort."""
    assert ranges(split_piece(Piece(KV, at(10), at(10, 17)), ["a", "a"])) == [
        (at(10), at(10, 8)),
        (at(10, 8), at(10, 17)),
    ]


def test_one_id_within_a_minute_cannot_be_cut() -> None:
    """Then there is nothing left to do."""
    assert split_piece(Piece(KV, at(10), at(10, 1)), ["a", "a"]) == ()


def test_a_window_is_cut_by_ids_only() -> None:
    """Quantiles of two halves of a window are not those of the window: it stays whole, even across an hour."""
    window = DATASETS["kvOperationsAdaptiveGroups/quantiles"]
    piece = Piece(window, at(9, 50), at(10, 5))
    assert split_piece(piece, ["a", "b", "b"]) == (replace(piece, id_below="b"), replace(piece, id_from="b"))
    assert split_piece(piece, ["a", "a"]) == ()


def test_what_a_window_needs_does_not_cut_its_dataset() -> None:
    """Cuts are remembered for each way in which a dataset is asked."""
    window = DATASETS["kvOperationsAdaptiveGroups/quantiles"]
    splits = Splits()
    piece = Piece(window, at(9, 50), at(10, 5))
    splits.remember(ACCOUNT, piece, split_piece(piece, ["a", "b"]))
    assert len(splits.pieces(ACCOUNT, window, Question(SCOPE, window.key, at(10), at(10, 15)), USUAL_LIMITS)) == 2
    assert len(splits.pieces(ACCOUNT, KV, question(at(4), at(8)), USUAL_LIMITS)) == 1


def day_question(since: datetime, until: datetime) -> Question:
    """A question about a part of a closed day."""
    return Question(SCOPE, KV.name, since, until, by_day=True)


def test_a_closed_day_is_asked_whole_and_without_its_newest_minute() -> None:
    """An unsampled dataset's day is one piece, from the very minute on at which counting began."""
    pieces = Splits().pieces(ACCOUNT, KV, day_question(at(9, 41), at(23)), USUAL_LIMITS)
    assert pieces == (Piece(KV, at(9, 41), at(23), by_day=True),)


def test_a_closed_day_is_cut_as_far_as_the_plan_allows() -> None:
    """Where a question may span eight hours, a day is three; cuts fall on whole hours."""
    limits = replace(USUAL_LIMITS, longest=timedelta(hours=8))
    pieces = Splits().pieces(ACCOUNT, KV, day_question(at(3, 41), at(23)), limits)
    assert ranges(pieces) == [(at(3, 41), at(11)), (at(11), at(19)), (at(19), at(23))]
    assert all(piece.by_day for piece in pieces)


def test_a_closed_day_of_a_dataset_that_hides_its_sampling_is_cut() -> None:
    """Such a dataset is not asked for more than two hours at once, if nothing tells how many events an hour had."""
    entry = DATASETS["durableObjectsPeriodicGroups"]
    pieces = Splits().pieces(ACCOUNT, entry, Question(SCOPE, entry.key, at(9, 41), at(14), by_day=True), USUAL_LIMITS)
    assert ranges(pieces) == [(at(9, 41), at(11)), (at(11), at(13)), (at(13), at(14))]


def test_what_hides_its_sampling_is_cut_once_an_hour_had_many_events() -> None:
    """In pieces of two hours, from the answer on that shows it; hours and days are judged apart."""
    entry, splits = DATASETS["r2OperationsAdaptiveGroups"], Splits()
    asked = Question(SCOPE, entry.key, at(4), at(10, 17))
    (whole,) = splits.pieces(ACCOUNT, entry, asked, USUAL_LIMITS)
    few = {at(hour): {("a", ("x",)): (6_000, 1, 1), ("b", ("x",)): (4_000, 1, 1)} for hour in range(4, 10)}
    assert splits.narrow(ACCOUNT, whole, few) == ()
    many = {**few, at(7): {("a", ("x",)): (6_000, 1, 1), ("b", ("x",)): (4_001, 1, 1)}}
    short = replace(whole, since=at(8, 17))
    assert splits.narrow(ACCOUNT, short, many) == ()
    pieces = [(at(4), at(6)), (at(6), at(8)), (at(8), at(10)), (at(10), at(10, 17))]
    assert ranges(splits.narrow(ACCOUNT, whole, many)) == pieces
    assert ranges(splits.pieces(ACCOUNT, entry, asked, USUAL_LIMITS)) == pieces
    assert len(splits.pieces(ACCOUNT, entry, replace(asked, by_day=True), USUAL_LIMITS)) == 1
    assert len(splits.pieces("b" * 32, entry, asked, USUAL_LIMITS)) == 1


def test_what_hours_need_does_not_cut_days() -> None:
    """A page that is full of hours says nothing about one of days, and the other way round."""
    splits = Splits()
    whole = Piece(KV, at(4), at(8))
    splits.remember(ACCOUNT, whole, split_piece(whole, []))
    assert len(splits.pieces(ACCOUNT, KV, day_question(at(4), at(8)), USUAL_LIMITS)) == 1
    day = Piece(KV, at(0), at(6), by_day=True)
    splits.remember(ACCOUNT, day, split_piece(day, []))
    assert ranges(splits.pieces(ACCOUNT, KV, day_question(at(4), at(8)), USUAL_LIMITS)) == [
        (at(4), at(7)),
        (at(7), at(8)),
    ]
    assert ranges(splits.pieces(ACCOUNT, KV, question(at(4), at(8)), USUAL_LIMITS)) == [(at(4), at(6)), (at(6), at(8))]


def test_a_sampled_day_is_cut_into_hours_then_quarters() -> None:
    """Finer pieces stay pieces of a day, and the next day is asked so at once."""
    splits = Splits()
    day = Piece(KV, at(9, 41), at(12), by_day=True)
    hours = splits.refine(ACCOUNT, day)
    assert ranges(hours) == [(at(9, 41), at(10)), (at(10), at(11)), (at(11), at(12))]
    assert ranges(splits.refine(ACCOUNT, hours[1])) == [
        (at(10, minute), at(10, minute) + timedelta(minutes=15)) for minute in (0, 15, 30, 45)
    ]
    assert all(piece.by_day for piece in hours)
    assert len(splits.pieces(ACCOUNT, KV, day_question(at(0), at(2)), USUAL_LIMITS)) == 8
    assert len(splits.pieces(ACCOUNT, KV, question(at(0), at(2)), USUAL_LIMITS)) == 1


def test_a_question_is_asked_whole_until_it_was_too_large() -> None:
    """Without experience one piece covers everything and asks for the newest minute."""
    assert Splits().pieces(ACCOUNT, KV, question(at(4), at(10, 17)), USUAL_LIMITS) == (
        Piece(KV, at(4), at(10, 17), newest_since=at(4)),
    )


def test_the_range_that_fits_is_remembered() -> None:
    """The next question comes in ranges no longer than the halves; only the last asks for the newest minute."""
    splits = Splits()
    whole = Piece(KV, at(4), at(8))
    splits.remember(ACCOUNT, whole, split_piece(whole, []))
    assert splits.count == 1
    assert splits.pieces(ACCOUNT, KV, question(at(5), at(10, 17)), USUAL_LIMITS) == (
        Piece(KV, at(5), at(7)),
        Piece(KV, at(7), at(9)),
        Piece(KV, at(9), at(10, 17), newest_since=at(5)),
    )


def test_the_shortest_range_counts() -> None:
    """A later, coarser cut does not lengthen the ranges again."""
    splits = Splits()
    for until in (6, 12):
        whole = Piece(KV, at(4), at(until))
        splits.remember(ACCOUNT, whole, split_piece(whole, []))
    assert ranges(splits.pieces(ACCOUNT, KV, question(at(8), at(10)), USUAL_LIMITS)) == [
        (at(8), at(9)),
        (at(9), at(10)),
    ]


def test_ids_to_cut_at_are_remembered() -> None:
    """Cuts by id are made again, at every range, and cover all ids without overlap."""
    splits = Splits()
    first = Piece(KV, at(10), at(10, 17))
    halves = split_piece(first, ["a", "k", "z"])
    splits.remember(ACCOUNT, first, halves)
    splits.remember(ACCOUNT, halves[0], split_piece(halves[0], ["a", "c"]))
    pieces = splits.pieces(ACCOUNT, KV, question(at(10), at(10, 18)), USUAL_LIMITS)
    assert pieces == (
        Piece(KV, at(10), at(10, 18), id_below="c"),
        Piece(KV, at(10), at(10, 18), id_from="c", id_below="k"),
        Piece(KV, at(10), at(10, 18), id_from="k", newest_since=at(10)),
    )


def test_accounts_and_datasets_are_remembered_apart() -> None:
    """What one account or dataset needs does not make another's questions smaller."""
    splits = Splits()
    whole = Piece(KV, at(4), at(8))
    splits.remember(ACCOUNT, whole, split_piece(whole, []))
    d1 = DATASETS["d1AnalyticsAdaptiveGroups"]
    assert len(splits.pieces("b" * 32, KV, question(at(4), at(8)), USUAL_LIMITS)) == 1
    assert len(splits.pieces(ACCOUNT, d1, Question(SCOPE, d1.name, at(4), at(8)), USUAL_LIMITS)) == 1
    assert len(splits.pieces(ACCOUNT, KV, question(at(4), at(8)), USUAL_LIMITS)) == 2
