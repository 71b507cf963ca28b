"""The complete configuration as one model, and the error raised when it cannot be used."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from exporter.config.alerting import Alerting
from exporter.config.costs import CostSettings
from exporter.config.fields import AccountId, Duration, FileName, FolderName, Section, Share, check_url, on_one_line
from exporter.config.selection import Selection
from exporter.config.token_text import find_token_fault
from exporter.config.web import Web
from exporter.model import ExporterError

DEFAULT_API_URL = "https://api.cloudflare.com/client/v4"


class ConfigError(ExporterError):
    """The configuration cannot be used; the message names every invalid key."""


ApiUrl = Annotated[str, BeforeValidator(lambda text: check_url(text, DEFAULT_API_URL))]


class Token(Section):
    """An API token or the file that holds it; ``accounts`` restricts which of its accounts are read."""

    token: SecretStr | None = Field(default=None, description="The API token itself; prefer `token_file`.")
    token_file: FileName | None = Field(
        default=None,
        description="A file that holds the token; it is reread when it changes.",
        examples=["/run/secrets/cloudflare-token"],
    )
    accounts: tuple[AccountId, ...] = Field(
        default=(),
        description="Ids of the accounts to read; empty: all accounts that the token can list.",
        examples=[["0123456789abcdef0123456789abcdef"]],
    )
    budget_group: str = Field(
        default="",
        description="Tokens with the same value share a request budget; use another value for the tokens of another "
        "Cloudflare user.",
        examples=["second-user"],
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Token":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("set either token or token_file")
        return self

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr | None) -> SecretStr | None:
        fault = "" if token is None else find_token_fault(token.get_secret_value().strip())
        if fault:
            raise ValueError(fault)
        return token

    def secret(self) -> str:
        """Return the token itself. Raises ConfigError if its file cannot be read or does not hold one."""
        if self.token is not None:
            return self.token.get_secret_value().strip()
        place = f"the token file {on_one_line(str(self.token_file))}"
        try:
            secret = Path(str(self.token_file)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise ConfigError(f"Cannot read {place}: {reason}.") from None
        fault = find_token_fault(secret)
        if fault:
            raise ConfigError(f"{place[0].upper()}{place[1:]} {fault}.")
        return secret


class BudgetShare(Section):
    """Shares of Cloudflare's request limits that may be used; the rest is left for the dashboard and other tools."""

    graphql: Share = Field(default=0.7, description="Share of the 300 GraphQL requests allowed per five minutes.")
    rest: Share = Field(default=0.5, description="Share of the 1,200 REST requests allowed per five minutes.")

    def by_api(self) -> dict[str, float]:
        """Return the shares by API name."""
        return {"graphql": self.graphql, "rest": self.rest}


class RateLimit(StrEnum):
    """By what Cloudflare is to limit GraphQL requests: by the user, or by the account that each is about."""

    USER = "user"
    ACCOUNT = "account"


class Cloudflare(Section):
    """How to reach Cloudflare and authenticate."""

    api_url: ApiUrl = Field(default=DEFAULT_API_URL, description="URL of Cloudflare's API; a change needs a restart.")
    tokens: tuple[Token, ...] = Field(
        default=(),
        description="The API tokens, each used for the accounts that it can see.",
        examples=[[{"token_file": "/run/secrets/cloudflare-token"}]],
    )
    budget_share: BudgetShare = Field(
        default=BudgetShare(),
        description="Shares of a Cloudflare user's request limits that the exporter may use.",
    )
    rate_limit: RateLimit = Field(
        default=RateLimit.USER,
        description="`account`: ask Cloudflare to limit GraphQL requests by account and zone, so that many accounts of "
        "one token are queried as often as one. If Cloudflare does not, the limits of the user hold, as with `user`.",
    )


class Poll(Section):
    """How often Cloudflare is queried."""

    refresh: Duration = Field(
        default=timedelta(seconds=60), ge=timedelta(seconds=1), description="How often usage is queried."
    )
    discovery: Duration = Field(
        default=timedelta(minutes=10), ge=timedelta(seconds=1), description="How often accounts and assets are listed."
    )


class Storage(Section):
    """The location of the ledger; an empty path keeps it in memory."""

    path: FolderName = Field(
        default="./data",
        description="The folder of the ledger; empty: kept in memory and lost on restart. A change needs a restart.",
        examples=["/var/lib/cloudflare-exporter"],
    )

    def folder(self) -> Path | None:
        """Return the state folder, or None for a ledger in memory."""
        return Path(self.path) if self.path else None


AT_TOP = "(at the top)"
"""The alias of a section whose keys stand at the top of the file."""


class Config(Section):
    """The complete configuration."""

    selection: Selection = Field(
        default=Selection(), validation_alias=AT_TOP, description="The accounts, assets and metrics to publish."
    )
    cloudflare: Cloudflare = Field(default=Cloudflare(), description="How to reach Cloudflare and authenticate.")
    poll: Poll = Field(default=Poll(), description="How often Cloudflare is queried.")
    storage: Storage = Field(default=Storage(), description="Where the ledger is stored.")
    costs: CostSettings = Field(
        default=CostSettings(), description="Conversion of usage to dollars: see docs/costs.md."
    )
    alerting: Alerting = Field(default=Alerting(), description="Alert thresholds and routing: see docs/alerting.md.")
    web: Web = Field(default=Web(), description="How people reach the exporter.")

    @model_validator(mode="before")
    @classmethod
    def _gather_selection(cls, document: Any) -> Any:
        """Put the keys of the selection, which stand at the top of the file, into a section of their own."""
        if not isinstance(document, dict):
            return document
        chosen = {name: value for name, value in document.items() if name in Selection.model_fields}
        return {name: value for name, value in document.items() if name not in chosen} | {AT_TOP: chosen}
