"""The configuration: a YAML file, the environment and flags, checked before anything starts.

Unknown keys are refused, every error is reported at once with its key, and tokens never show in ``repr`` or messages.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator

from exporter.alert_settings import Alerting
from exporter.choices import AccountId, Choices, Section
from exporter.cost_settings import Costs
from exporter.model import ExporterError
from exporter.urls import check_url

DEFAULT_API_URL = "https://api.cloudflare.com/client/v4"

_OF_A_KEY = "[key]"
"""How pydantic says that not the value but the key itself is wrong."""

NOT_A_DURATION = "not a duration such as 30s, 10m or 1h30m"

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")


class ConfigError(ExporterError):
    """The configuration cannot be used; the message names every key that is wrong."""


def parse_duration(text: Any) -> timedelta:
    """Read a duration as Prometheus writes it (``90s``, ``1h30m``). Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError(NOT_A_DURATION)
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    try:
        return sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta(0))
    except OverflowError:
        raise ValueError(NOT_A_DURATION) from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


ApiUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, DEFAULT_API_URL))]


class Token(Section):
    """An API token, or the file that holds it; with ``accounts``, only these of its accounts are read."""

    token: SecretStr | None = Field(default=None, description="The API token itself; better to name a file.")
    token_file: Path | None = Field(
        default=None,
        description="A file that holds the token; it is read again when it changes.",
        examples=["/run/secrets/cloudflare-token"],
    )
    accounts: tuple[AccountId, ...] = Field(
        default=(),
        description="Ids of the accounts to read; empty: all that the token lists.",
        examples=[["0123456789abcdef0123456789abcdef"]],
    )
    budget_group: str = Field(
        default="",
        description="Tokens with the same word share a request budget; give those of another Cloudflare user another.",
        examples=["second-user"],
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Token":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file")
        return self

    def secret(self) -> str:
        """Give the token itself. Raises ConfigError if its file cannot be read or is empty."""
        if self.token is not None:
            secret = self.token.get_secret_value().strip()
            place = "the token"
        else:
            place = f"the token file {self.token_file}"
            try:
                secret = Path(str(self.token_file)).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not a text file"
                raise ConfigError(f"Cannot read {place}: {reason}.") from error
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ConfigError(f"{place[0].upper()}{place[1:]} is empty, or holds blanks or other odd characters.")
        return secret


class BudgetShare(Section):
    """How much of Cloudflare's request limits may be used; the rest is for the dashboard and other tools."""

    graphql: float = Field(default=0.7, gt=0, le=1, description="Share of 300 GraphQL requests in five minutes.")
    rest: float = Field(default=0.5, gt=0, le=1, description="Share of 1,200 REST requests in five minutes.")

    def by_api(self) -> dict[str, float]:
        """Give the shares by the names of the APIs."""
        return {"graphql": self.graphql, "rest": self.rest}


class Cloudflare(Section):
    """Where and as whom Cloudflare is asked."""

    api_url: ApiUrl = Field(default=DEFAULT_API_URL, description="Where Cloudflare's API is; changes with a restart.")
    tokens: tuple[Token, ...] = Field(
        default=(),
        description="The API tokens to ask with, each for the accounts it sees.",
        examples=[[{"token_file": "/run/secrets/cloudflare-token"}]],
    )
    budget_share: BudgetShare = Field(
        default=BudgetShare(),
        description="Shares of the request limits of a Cloudflare user that the exporter keeps to.",
    )


class Poll(Section):
    """How often Cloudflare is asked."""

    refresh: Duration = Field(
        default=timedelta(seconds=60), ge=timedelta(seconds=1), description="How often usage is asked for."
    )
    discovery: Duration = Field(
        default=timedelta(minutes=10), ge=timedelta(seconds=1), description="How often accounts and assets are listed."
    )


class Storage(Section):
    """Where the ledger is kept; an empty path keeps it in memory."""

    path: str = Field(
        default="./data",
        description="The folder of the ledger; empty: in memory, where a restart forgets it. Changes with a restart.",
        examples=["/var/lib/cloudflare-exporter"],
    )

    def folder(self) -> Path | None:
        """Give the state folder, or None for memory."""
        return Path(self.path) if self.path else None


class Config(Choices):
    """Everything that the file can say."""

    cloudflare: Cloudflare = Field(default=Cloudflare(), description="Where and as whom Cloudflare is asked.")
    poll: Poll = Field(default=Poll(), description="How often Cloudflare is asked.")
    storage: Storage = Field(default=Storage(), description="Where the ledger is kept.")
    costs: Costs = Field(default=Costs(), description="How usage becomes dollars: see docs/costs.md.")
    alerting: Alerting = Field(default=Alerting(), description="Thresholds and routes: see docs/alerting.md.")

    @property
    def choices(self) -> Choices:
        """Give what the user chose, without what is secret."""
        return Choices(accounts=self.accounts, projects=self.projects, filters=self.filters)


def load_config(
    path: Path | None,
    environment: Mapping[str, str],
    storage_path: str | None,
    alerting: Mapping[str, Any] = MappingProxyType({}),
) -> Config:
    """Give the configuration of a file, overruled by the environment, overruled by flags. Raises ConfigError.

    ``alerting`` are keys of that section which flags set.
    """
    document = _read(path) if path else {}
    cloudflare = _section(document, "cloudflare", path)
    if environment.get("CLOUDFLARE_API_URL"):
        cloudflare["api_url"] = environment["CLOUDFLARE_API_URL"]
    token = _environment_token(environment)
    if token is not None:
        cloudflare["tokens"] = [token]
    elif environment.get("CLOUDFLARE_ACCOUNT_ID"):
        raise ConfigError("CLOUDFLARE_ACCOUNT_ID is set, but no token: set CLOUDFLARE_API_TOKEN too.")
    if storage_path is not None:
        document["storage"] = {**_section(document, "storage", path), "path": storage_path}
    if alerting:
        document["alerting"] = _overruled(_section(document, "alerting", path), alerting)
    if cloudflare:
        document["cloudflare"] = cloudflare
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        lines = [f"  {_key(fault['loc'])}: {_sentence(fault['msg'])}" for fault in error.errors()]
        place = f"The configuration file {path}" if path else "The environment"
        raise ConfigError(f"{place} is not valid:\n" + "\n".join(lines)) from None


def _overruled(section: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Give a section with what is said instead, key by key; what should be a mapping and is none is left as it is."""
    overruled = {**section}
    for key, value in said.items():
        there = section.get(key)
        if not isinstance(value, Mapping) or there is None:
            overruled[key] = value
        elif isinstance(there, dict):
            overruled[key] = _overruled(there, value)
    return overruled


class _ExactLoader(yaml.SafeLoader):
    """Reads numbers with a point as Decimal."""


def _exact(loader: _ExactLoader, node: yaml.ScalarNode) -> Decimal | str:
    text = str(loader.construct_scalar(node))
    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation:
        return text


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _exact)


def load_quantities(path: Path) -> dict[str, Any]:
    """Give the quantities that a YAML file holds, at its top or under ``usage``; none as float. Raises ConfigError."""
    document = _read(path, "file of quantities", _ExactLoader)
    usage = document.get("usage", document)
    if not isinstance(usage, dict):
        raise ConfigError(f"{path} is not valid:\n  usage: must hold meters and quantities")
    return {str(key): value for key, value in usage.items()}


def _environment_token(environment: Mapping[str, str]) -> dict[str, Any] | None:
    accounts = [part.strip() for part in environment.get("CLOUDFLARE_ACCOUNT_ID", "").split(",") if part.strip()]
    if environment.get("CLOUDFLARE_API_TOKEN"):
        return {"token": environment["CLOUDFLARE_API_TOKEN"], "accounts": accounts}
    if environment.get("CLOUDFLARE_API_TOKEN_FILE"):
        return {"token_file": environment["CLOUDFLARE_API_TOKEN_FILE"], "accounts": accounts}
    return None


def _read(
    path: Path, what: str = "configuration file", loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), loader)
    except OSError as error:
        raise ConfigError(f"Cannot read the {what} {path}: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"The {what} {path}{place} is not YAML.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"The {what} {path} must hold keys and values at its top.")
    # A key whose lines are all commented out holds nothing, and says nothing.
    return {key: value for key, value in document.items() if value is not None}


def _section(document: Mapping[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"The configuration file {path} is not valid:\n  {name}: must hold keys and values")
    return dict(section)


def _key(location: tuple[int | str, ...]) -> str:
    steps = (step for step in location if step != _OF_A_KEY)
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _sentence(message: str) -> str:
    known = {"Extra inputs are not permitted": "unknown key"}
    return known.get(message, message.removeprefix("Value error, "))
