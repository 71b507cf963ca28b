"""The vocabulary that every room shares: one word an idea, and the values that pass between rooms.

What there is
account       a Cloudflare account: the unit of permission, billing and failure
product       what Cloudflare sells and measures: Workers, R2, D1 …
asset         one thing of an account: a Worker, a bucket, a database, a namespace; identified by kind and id
parent        the asset that another belongs to, as a namespace to its Worker; a list may be that of one parent
trait         what a list says of an asset besides who it is: figures (numbers), states, details (words)
listing       the list of one kind of asset in one account; a listing failure says why there is none, a flaw what is
              wrong with it
inventory     all listings of one discovery of an account
roster        every asset ever seen of an account, an entry each
standing      how discovery knows an entry: listed, absent, unlisted, or a stranger that no list has decided on yet;
              named or unused where the kind has no list, and only usage names its assets
project       the group an asset belongs to, by rule, tag, parent or name prefix
placement     the project and name under which an asset's usage and cost are published
folded        published together as ``other``, because an account has too many assets for series of their own

What is asked
scope         what a question is about and a book belongs to: an account, or one of its zones
principal     one token, as a way of asking Cloudflare; tokens of one user share a request budget
discovery     reading the lists of an account's assets
dataset       a GraphQL analytics field, e.g. ``workersInvocationsAdaptive``, or a REST resource, asked in one way
reader        what asks Cloudflare about datasets by one API, for one principal
dimension     what Cloudflare groups a dataset by; it becomes a label, or several
question      "how much of this dataset between two minutes"; cut into pieces where it does not fit a page
answer        the rows that Cloudflare gave to a question, by hour, with the answer's own date
refresh       one round of asking: every account that the request budget allows, then one publication
pace          how often a dataset is asked, by how recently it had data; without any for a day it is idle
ranking       the words of a closed day with the highest amounts, of a label that keeps only some; asked once a day
choice        the words that such a label keeps, from a UTC midnight on; all others are one, called other
grant         what one refresh lets an account do: ask for usage, read its lists
audit         asking about a closed day once more, 26 hours after its end, when late usage has arrived
history fill  asking about the days before counting began, for the daily sums only; also about what final days lack
overview      the question whether a dataset had any rows at all in the days to fill in
source        what is read beside usage, each at its own interval: the age of the prices, a provider's status …
poll          asking a source once; a poll that succeeds gives a reading

What is counted
amount        an integer in the smallest unit of a field (floats of the API in millionths)
row           the amounts of one asset and one set of words
word          Cloudflare's value of a dimension, before a label classifies it
text          a word that is free text: the value of its label is a short hash, and the API and the page tell it
book          what the ledger keeps of one dataset of one scope: counters, or gauges
grain         how finely a dataset tells time: by the minute, the hour, the day, or the moment without an hour
open hour     an hour whose amounts an answer may still replace; a settled hour is final but for the audit
open day      the same of a dataset that tells only days; once settled it is final, for it waits for what an audit would
total         the amount of a row since the dataset's start, never falling
revision      a row that Cloudflare put lower than an earlier answer did
reading       the newest value of a gauge, with the hour or window it is from; or what a source said when last polled
series        one exposed time series; it grows by the increases of the rows placed in it
birth         the publication of a new series as 0, or of one that comes back at what it had, until a scrape has seen it
pruning       forgetting an asset that left, once no daily sum, kept row or exposed series names it
departure     the end of the series of a placement that no asset has any more; what they had is kept for 35 days
meter         what an invoice counts; daily sums are kept per meter, and for a month each day's hours
tally         what is counted of any asset: requests, errors; it has daily sums and hours like a meter, and no price
rest          the part of a daily sum that belongs to no hour: what audits and the history fill said of the whole day

What it costs
cycle         the billing cycle of an account, and nothing else
tariff        the list price of the smallest unit of a meter (``exporter.billing`` has the other terms of bills)
rating        turning the usage of a cycle into the dollars of an invoice line
attribution   sharing out an invoice line over assets and projects
list cost     usage at its list price, without what a plan includes; counted like usage

What is published
status        how an account, a dataset, a list or a source stands, since when
problem       something that is wrong: with what, since when, what happened (detail), what to do (remedy)
snapshot      everything that is published, at one moment
view          assets, projects, usage or health as the API, the status page and the commands show them
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import add
from typing import NamedTuple

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

UNASSIGNED = "unassigned"
UNLISTED = "(unlisted)"
OTHER = "other"
ACCOUNT_ITSELF = "(account)"

MOST_ASSETS = 50_000
"""The largest number of assets, of all kinds, that an account has series of: more would be too much for Prometheus."""

DISPATCH_PREFIX = "dispatch:"
"""The prefix of row ids of scripts in a dispatch namespace, which no list contains; the namespace's name follows."""

NAME_PREFIX = "name:"
"""The prefix of row ids of rows that carry a name but no id; the name follows."""

RowKey = tuple[str, tuple[str, ...]]
"""Asset id and Cloudflare's words, in the order of the dataset's ``words``."""

DailyKey = tuple[date, str, str]
"""UTC day, asset id and the id of a meter or tally."""

HourKey = tuple[datetime, str, str]
"""Start of a UTC hour, asset id and the id of a meter or tally."""

Amounts = tuple[int, ...]
"""One integer per field of the dataset."""

Rows = Mapping[RowKey, Amounts]

RETENTION = timedelta(days=31)
"""How long data are kept if Cloudflare doesn't say, from the products' analytics pages."""

UNKNOWN = -1
"""The amount of a state or window field that the account's plan does not have."""


class Scope(NamedTuple):
    """What a question is about and a book belongs to: an account, or one of its zones, by their ids."""

    account_id: str
    zone_id: str = ""

    @classmethod
    def of(cls, text: str) -> "Scope":
        """Read a scope's ``text``."""
        account_id, _, zone_id = text.partition("/")
        return cls(account_id, zone_id)

    @property
    def text(self) -> str:
        """Return the account's id, for a zone followed by ``/`` and the zone's."""
        return f"{self.account_id}/{self.zone_id}" if self.zone_id else self.account_id


PublishedKey = tuple[Scope, str]
"""A scope and the name under which the state and freshness of one of its datasets are published."""

ZONE = "zone"
"""The kind of asset that zones are."""


class BookKey(NamedTuple):
    """What identifies a book: its scope and the key of its dataset."""

    scope: Scope
    dataset: str


class ExporterError(Exception):
    """A fault that a person has to read: ``detail`` says what failed, for what and why, ``remedy`` what to do.

    A remedy is short, and contains nothing that varies from one occurrence to the next, since it becomes a label.
    """

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(f"{detail} {remedy}".rstrip(" "))
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Account:
    """An account as Cloudflare lists it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset as discovery lists it; times and tags as far as the list gives them."""

    kind: str
    id: str
    name: str
    created: datetime | None = None
    modified: datetime | None = None
    tags: tuple[str, ...] = ()
    parent: str = ""
    """The asset that this one belongs to: its id if it has a list of its own children, else its name."""
    stem: str = ""
    """The name without what Cloudflare puts before it (an R2 jurisdiction); empty if it is the name."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What its list says of an asset besides who it is, in the order of the tables of its kind.

    ``figures`` are the numbers in millionths, of each figure those of its parts (None: the list lacks it); ``states``
    are the words of the states that hold, ``details`` those of the details. Figures and states that are too old to be
    shown are empty.
    """

    figures: tuple[tuple[int | None, ...], ...] = ()
    states: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


NO_TRAITS = Traits()


class Placement(NamedTuple):
    """The project and the name under which an asset's usage and cost are published."""

    project: str
    asset: str


@dataclass(frozen=True, slots=True)
class ListingFlaw:
    """What is wrong with a list that could be read: ``outcome`` is one word for it, ``reason`` the sentence.

    ``remedy`` says what to do; nothing needs to be done about a mere hint.
    """

    outcome: str
    reason: str
    remedy: str = ""
    is_hint: bool = False


@dataclass(frozen=True, slots=True)
class AccountList:
    """The accounts that a token lists; see ``Listing``."""

    accounts: tuple[Account, ...]
    flaw: ListingFlaw | None = None
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class ListingFailure:
    """A kind that could not be listed: ``outcome`` is one word for why, ``reason`` the sentence, ``remedy`` what to do.

    It is ``final`` if asking again soon will not help (a missing permission).
    """

    kind: str
    reason: str
    final: bool
    outcome: str = "failed"
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All assets of one kind in one account, as one discovery saw them.

    Unless it ``is_complete``, what it lacks may still be there. ``unread`` says, by the id of a parent, why its
    children could not be listed; the assets lack these. ``traits`` are by the id of the asset, if its kind has any.
    """

    kind: str
    assets: tuple[Asset, ...]
    flaw: ListingFlaw | None = None
    is_complete: bool = True
    unread: Mapping[str, ListingFailure] = field(default_factory=dict)
    traits: Mapping[str, Traits] = field(default_factory=dict)

    @property
    def failure(self) -> ListingFailure | None:
        """Return why the children of some parent could not be listed; None if all could."""
        first = next(iter(self.unread.values()), None)
        others = len(self.unread) - 1
        if first is None or not others:
            return first
        return replace(first, reason=f"{first.reason} Nor could {others} more of these lists be read.")


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one discovery of an account found, kind by kind.

    ``parents`` has the kind of the parents of a kind; kinds that are ``named`` have no list: only usage names them.
    """

    account: Account
    date: datetime
    listings: Mapping[str, Listing | ListingFailure]
    parents: Mapping[str, str] = field(default_factory=dict)
    named: frozenset[str] = frozenset()

    @property
    def failures(self) -> Mapping[str, ListingFailure]:
        """Return why a kind could not be listed, or not completely, by kind."""
        found = {kind: each.failure if isinstance(each, Listing) else each for kind, each in self.listings.items()}
        return {kind: failure for kind, failure in found.items() if failure is not None}

    @property
    def is_readable(self) -> bool:
        """Whether no kind is missing for a passing reason."""
        return all(isinstance(found, Listing) or found.final for found in self.listings.values())

    @property
    def is_settled(self) -> bool:
        """Whether it is readable, and reading it again soon would show nothing else."""
        is_complete = (found.is_complete for found in self.listings.values() if isinstance(found, Listing))
        return self.is_readable and all(is_complete)


class Choice(NamedTuple):
    """The words that a label keeps from a UTC midnight on, until the next choice; all others are one."""

    since: datetime
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a scope's dataset (by its key) in [since, until); both on whole minutes.

    One that is ``by_day`` is about a day that is over: amounts of usage are then those of the whole day, filed under
    its start; stored amounts are still given by the hour. The same is asked again after each ``interval``, unless that
    fails. If it ``asks_newest``, the newest minute with data is asked too; else the hours that have rows tell it.
    One that ``is_overview`` asks whether there was anything at all: its amounts are all that was used, of no asset.
    One with an ``asset_id`` is about that asset only, and what can tell only of its own moment answers for that.
    ``choices`` are those that hold in its time, oldest first; before the first, no word is kept. One that
    ``is_ranking`` asks which words had the highest amounts: its rows are of no asset, and have only a word.
    """

    scope: Scope
    dataset: str
    since: datetime
    until: datetime
    by_day: bool = False
    interval: timedelta = MINUTE
    asks_newest: bool = False
    is_overview: bool = False
    asset_id: str = ""
    choices: tuple[Choice, ...] = ()
    is_ranking: bool = False

    @property
    def is_coarse(self) -> bool:
        """Whether its rows are of no asset and no hour, so that none can be counted."""
        return self.is_overview or self.is_ranking

    @property
    def book(self) -> BookKey:
        """Return the key of the book that an answer is applied to."""
        return BookKey(self.scope, self.dataset)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that Cloudflare gave to a question.

    ``hours`` holds only hours (or days) with rows, keyed by their start; ``date`` is the answer's own ``Date``;
    ``newest`` is the newest minute of the question that holds data; where it was not asked, the newest hour.
    ``sample_interval`` is how coarsely Cloudflare sampled (1: exact), and ``sampled`` names the hours whose amounts are
    estimates. Cloudflare keeps such data for ``retention``, and the same is asked again after about ``interval`` if
    that is longer than the dataset wants. ``names`` are those that rows have beside the ids of assets, by id.
    """

    question: Question
    date: datetime
    hours: Mapping[datetime, Rows]
    newest: datetime | None = None
    sample_interval: Decimal = Decimal(1)
    sampled: frozenset[datetime] = frozenset()
    retention: timedelta = RETENTION
    interval: timedelta = timedelta(0)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayProgress:
    """How far the audit and the history fill of a dataset have come.

    Everything counted before ``audited_until`` is final (None: nothing is counted), and ``unfilled_days`` are still to
    be asked about: before counting began, or for a meter that was added since.
    """

    audited_until: datetime | None
    unfilled_days: int


def merge_rows(into: dict[RowKey, Amounts], rows: Rows) -> None:
    """Add ``rows`` to ``into``: the amounts of rows with the same key are added field by field."""
    for key, amounts in rows.items():
        known = into.get(key)
        into[key] = amounts if known is None else tuple(map(add, known, amounts))


def floor_minute(moment: datetime) -> datetime:
    """Return the start of the minute."""
    return moment.replace(second=0, microsecond=0)


def floor_hour(moment: datetime) -> datetime:
    """Return the start of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def floor_day(moment: datetime) -> datetime:
    """Return the start of the UTC day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def ceil_day(moment: datetime) -> datetime:
    """Return the end of the UTC day; the moment itself if it is midnight."""
    midnight = floor_day(moment)
    return midnight if midnight == moment else midnight + DAY


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time of Cloudflare's as aware UTC; raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"'{text}' is out of range in UTC") from None


def format_time(moment: datetime) -> str:
    """Return the RFC 3339 form that Cloudflare's filters take, e.g. ``2025-10-20T10:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
