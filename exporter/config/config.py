"""All that the configuration can say, as one model; and what is raised when it cannot be used."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from exporter.config.alerting import Alerting
from exporter.config.costs import CostSettings
from exporter.config.fields import AccountId, Duration, Section, check_url
from exporter.config.selection import Selection
from exporter.model import ExporterError

DEFAULT_API_URL = "https://api.cloudflare.com/client/v4"


class ConfigError(ExporterError):
    """The configuration cannot be used; the message names every key that is wrong."""


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
        """Return the token itself. Raises ConfigError if its file cannot be read or is empty."""
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
        """Return the shares by the names of the APIs."""
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
        """Return the state folder, or None for memory."""
        return Path(self.path) if self.path else None


AT_TOP = "(at the top)"
"""The alias of a section whose keys stand at the top of the file."""


class Config(Section):
    """Everything that the file can say."""

    selection: Selection = Field(
        default=Selection(), validation_alias=AT_TOP, description="Which accounts, assets and metrics there are."
    )
    cloudflare: Cloudflare = Field(default=Cloudflare(), description="Where and as whom Cloudflare is asked.")
    poll: Poll = Field(default=Poll(), description="How often Cloudflare is asked.")
    storage: Storage = Field(default=Storage(), description="Where the ledger is kept.")
    costs: CostSettings = Field(default=CostSettings(), description="How usage becomes dollars: see docs/costs.md.")
    alerting: Alerting = Field(default=Alerting(), description="Thresholds and routes: see docs/alerting.md.")

    @model_validator(mode="before")
    @classmethod
    def _gather_selection(cls, document: Any) -> Any:
        """Put the keys of the selection, which stand at the top of the file, into a section of their own."""
        if not isinstance(document, dict):
            return document
        chosen = {name: value for name, value in document.items() if name in Selection.model_fields}
        return {name: value for name, value in document.items() if name not in chosen} | {AT_TOP: chosen}
