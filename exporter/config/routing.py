"""The section ``alerting.routing`` of the configuration: who is told of what, when, and where links lead."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from exporter.config.fields import Section, Word, check_url

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
TELEGRAM_URL = "https://api.telegram.org"
GRAFANA_EXAMPLE = "http://localhost:3000"
RUNBOOK_EXAMPLE = "https://github.com/example/cloudflare-exporter/blob/main"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

LAST_MINUTE = 24 * 60
"""The end of a day, in minutes from its beginning."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > 40:
        raise ValueError(
            "must be of at most 40 letters a to z, digits and hyphens, as in shop-eu: it is part of a file"
        )
    return text


def _check_weekdays(text: str) -> str:
    first, _, last = text.partition(":")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS or (":" in text and not last):
        raise ValueError("not a weekday such as saturday, nor days such as monday:friday")
    return text


def _check_span(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("not a time of day such as 22:00-06:00")
    start, end = _minutes(found[1], found[2]), _minutes(found[3], found[4])
    if start >= LAST_MINUTE or end > LAST_MINUTE or start == end:
        raise ValueError("not a time of day such as 22:00-06:00, up to 24:00")
    return text


def _check_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError):
        raise ValueError("not a time zone such as Europe/Berlin or UTC") from None
    except LookupError:
        # Where the system has no list of time zones, none can be told from a wrong one.
        if _has_zones():
            raise ValueError("not a time zone such as Europe/Berlin or UTC") from None
    return text


def _has_zones() -> bool:
    try:
        ZoneInfo("Europe/London")
    except LookupError:
        return False
    return True


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


Name = Annotated[str, AfterValidator(_check_name)]
Weekdays = Annotated[str, AfterValidator(_check_weekdays)]
Span = Annotated[str, AfterValidator(_check_span)]
Zone = Annotated[str, AfterValidator(_check_zone)]
GrafanaUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, GRAFANA_EXAMPLE))]
RunbookUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, RUNBOOK_EXAMPLE))]
PagerDutyUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, PAGERDUTY_URL))]
TelegramUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, TELEGRAM_URL))]


class Team(Section):
    """Who takes some alerts instead of everyone: those to which each list that is given applies."""

    name: Name = Field(
        description="The team's name; its secrets are the files SERVICE-NAME, such as slack-shop.", examples=["shop"]
    )
    projects: tuple[Word, ...] = Field(
        default=(), description="Globs on the label `project`; empty: any.", examples=[["shop", "shop-*"]]
    )
    products: tuple[Word, ...] = Field(
        default=(), description="Globs on the label `product`; empty: any.", examples=[["r2", "d1"]]
    )
    accounts: tuple[Word, ...] = Field(
        default=(), description="Globs on the label `account`; empty: any.", examples=[["production"]]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Team":
        if not (self.projects or self.products or self.accounts):
            raise ValueError("give at least one of projects, products, accounts (projects: ['*'] takes everything)")
        return self


class MuteTime(Section):
    """When warnings and infos are held back; what is critical is always told."""

    name: Name = Field(description="What the time is called.", examples=["nights"])
    weekdays: tuple[Weekdays, ...] = Field(
        default=(),
        description="Days, or ranges of days; empty: every day.",
        examples=[["monday:friday"]],
    )
    times: tuple[Span, ...] = Field(
        default=(),
        description="Times of day; one that ends before it begins ends on the next day; empty: all day.",
        examples=[["22:00-06:00"]],
    )
    time_zone: Zone = Field(
        default="UTC",
        description="Whose days and times they are: a name of the tz database.",
        examples=["Europe/Berlin"],
    )
    teams: tuple[Name, ...] = Field(
        default=(),
        description="Teams whose alerts are held back; empty: everyone's and those of all teams.",
        examples=[["shop"]],
    )

    @model_validator(mode="after")
    def _says_something(self) -> "MuteTime":
        if not (self.weekdays or self.times):
            raise ValueError("give weekdays or times, else nothing but critical alerts would ever be told")
        return self

    def days(self) -> frozenset[int]:
        """Return the days as numbers, from 0 for Monday."""
        found: set[int] = set()
        for text in self.weekdays:
            first, _, last = text.partition(":")
            start = WEEKDAYS.index(first)
            length = (WEEKDAYS.index(last or first) - start) % 7
            found |= {(start + step) % 7 for step in range(length + 1)}
        return frozenset(found) if self.weekdays else frozenset(range(7))

    def spans(self) -> tuple[tuple[int, int], ...]:
        """Return begin and end of each time of day, in minutes; an end not after its begin is on the next day."""
        found = [_SPAN.fullmatch(text) for text in self.times]
        return tuple((_minutes(each[1], each[2]), _minutes(each[3], each[4])) for each in found if each)


class Routing(Section):
    """Who is told of what, and when; the secrets of the services are files: see docs/alerting.md."""

    teams: tuple[Team, ...] = Field(
        default=(),
        description="Teams that take alerts instead of everyone; of several the first that matches.",
        examples=[[{"name": "shop", "projects": ["shop"]}]],
    )
    mute_times: tuple[MuteTime, ...] = Field(
        default=(),
        description="When warnings and infos are held back; they are told afterwards, if they still hold.",
        examples=[[{"name": "weekends", "weekdays": ["saturday", "sunday"]}]],
    )
    grafana_url: GrafanaUrl | None = Field(
        default=None,
        description="Where Grafana is: alerts then link to the dashboard, and so does the page at `/`.",
        examples=[GRAFANA_EXAMPLE],
    )
    runbook_url: RunbookUrl | None = Field(
        default=None,
        description="Where this repository can be read: alerts then link to `alerting/runbook.md` there.",
        examples=[RUNBOOK_EXAMPLE],
    )
    pagerduty_url: PagerDutyUrl = Field(
        default=PAGERDUTY_URL,
        description="Where PagerDuty takes events; of the EU: `https://events.eu.pagerduty.com/v2/enqueue`.",
    )
    telegram_api_url: TelegramUrl = Field(
        default=TELEGRAM_URL, description="Where Telegram's bots are served; another for a server of one's own."
    )

    @model_validator(mode="after")
    def _names_fit(self) -> "Routing":
        for what, names in (
            ("teams", [team.name for team in self.teams]),
            ("mute_times", [mute.name for mute in self.mute_times]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} is there twice")
        known = {team.name for team in self.teams}
        for mute in self.mute_times:
            unknown = sorted(set(mute.teams) - known)
            if unknown:
                raise ValueError(f"mute_times: {mute.name} names {', '.join(unknown)}, which teams does not have")
        return self
