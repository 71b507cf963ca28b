"""What a check finds, as values that become a table or JSON. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from exporter.cloudflare import DatasetLimits
from exporter.model import Account

TOKEN_LINK = "the token link"
"""How remedies call the link that a report ends with."""


class Level(StrEnum):
    """How bad a finding is: a warning works otherwise than one may think, an error does not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Topic(StrEnum):
    """What a finding is about, in the order in which it is shown."""

    CONFIGURATION = "configuration"
    TOKENS = "tokens"
    PERMISSIONS = "permissions"
    DATASETS = "datasets"
    REQUESTS = "requests"
    STATE_FOLDER = "state_folder"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it means and, unless it is ok, what to do.

    ``token`` and ``account`` say with which token and for which account, where it is about one. The message names
    neither, so that what holds for many accounts reads the same.
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
    """How a dataset of an account stands: ``state`` is ok, unavailable, failing or untried.

    ``limits`` are None if Cloudflare did not say them.
    """

    account: Account
    dataset: str
    state: str
    limits: DatasetLimits | None


@dataclass(frozen=True, slots=True)
class ApiNeed:
    """What one API is asked in a round of all accounts, and how often that is possible.

    ``requests`` are those of a round, ``allowance`` those of five minutes, which is ``share`` of Cloudflare's limit.
    ``configured`` is how often a round is wanted, ``interval`` how often there is one.
    """

    requests: int
    allowance: int
    share: float
    configured: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Need:
    """What the accounts of one request budget need: a refresh by GraphQL, a discovery by REST."""

    group: str
    tokens: tuple[str, ...]
    accounts: int
    assets: int
    graphql: ApiNeed
    rest: ApiNeed


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that a check found.

    ``link`` opens Cloudflare's form for a token with every permission that is needed. ``requests`` counts what the
    check itself asked, by API. A configuration that cannot be used is refused, and then nothing else was looked at.
    """

    findings: tuple[Finding, ...]
    datasets: tuple[DatasetTrial, ...] = ()
    needs: tuple[Need, ...] = ()
    link: str = ""
    requests: tuple[tuple[str, int], ...] = ()
    is_refused: bool = False

    def count(self, level: Level) -> int:
        """Return how many findings have a level."""
        return sum(finding.level is level for finding in self.findings)

    @property
    def wants_link(self) -> bool:
        """Return whether something is to be done with the token link."""
        return bool(self.link) and any(TOKEN_LINK in finding.remedy for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """Return 0 if there is no error, 1 if something will not work, 2 if the configuration cannot be used."""
        if self.is_refused:
            return 2
        return 1 if self.count(Level.ERROR) else 0


def refusal(message: str) -> CheckReport:
    """Return the report on a configuration that cannot be used."""
    return CheckReport((Finding(Topic.CONFIGURATION, Level.ERROR, "configuration", message),), is_refused=True)
