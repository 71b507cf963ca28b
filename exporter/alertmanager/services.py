"""The services that alerts can be sent to, with the format of their secrets and their severities. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator

from exporter.alerts import SEVERITIES
from exporter.config.fields import Section, Word
from exporter.config.yaml_text import YamlFault, parse_yaml

_CRITICAL, _WARNING = 1, 2

_URL = re.compile(
    r"https?://(?:[\w.~%!$&'()*+,;=:-]+@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?P<path>/[^\s?#]*)?(?:\?[^\s#]*)?",
    re.ASCII,
)
_DISCORD_PATH = re.compile(r".*/api(?:/v\d+)?/webhooks/\d+/[\w-]+/?", re.ASCII)
_ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
_TELEGRAM = re.compile(r"(\d+:[\w-]{20,})\s+(-?\d{1,18})", re.ASCII)
_SMARTHOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)
_ADDRESS = re.compile(r"[^@\r\n]+@[^@\r\n]+")

Settings = Mapping[str, Any]
"""Keys of an Alertmanager receiver that come from a secret."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service: ``parse`` returns the keys of Alertmanager's ``section`` that come from a secret.

    ``parse`` raises ValueError, whose text never quotes the secret. ``holds`` describes the expected content of the
    file, and ``example`` shows one. With ``has_team`` a team can have its own file.
    """

    name: str
    section: str
    severities: tuple[str, ...]
    holds: str
    example: str
    parse: Callable[[str], Settings]
    has_team: bool = True


def _is_address(text: str) -> bool:
    """Return whether Alertmanager accepts a text as an address."""
    return bool(_URL.fullmatch(text)) and not re.search(r"%(?![0-9A-Fa-f]{2})", text)


def _url(key: str) -> Callable[[str], Settings]:
    def parse(text: str) -> Settings:
        if not _is_address(text):
            raise ValueError("is not one http or https address")
        return {key: text}

    return parse


def _hook(key: str, path: re.Pattern[str]) -> Callable[[str], Settings]:
    def parse(text: str) -> Settings:
        found = _URL.fullmatch(text)
        if not found or not _is_address(text):
            raise ValueError("is not one http or https address")
        if not path.fullmatch(found["path"] or ""):
            raise ValueError("is an address, but not of such a webhook")
        return {key: text}

    return parse


def _pagerduty(text: str) -> Settings:
    if not _ROUTING_KEY.fullmatch(text):
        raise ValueError("is not a routing key of 32 letters and digits")
    return {"routing_key": text}


def _telegram(text: str) -> Settings:
    found = _TELEGRAM.fullmatch(text)
    if not found:
        raise ValueError("is not a bot's token and, on the next line, the id of a chat")
    return {"bot_token": found[1], "chat_id": int(found[2])}


def _check_smarthost(text: str) -> str:
    if not _SMARTHOST.fullmatch(text):
        raise ValueError("not HOST:PORT, such as smtp.example.com:587")
    return text


def _check_addresses(text: str) -> str:
    if not all(_ADDRESS.fullmatch(part.strip()) for part in text.split(",")):
        raise ValueError("not an address such as alerts@example.com (separate several with commas)")
    return text


class Email(Section):
    """The content of the file ``email``."""

    smarthost: Annotated[str, AfterValidator(_check_smarthost)]
    sender: Annotated[str, AfterValidator(_check_addresses)] = Field(alias="from")
    to: Annotated[str, AfterValidator(_check_addresses)]
    username: Word | None = None
    password: SecretStr | None = None
    require_tls: bool = True

    @model_validator(mode="after")
    def _logs_in_or_not(self) -> "Email":
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password, or neither")
        return self

    def settings(self) -> Settings:
        """Return the keys of Alertmanager's receiver."""
        found: dict[str, Any] = {"smarthost": self.smarthost, "from": self.sender, "to": self.to}
        if self.username is not None and self.password is not None:
            found |= {"auth_username": self.username, "auth_password": self.password.get_secret_value()}
        return found | {"require_tls": self.require_tls}


def _email(text: str) -> Settings:
    try:
        document = parse_yaml(text)
    except YamlFault as fault:
        raise ValueError(f"{fault.reason}{f' (line {fault.line})' if fault.line else ''}") from None
    if not isinstance(document, dict):
        raise ValueError("does not hold keys and values")
    try:
        return Email.model_validate(document).settings()
    except ValidationError as error:
        raise ValueError(f"is not valid: {'; '.join(_fault(fault) for fault in error.errors())}") from None


def _fault(fault: Any) -> str:
    """Return a description of the fault in a key, without its value."""
    known = {
        "missing": "must be there",
        "extra_forbidden": "unknown key",
        "string_type": "must be text (in quotes, if it looks like a number)",
    }
    key = ".".join(map(str, fault["loc"]))
    text = known.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return f"{key}: {text}" if key else text


_EMAIL_EXAMPLE = """\
smarthost: smtp.example.com:587
from: alerts@example.com
to: you@example.com
username: alerts@example.com
password: "PASSWORD"
"""

SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service(
            "discord",
            "discord_configs",
            SEVERITIES,
            "the address of a Discord webhook",
            "https://discord.com/api/webhooks/1234567890/TOKEN",
            _hook("webhook_url", _DISCORD_PATH),
        ),
        Service(
            "slack",
            "slack_configs",
            SEVERITIES,
            "the address of a Slack incoming webhook",
            "https://hooks.slack.com/services/T00000000/B00000000/TOKEN",
            _hook("api_url", re.compile(r"/.+")),
        ),
        Service(
            "pagerduty",
            "pagerduty_configs",
            SEVERITIES[:_CRITICAL],
            "the integration (routing) key of a PagerDuty service, Events API v2",
            "0123456789abcdef0123456789abcdef",
            _pagerduty,
        ),
        Service(
            "telegram",
            "telegram_configs",
            SEVERITIES[:_WARNING],
            "the token of a Telegram bot and, on the next line, the id of the chat",
            "1234567890:EXAMPLE-TOKEN-OF-A-BOT-00000000000\n-1001234567890",
            _telegram,
        ),
        Service(
            "email",
            "email_configs",
            SEVERITIES[:_WARNING],
            "YAML: smarthost, from, to, username, password, and require_tls (default true)",
            _EMAIL_EXAMPLE.rstrip("\n"),
            _email,
        ),
        Service(
            "webhook",
            "webhook_configs",
            SEVERITIES,
            "the address that Alertmanager's JSON is posted to",
            "https://alerts.example.com/alertmanager",
            _url("url"),
        ),
        Service(
            "watchdog",
            "webhook_configs",
            (),
            "the address of a dead man's switch, such as a healthchecks.io check",
            "https://hc-ping.com/00000000-0000-0000-0000-000000000000",
            _url("url"),
            has_team=False,
        ),
    )
}
"""Every service by its name, which is the name of its secret file."""
