"""What the user chose: which accounts, products, assets and metrics there are, and how they are called. Pure.

The sections of the configuration that decide this are their own rules; an empty ``Selection`` wants everything.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from pydantic import Field, model_validator

from exporter.catalog import PRODUCTS
from exporter.catalog.entry import Dataset, Product
from exporter.config.fields import AccountId, Kind, ProductGlob, Regex, Section, Word
from exporter.model import Account, Asset

KEPT_METRICS = ("cloudflare_exporter_", "cloudflare_alert_")
"""How metrics begin that no filter hides: what the exporter says of itself, which tells what is wrong, and thresholds.

Without its threshold an alert would go by its own, and nobody would be told.
"""


class Filter(Section):
    """Which names are wanted: those that match ``include`` (all, if it is empty) and nothing in ``exclude``."""

    include: tuple[Word, ...] = Field(
        default=(), description="Globs of what is wanted; empty: everything.", examples=[["shop-*"]]
    )
    exclude: tuple[Word, ...] = Field(
        default=(), description="Globs of what is not wanted, whatever include says.", examples=[["*-test"]]
    )

    def admits(self, *names: str) -> bool:
        """Return whether something that goes by any of these names is wanted."""
        return (not self.include or _matches(self.include, names)) and not _matches(self.exclude, names)


class ProductFilter(Filter):
    """Which products are listed and asked."""

    include: tuple[ProductGlob, ...] = Field(
        default=(), description="Globs of the products to list and ask; empty: all.", examples=[["workers", "d1"]]
    )
    exclude: tuple[ProductGlob, ...] = Field(
        default=(), description="Globs of products that are neither listed nor asked.", examples=[["kv"]]
    )


class MetricFilter(Filter):
    """Which metrics are published."""

    include: tuple[Word, ...] = Field(
        default=(), description="Globs of the metrics to publish; empty: all.", examples=[["cloudflare_worker_*"]]
    )
    exclude: tuple[Word, ...] = Field(
        default=(), description="Globs of metrics that are not published.", examples=[["cloudflare_kv_latency_*"]]
    )


class Accounts(Section):
    """Which accounts are asked, and how they are called."""

    include: tuple[Word, ...] = Field(
        default=(),
        description="Ids of the accounts to ask, or globs on their names; empty: all that the tokens see.",
        examples=[["Example *"]],
    )
    exclude: tuple[Word, ...] = Field(
        default=(),
        description="Ids of accounts that are never asked, or globs on their names; their series leave.",
        examples=[["Sandbox"]],
    )
    alias: Mapping[AccountId, Word] = Field(
        default={},
        description="Account id to the name that the label `account` shows; another alias begins its series anew.",
        examples=[{"0123456789abcdef0123456789abcdef": "production"}],
    )

    @model_validator(mode="after")
    def _aliases_differ(self) -> "Accounts":
        names = list(self.alias.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"alias: two accounts have the alias {', '.join(twice)}")
        return self

    def admits(self, account: Account) -> bool:
        """Return whether the account is to be asked."""
        return Filter(include=self.include, exclude=self.exclude).admits(account.id, account.name)


class Match(Section):
    """What an asset must be like for a rule to apply: every condition that is given holds."""

    name: Word | None = Field(default=None, description="A glob on the asset's name.", examples=["shop-*"])
    regex: Regex | None = Field(
        default=None,
        description="A regular expression that the asset's whole name matches.",
        examples=["(shop|store)-.+"],
    )
    kind: Kind | None = Field(
        default=None,
        description=f"The asset's kind: {', '.join(product.kind for product in PRODUCTS)}.",
        examples=["r2_bucket"],
    )
    tag: Word | None = Field(default=None, description="A glob on any of the asset's tags.", examples=["team:web"])
    account: Word | None = Field(
        default=None, description="The account's alias or id, or a glob on its name.", examples=["production"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Match":
        if not self.model_fields_set:
            raise ValueError("give at least one of name, regex, kind, tag, account (name: '*' matches everything)")
        return self

    def holds(self, asset: Asset, account_names: Iterable[str]) -> bool:
        """Return whether the asset, of an account that goes by these names, is meant."""
        return (
            (self.name is None or fnmatchcase(asset.name, self.name))
            and (self.regex is None or re.fullmatch(self.regex, asset.name) is not None)
            and (self.kind is None or fnmatchcase(asset.kind, self.kind))
            and (self.tag is None or _matches((self.tag,), asset.tags))
            and (self.account is None or _matches((self.account,), account_names))
        )


class ProjectRule(Section):
    """Assets that match belong to the project; of several rules the first that matches counts."""

    match: Match = Field(description="Which assets the rule is for; all conditions given must hold.")
    project: Word = Field(description="The project that these assets belong to.", examples=["shop"])


class Filters(Section):
    """What is left out."""

    products: ProductFilter = Field(
        default=ProductFilter(),
        description="Products by name; what is left out is neither listed nor asked, and its series leave.",
    )
    assets: Filter = Field(
        default=Filter(),
        description="Assets by `name` or `kind/name`; what is left out is summed up per project as asset `(filtered)`, "
        "so that the sums of project and account stay true.",
        examples=[{"exclude": ["worker/*-preview", "scratch"]}],
    )
    metrics: MetricFilter = Field(
        default=MetricFilter(),
        description="Metrics by name, the exporter's own and thresholds aside; a dataset that then gives neither a "
        "metric nor costs is not asked.",
        examples=[{"exclude": ["cloudflare_kv_latency_seconds"]}],
    )


class Selection(Section):
    """All that the user chose."""

    accounts: Accounts = Field(default=Accounts(), description="Which accounts are asked, and how they are called.")
    projects: tuple[ProjectRule, ...] = Field(
        default=(),
        description="Rules that say which project an asset belongs to; the first that matches counts, before tags, "
        "the Worker of a Durable Object namespace and shared name prefixes.",
        examples=[[{"match": {"name": "shop-*"}, "project": "shop"}]],
    )
    filters: Filters = Field(default=Filters(), description="What is left out; names are matched as globs.")

    def wants_product(self, product: Product) -> bool:
        """Return whether the product's assets are to be listed and its datasets asked."""
        return self.filters.products.admits(product.name)

    def wants_metric(self, family: str) -> bool:
        """Return whether a metric family is to be published."""
        return family.startswith(KEPT_METRICS) or self.filters.metrics.admits(family)

    def wants_dataset(self, dataset: Dataset) -> bool:
        """Return whether a dataset of a wanted product is to be asked: for a metric, or for the costs."""
        return bool(dataset.meters) or any(
            self.wants_metric(metric.family or metric.name) for metric in dataset.metrics
        )

    def datasets(self) -> tuple[Dataset, ...]:
        """Return the datasets to ask."""
        return tuple(
            dataset
            for product in PRODUCTS
            if self.wants_product(product)
            for dataset in product.datasets
            if self.wants_dataset(dataset)
        )

    def kinds(self) -> frozenset[str]:
        """Return the kinds of assets that there are."""
        return frozenset(product.kind for product in PRODUCTS if self.wants_product(product))

    def wants_asset(self, asset: Asset) -> bool:
        """Return whether an asset is published under its own name."""
        return self.filters.assets.admits(asset.name, f"{asset.kind}/{asset.name}")

    def project_of(self, asset: Asset, account: Account) -> str:
        """Return the project that the first matching rule says; empty if none matches."""
        names = (account.id, account.name, self.accounts.alias.get(account.id, account.name))
        return next((rule.project for rule in self.projects if rule.match.holds(asset, names)), "")


def _matches(globs: Iterable[str], names: Iterable[str]) -> bool:
    wanted = tuple(names)
    return any(fnmatchcase(name, glob) for glob in globs for name in wanted)
