"""The world of the simulated Cloudflare: accounts, assets with their names over time, tokens, limits. Only values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Literal

from exporter.simulator.arrival import Curve
from exporter.simulator.incident import Incident

DEFAULT_CREATED = datetime(2024, 1, 1, tzinfo=UTC)
NO_LATENESS = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A part of an account that has usage.

    ``weight`` is its mean number of events per minute, ``growth`` the daily increase of that in thousandths, starting
    over every 90 days. ``renames`` lists (from when, name) in order. It exists from ``created`` until ``deleted``.
    Of its ``incidents`` those happen that its kind has a burst for.
    """

    kind: ClassVar[str]

    id: str
    name: str
    created: datetime = DEFAULT_CREATED
    deleted: datetime | None = None
    renames: tuple[tuple[datetime, str], ...] = ()
    weight: int = 10
    growth: int = 0
    incidents: tuple[Incident, ...] = ()

    def name_at(self, when: datetime) -> str:
        """Return the name at ``when``."""
        valid = self.name
        for since, name in self.renames:
            if since <= when:
                valid = name
        return valid

    def exists_at(self, when: datetime) -> bool:
        """Return whether the asset exists at ``when``."""
        return self.created <= when and (self.deleted is None or when < self.deleted)


@dataclass(frozen=True, kw_only=True)
class Worker(Asset):
    """A Worker script; ``id`` is the immutable tag. Scripts of a dispatch namespace are never listed."""

    kind = "worker"

    tags: tuple[str, ...] = ()
    listed: bool = True
    dispatch_namespace: str = ""
    cpu_microseconds: int = 2_400


@dataclass(frozen=True, kw_only=True)
class Stored(Asset):
    """An asset that stores data: ``stored_bytes`` at creation, then ``growth_bytes`` more each day.

    With ``cycle_days`` the size starts over after that many days.
    """

    stored_bytes: int = 50_000_000
    growth_bytes: int = 1_000_000
    cycle_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Bucket(Stored):
    """An R2 bucket. Its name is its identity: if it is created again under the same name, it is a second value."""

    kind = "bucket"

    id: str = ""
    jurisdiction: str = "default"
    location: str = "weur"
    storage_class: str = "Standard"

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.analytics_name)

    @property
    def analytics_name(self) -> str:
        """Return the name in GraphQL, where buckets of a jurisdiction have a prefix."""
        return self.name if self.jurisdiction == "default" else f"{self.jurisdiction}_{self.name}"


@dataclass(frozen=True, kw_only=True)
class BucketLists(Asset):
    """The account's own ListBuckets calls, which GraphQL shows with an empty bucket name."""

    kind = "bucket_lists"

    id: str = "bucket-lists"
    name: str = ""
    weight: int = 1


@dataclass(frozen=True, kw_only=True)
class Database(Stored):
    """A D1 database; ``rows_per_query`` large means that it scans its tables."""

    kind = "database"

    version: str = "production"
    rows_per_query: int = 12


@dataclass(frozen=True, kw_only=True)
class ObjectNamespace(Stored):
    """A Durable Object namespace with ``objects`` objects."""

    kind = "object_namespace"

    class_name: str = "Object"
    script: str = ""
    use_sqlite: bool = True
    objects: int = 2


@dataclass(frozen=True, kw_only=True)
class KvNamespace(Stored):
    """A KV namespace; its name is the title."""

    kind = "kv_namespace"


@dataclass(frozen=True, kw_only=True)
class Queue(Asset):
    """A queue with numbers of producers and consumers, whose backlog comes and goes."""

    kind = "queue"

    producers: int = 1
    consumers: int = 1
    is_paused: bool = False
    retention_seconds: int = 345_600


@dataclass(frozen=True, kw_only=True)
class QueueConsumer(Asset):
    """What takes the messages of a ``queue``, by its id; it has no name of its own."""

    kind = "queue_consumer"

    name: str = ""
    queue: str = ""
    type: Literal["worker", "http_pull"] = "worker"
    script: str = ""
    batch_size: int = 10
    max_wait_milliseconds: int = 5_000


@dataclass(frozen=True, kw_only=True)
class Zone(Asset):
    """A zone; its name is the domain. Datasets in ``disabled_datasets`` are not part of its plan."""

    kind = "zone"

    plan: Literal["free", "pro", "business", "enterprise"] = "free"
    status: Literal["initializing", "pending", "active", "moved"] = "active"
    disabled_datasets: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A service that an account pays per period. ``price`` is that of one period.

    Periods begin on the day of ``anchor``, at midnight UTC, in each month or year, or on a shorter month's last day.
    The subscription exists from ``started`` on, by default from the anchor.
    """

    public_name: str
    price: Decimal
    rate_plan_id: str
    anchor: datetime
    frequency: Literal["monthly", "yearly"] = "monthly"
    state: str = "Paid"
    currency: str = "USD"
    scope: Literal["account", "zone"] = "account"
    started: datetime | None = None

    @property
    def start(self) -> datetime:
        """Return the time at which the subscription began."""
        return self.anchor if self.started is None else self.started


@dataclass(frozen=True, kw_only=True)
class AccountModel:
    """An account: ``id`` has 32 hexadecimal digits. Datasets in ``disabled_datasets`` are not part of its plan.

    Before ``created`` the account does not exist, and nothing in it is used.
    Billable usage exists for a ``covered`` account only, below the one ``usage_path`` that it offers. The stored amount
    of a day is divided by ``storage_month_days``, or by the days of its billing cycle, to give months.
    """

    id: str
    name: str
    assets: tuple[Asset, ...] = ()
    created: datetime = DEFAULT_CREATED
    r2_enabled: bool = True
    disabled_datasets: frozenset[str] = frozenset()
    forbidden_jurisdictions: frozenset[str] = frozenset({"fedramp", "fedramp-high"})
    subscriptions: tuple[Subscription, ...] = ()
    covered: bool = False
    usage_path: Literal["billable-usage", "paygo-usage", "billing/usage/paygo"] = "billable-usage"
    storage_month_days: int | Literal["cycle"] = 30


TOKEN_STATUSES = frozenset({"active", "disabled", "expired", "revoked"})


@dataclass(frozen=True, kw_only=True)
class TokenModel:
    """A token. ``accounts`` None: all.

    ``permissions`` None: all, else of accounts, analytics, workers, r2, d1, kv, queues, stream, billing, zones,
    zone_analytics.
    Limits count per ``user``, or per token for one that an account owns (``owner`` is that account's id).
    ``status`` is one of TOKEN_STATUSES; for a revoked token verification does not even return the status.
    """

    token: str = field(repr=False)
    accounts: frozenset[str] | None = None
    permissions: frozenset[str] | None = None
    status: str = "active"
    user: str = "user"
    owner: str | None = None

    @property
    def principal(self) -> str:
        """Return the principal whose budget the token spends."""
        return self.user if self.owner is None else f"token of {self.owner}"

    def sees(self, account_id: str) -> bool:
        """Return whether the token can see the account."""
        return self.accounts is None or account_id in self.accounts

    def may(self, permission: str) -> bool:
        """Return whether the token has the permission."""
        return self.permissions is None or permission in self.permissions


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a dataset is sampled: one event in ``interval`` is kept when a question is wider than ``wider_than``.

    With ``noise``, in thousandths, each row is off by at most that, in either direction and differently in each answer
    (20: within 2 %). An answer with noise never claims to be exact: it reports an interval of at least 2 if the dataset
    reports one. Storage datasets, whose values are maxima, are not sampled.
    """

    interval: int
    wider_than: timedelta = timedelta(0)
    noise: int = 0


class AccountLimits(StrEnum):
    """What is done about a request that asks to be limited by account.

    https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/
    """

    HEEDED = "heeded"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Requests per five minutes, and limits of one question; None disables a request limit.

    Where limits by account are ``by_account`` heeded, ``graphql`` is the limit of each account and zone.

    ``not_older_than`` applies to datasets whose own retention is longer. A document may hold ``max_nodes`` datasets of
    an account, and of zones ``max_zone_nodes``, each dataset counted once a zone.
    As documented: https://developers.cloudflare.com/analytics/graphql-api/limits/
    """

    rest: int | None = 1_200
    graphql: int | None = 300
    by_account: AccountLimits = AccountLimits.HEEDED
    max_page_size: int = 10_000
    max_duration: timedelta = timedelta(days=31)
    not_older_than: timedelta = timedelta(days=90)
    max_fields: int = 30
    max_nodes: int = 50
    max_zones: int = 10
    max_zone_nodes: int = 10


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that determines the simulated Cloudflare's answers, apart from the time and the faults.

    ``lateness`` is the longest delay with which usage becomes visible; a curve in ``arrivals`` for a dataset, or else
    in ``arrival`` for all, takes precedence. Stored sizes become visible completely, at the end of either.
    All usage ends at ``quiet_from``.
    ``missing_fields`` names, per dataset, fields (``sum_requests``) that this Cloudflare does not know.
    """

    accounts: tuple[AccountModel, ...]
    tokens: tuple[TokenModel, ...] = ()
    seed: int = 1
    lateness: timedelta = NO_LATENESS
    arrival: Curve | None = None
    arrivals: Mapping[str, Curve] = field(default_factory=lambda: MappingProxyType({}))
    quiet_from: datetime | None = None
    sampling: Mapping[str, Sampling] = field(default_factory=lambda: MappingProxyType({}))
    missing_fields: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    limits: Limits = field(default_factory=Limits)
