"""The section ``limits`` of the configuration: how many assets have series of their own. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from exporter.catalog import KINDS
from exporter.config.fields import Kind, Section, Whole, Word
from exporter.model import MOST_ASSETS


class AssetLimit(Section):
    """The number of assets that have series of their own where every given condition holds."""

    largest: Annotated[Whole, Field(ge=0, le=MOST_ASSETS)] = Field(
        description="How many assets of a kind, those with the most requests of late, have series of their own in an "
        "account.",
        examples=[500],
    )
    kind: Kind | None = Field(
        default=None, description=f"A glob on the kind: {', '.join(KINDS)}; absent: each kind.", examples=["worker"]
    )
    account: Word | None = Field(
        default=None,
        description="The account's alias or id, or a glob on its name; absent: each account.",
        examples=["production"],
    )

    def holds(self, kind: str, account_names: Iterable[str]) -> bool:
        """Return whether the limit is for a kind of assets of an account, given by its names."""
        return (self.kind is None or fnmatchcase(kind, self.kind)) and self.is_of(account_names)

    def is_of(self, account_names: Iterable[str]) -> bool:
        """Return whether the limit is for an account, given by its names."""
        return self.account is None or any(fnmatchcase(name, self.account) for name in account_names)


class Limits(Section):
    """Limits of what is published."""

    assets: tuple[AssetLimit, ...] = Field(
        default=(),
        description="Limits on assets with series of their own; the first match applies. The others of the kind are "
        "summed per project as asset `other`, and the API, the page and `costs` still show each of them. In any case "
        f"an account has series of at most {MOST_ASSETS:,} assets.",
        examples=[[{"kind": "worker", "account": "production", "largest": 500}]],
    )

    def most_assets(self, kind: str, account_names: Iterable[str]) -> int:
        """Return how many assets of a kind have series of their own in an account, given by its names."""
        names = tuple(account_names)
        return next((limit.largest for limit in self.assets if limit.holds(kind, names)), MOST_ASSETS)
