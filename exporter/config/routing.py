"""The section ``alerting.routing`` of the configuration: who is notified of what, when, and where links lead."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from exporter.alerts.links import AlertLinks
from exporter.config.fields import Section, Word, check_url

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
TELEGRAM_URL = "https://api.telegram.org"
GRAFANA_EXAMPLE = "http://localhost:3000"
RUNBOOK_EXAMPLE = "https://github.com/example/cloudflare-exporter/blob/main"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

LAST_MINUTE = 24 * 60
"""The end of a day, in minutes from its start."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > 40:
        raise ValueError(
            "must be at most 40 lowercase letters, digits and hyphens, such as shop-eu: it is part of a file name"
        )
    return text


def _check_weekdays(text: str) -> str:
    first, _, last = text.partition(":")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS or (":" in text and not last):
        raise ValueError("must be a weekday such as saturday or a range such as monday:friday")
    return text


def _check_span(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("must be a time range such as 22:00-06:00")
    start, end = _minutes(found[1], found[2]), _minutes(found[3], found[4])
    if start >= LAST_MINUTE or end > LAST_MINUTE or start == end:
        raise ValueError("must be a time range such as 22:00-06:00, not empty and at most until 24:00")
    return text


def _check_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError):
        raise ValueError("must be a time zone such as Europe/Berlin or UTC") from None
    except LookupError:
        # Without a time zone database on the system, valid and invalid names cannot be distinguished.
        if _has_zones():
            raise ValueError("must be a time zone such as Europe/Berlin or UTC") from None
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
    """A team that receives the alerts matching all of its lists; the default receivers do not get those."""

    name: Name = Field(
        description="The team's name; its secrets are files named SERVICE-NAME, such as slack-shop.", examples=["shop"]
    )
    projects: tuple[Word, ...] = Field(
        default=(), description="Globs matched against the label `project`; empty: any.", examples=[["shop", "shop-*"]]
    )
    products: tuple[Word, ...] = Field(
        default=(), description="Globs matched against the label `product`; empty: any.", examples=[["r2", "d1"]]
    )
    accounts: tuple[Word, ...] = Field(
        default=(), description="Globs matched against the label `account`; empty: any.", examples=[["production"]]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Team":
        if not (self.projects or self.products or self.accounts):
            raise ValueError("set at least one of projects, products, accounts (projects: ['*'] matches everything)")
        return self


class MuteTime(Section):
    """When warnings and infos are muted; critical alerts are always sent."""

    name: Name = Field(description="The name of the mute time.", examples=["nights"])
    weekdays: tuple[Weekdays, ...] = Field(
        default=(),
        description="Weekdays or ranges of weekdays; empty: every day.",
        examples=[["monday:friday"]],
    )
    times: tuple[Span, ...] = Field(
        default=(),
        description="Time ranges; one that ends before it begins ends on the next day; empty: all day.",
        examples=[["22:00-06:00"]],
    )
    time_zone: Zone = Field(
        default="UTC",
        description="Time zone of the days and times: a name in the tz database.",
        examples=["Europe/Berlin"],
    )
    teams: tuple[Name, ...] = Field(
        default=(),
        description="Teams whose alerts are muted; empty: all alerts.",
        examples=[["shop"]],
    )

    @model_validator(mode="after")
    def _says_something(self) -> "MuteTime":
        if not (self.weekdays or self.times):
            raise ValueError("set weekdays or times, otherwise only critical alerts would ever be sent")
        return self

    def days(self) -> frozenset[int]:
        """Return the weekdays as numbers, from 0 for Monday."""
        found: set[int] = set()
        for text in self.weekdays:
            first, _, last = text.partition(":")
            start = WEEKDAYS.index(first)
            length = (WEEKDAYS.index(last or first) - start) % 7
            found |= {(start + step) % 7 for step in range(length + 1)}
        return frozenset(found) if self.weekdays else frozenset(range(7))

    def spans(self) -> tuple[tuple[int, int], ...]:
        """Return start and end of each time range in minutes; an end that is not after its start is on the next day."""
        found = [_SPAN.fullmatch(text) for text in self.times]
        return tuple((_minutes(each[1], each[2]), _minutes(each[3], each[4])) for each in found if each)


class Routing(Section):
    """Who is notified of what, and when; the services' secrets are files: see docs/alerting.md."""

    teams: tuple[Team, ...] = Field(
        default=(),
        description="Teams that receive alerts in place of the default receivers; the first match applies.",
        examples=[[{"name": "shop", "projects": ["shop"]}]],
    )
    mute_times: tuple[MuteTime, ...] = Field(
        default=(),
        description="When warnings and infos are muted; those still firing afterwards are then sent.",
        examples=[[{"name": "weekends", "weekdays": ["saturday", "sunday"]}]],
    )
    grafana_url: GrafanaUrl | None = Field(
        default=None,
        description="URL of Grafana; alerts and the page at `/` then link to the dashboard.",
        examples=[GRAFANA_EXAMPLE],
    )
    runbook_url: RunbookUrl | None = Field(
        default=None,
        description="URL of this repository's files, if the runbook is to be read there (`alerting/runbook.md`) and "
        "not at `web.external_url`.",
        examples=[RUNBOOK_EXAMPLE],
    )
    silence_links: bool = Field(
        default=True,
        description="Whether notifications link to Alertmanager's page for silences; `false` for an Alertmanager "
        "without web interface, such as that of Debian's package.",
    )
    pagerduty_url: PagerDutyUrl = Field(
        default=PAGERDUTY_URL,
        description="URL of PagerDuty's events API; in the EU: `https://events.eu.pagerduty.com/v2/enqueue`.",
    )
    telegram_api_url: TelegramUrl = Field(
        default=TELEGRAM_URL, description="URL of Telegram's bot API; change it for a self-hosted server."
    )

    def links(self, external_url: str | None) -> AlertLinks:
        """Return where the links of alerts lead if users reach the exporter at an external URL."""
        return AlertLinks.make(external_url, self.runbook_url, self.grafana_url, has_silences=self.silence_links)

    @model_validator(mode="after")
    def _names_fit(self) -> "Routing":
        for what, names in (
            ("teams", [team.name for team in self.teams]),
            ("mute_times", [mute.name for mute in self.mute_times]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: duplicate name: {', '.join(twice)}")
        known = {team.name for team in self.teams}
        for mute in self.mute_times:
            unknown = sorted(set(mute.teams) - known)
            if unknown:
                raise ValueError(f"mute_times: {mute.name} names unknown teams: {', '.join(unknown)}")
        return self
