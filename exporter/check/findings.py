"""The findings of a check, as values that become a table or JSON. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from exporter.cloudflare import DatasetLimits
from exporter.model import Account

TOKEN_LINK = "the token link"
"""The name that remedies use for the link at the end of a report."""


class Level(StrEnum):
    """The severity of a finding: a warning may not work as expected, an error does not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Topic(StrEnum):
    """The part of the report that a finding belongs to, in the order of display."""

    CONFIGURATION = "configuration"
    TOKENS = "tokens"
    PERMISSIONS = "permissions"
    DATASETS = "datasets"
    REQUESTS = "requests"
    SOURCES = "sources"
    STATE_FOLDER = "state_folder"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one test: what it means and, unless it is ok, what to do.

    ``token`` and ``account`` are those that it is about, if any. The message names neither, so that findings that hold
    for many accounts read the same.
    """

    part: Topic
    level: Level
    subject: str
    message: str
    remedy: str = ""
    token: str = ""
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class DatasetTrial:
    """The state of an account's dataset: ``state`` is ok, unavailable, failing or untried.

    ``limits`` are None if Cloudflare did not give them.
    """

    account: Account
    dataset: str
    state: str
    limits: DatasetLimits | None


@dataclass(frozen=True, slots=True)
class ApiNeed:
    """The requests to one API in a round of all accounts, and how often that is possible.

    ``requests`` are those of a round, ``allowance`` those of five minutes, which is ``share`` of Cloudflare's limit.
    ``configured`` is the interval between rounds in the configuration, ``interval`` the possible one.
    """

    requests: int
    allowance: int
    share: float
    configured: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class ReadingNeed:
    """The REST requests in five minutes that readings of single assets take, and by how much their intervals grow."""

    requests: int
    stretch: float


@dataclass(frozen=True, slots=True)
class Need:
    """The requests needed by the accounts of one request budget: a refresh by GraphQL, a discovery by REST.

    ``readings`` is None if no dataset takes a request for each asset.
    """

    group: str
    tokens: tuple[str, ...]
    accounts: int
    assets: int
    graphql: ApiNeed
    rest: ApiNeed
    readings: ReadingNeed | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings of a check.

    ``link`` opens Cloudflare's form for a token with every permission needed. ``requests`` counts the check's own
    requests by API. A configuration that cannot be used is refused; then nothing else was checked.
    """

    findings: tuple[Finding, ...]
    datasets: tuple[DatasetTrial, ...] = ()
    needs: tuple[Need, ...] = ()
    link: str = ""
    requests: tuple[tuple[str, int], ...] = ()
    is_refused: bool = False

    def count(self, level: Level) -> int:
        """Return the number of findings with a level."""
        return sum(finding.level is level for finding in self.findings)

    @property
    def wants_link(self) -> bool:
        """Return whether some remedy refers to the token link."""
        return bool(self.link) and any(TOKEN_LINK in finding.remedy for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """Return 0 without errors, 1 if something will not work, 2 if the configuration cannot be used."""
        if self.is_refused:
            return 2
        return 1 if self.count(Level.ERROR) else 0


def refusal(message: str) -> CheckReport:
    """Return the report on an unusable configuration."""
    return CheckReport((Finding(Topic.CONFIGURATION, Level.ERROR, "configuration", message),), is_refused=True)
