"""The user's selection of accounts, products, assets and metrics, and how they are named. Pure.

The configuration sections apply their own rules; an empty ``Selection`` includes everything.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from pydantic import Field, model_validator

from exporter.catalog import KINDS, PRODUCTS, kinds_of
from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.config.fields import AccountId, Kind, ProductGlob, Regex, Section, Word
from exporter.config.limits import Limits
from exporter.model import Account, Asset

KEPT_METRICS = ("cloudflare_exporter_", "cloudflare_alert_")
"""Prefixes of metrics that no filter hides: the exporter's own, which report problems, and thresholds.

Without its threshold series an alert would use its default and never fire for the configured value.
"""


class Filter(Section):
    """A filter on names: those that match ``include`` (all, if it is empty) and nothing in ``exclude``."""

    include: tuple[Word, ...] = Field(
        default=(), description="Globs of names to include; empty: everything.", examples=[["shop-*"]]
    )
    exclude: tuple[Word, ...] = Field(
        default=(), description="Globs of names to exclude; overrides `include`.", examples=[["*-test"]]
    )

    def admits(self, *names: str) -> bool:
        """Return whether something with any of these names is included."""
        return (not self.include or _matches(self.include, names)) and not _matches(self.exclude, names)


class ProductFilter(Filter):
    """The products to list and query."""

    include: tuple[ProductGlob, ...] = Field(
        default=(), description="Globs of the products to list and query; empty: all.", examples=[["workers", "d1"]]
    )
    exclude: tuple[ProductGlob, ...] = Field(
        default=(), description="Globs of products that are neither listed nor queried.", examples=[["kv"]]
    )


class MetricFilter(Filter):
    """The metrics to publish."""

    include: tuple[Word, ...] = Field(
        default=(), description="Globs of the metrics to publish; empty: all.", examples=[["cloudflare_worker_*"]]
    )
    exclude: tuple[Word, ...] = Field(
        default=(), description="Globs of metrics that are not published.", examples=[["cloudflare_kv_latency_*"]]
    )


class Accounts(Section):
    """The accounts to query, and their names."""

    include: tuple[Word, ...] = Field(
        default=(),
        description="Ids of the accounts to query, or globs on their names; empty: all that the tokens can see.",
        examples=[["Example *"]],
    )
    exclude: tuple[Word, ...] = Field(
        default=(),
        description="Ids of accounts that are never queried, or globs on their names; their series are removed.",
        examples=[["Sandbox"]],
    )
    alias: Mapping[AccountId, Word] = Field(
        default={},
        description="The value of the label `account`, by account id; changing an alias starts new series.",
        examples=[{"0123456789abcdef0123456789abcdef": "production"}],
    )

    @model_validator(mode="after")
    def _aliases_differ(self) -> "Accounts":
        names = list(self.alias.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"alias: used for two accounts: {', '.join(twice)}")
        return self

    def admits(self, account: Account) -> bool:
        """Return whether the account is to be queried."""
        return Filter(include=self.include, exclude=self.exclude).admits(account.id, account.name)

    def names(self, account: Account) -> tuple[str, ...]:
        """Return the names by which rules may refer to an account."""
        return account.id, account.name, self.alias.get(account.id, account.name)


class Match(Section):
    """The conditions under which a rule applies to an asset: all that are given must hold."""

    name: Word | None = Field(default=None, description="A glob on the asset's name.", examples=["shop-*"])
    regex: Regex | None = Field(
        default=None,
        description="A regular expression that matches the asset's whole name.",
        examples=["(shop|store)-.+"],
    )
    kind: Kind | None = Field(
        default=None,
        description=f"The asset's kind: {', '.join(KINDS)}.",
        examples=["r2_bucket"],
    )
    tag: Word | None = Field(default=None, description="A glob on any of the asset's tags.", examples=["team:web"])
    account: Word | None = Field(
        default=None, description="The account's alias or id, or a glob on its name.", examples=["production"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Match":
        if not self.model_fields_set:
            raise ValueError("set at least one of name, regex, kind, tag, account (name: '*' matches everything)")
        return self

    def holds(self, asset: Asset, account_names: Iterable[str]) -> bool:
        """Return whether the asset matches; ``account_names`` are the names of its account."""
        return (
            (self.name is None or fnmatchcase(asset.name, self.name))
            and (self.regex is None or re.fullmatch(self.regex, asset.name) is not None)
            and (self.kind is None or fnmatchcase(asset.kind, self.kind))
            and (self.tag is None or _matches((self.tag,), asset.tags))
            and (self.account is None or _matches((self.account,), account_names))
        )


class ProjectRule(Section):
    """A rule that assigns matching assets to a project; the first matching rule applies."""

    match: Match = Field(description="The assets that the rule is for; all conditions given must hold.")
    project: Word = Field(description="The project that these assets belong to.", examples=["shop"])


class Filters(Section):
    """What to leave out."""

    products: ProductFilter = Field(
        default=ProductFilter(),
        description="Products by name; those left out are neither listed nor queried, and their series are removed.",
    )
    assets: Filter = Field(
        default=Filter(),
        description="Assets by `name` or `kind/name`; those left out are summed per project as asset `(filtered)`, so "
        "that sums per project and account stay correct.",
        examples=[{"exclude": ["worker/*-preview", "scratch"]}],
    )
    metrics: MetricFilter = Field(
        default=MetricFilter(),
        description="Metrics by name, except the exporter's own and thresholds; a dataset that is then needed for "
        "neither metrics nor costs is not queried.",
        examples=[{"exclude": ["cloudflare_kv_latency_seconds"]}],
    )


class Selection(Section):
    """All of the user's choices."""

    accounts: Accounts = Field(default=Accounts(), description="Which accounts are queried, and their names.")
    projects: tuple[ProjectRule, ...] = Field(
        default=(),
        description="Rules that assign assets to projects; the first match applies, before tags, the Worker of a "
        "Durable Object namespace and shared name prefixes.",
        examples=[[{"match": {"name": "shop-*"}, "project": "shop"}]],
    )
    filters: Filters = Field(default=Filters(), description="What to leave out; names are matched as globs.")
    limits: Limits = Field(default=Limits(), description="What is published together because there is too much of it.")

    def wants_product(self, product: Product) -> bool:
        """Return whether the product's assets are to be listed and its datasets queried."""
        return self.filters.products.admits(product.name)

    def wants_metric(self, family: str) -> bool:
        """Return whether a metric family is to be published."""
        return family.startswith(KEPT_METRICS) or self.filters.metrics.admits(family)

    def wants_dataset(self, dataset: Dataset) -> bool:
        """Return whether a dataset of a wanted product is to be queried: for a metric or for costs."""
        return bool(dataset.meters) or any(
            self.wants_metric(metric.family or metric.name) for metric in dataset.metrics
        )

    def datasets(self, products: Iterable[Product] = PRODUCTS) -> tuple[Dataset, ...]:
        """Return the datasets to query, of these products."""
        return tuple(
            dataset
            for product in products
            if self.wants_product(product)
            for dataset in product.datasets
            if self.wants_dataset(dataset)
        )

    def kinds(self, products: Iterable[Product] = PRODUCTS) -> frozenset[str]:
        """Return the kinds of assets of those products that are wanted."""
        return frozenset(kinds_of(product for product in products if self.wants_product(product)))

    def wants_asset(self, asset: Asset) -> bool:
        """Return whether an asset is published under its own name."""
        return self.filters.assets.admits(asset.name, f"{asset.kind}/{asset.name}")

    def project_of(self, asset: Asset, account: Account) -> str:
        """Return the project of the first matching rule; empty if none matches."""
        names = self.accounts.names(account)
        return next((rule.project for rule in self.projects if rule.match.holds(asset, names)), "")

    def most_assets(self, kind: str, account: Account) -> int:
        """Return how many assets of a kind have series of their own in an account."""
        return self.limits.most_assets(kind, self.accounts.names(account))


def _matches(globs: Iterable[str], names: Iterable[str]) -> bool:
    wanted = tuple(names)
    return any(fnmatchcase(name, glob) for glob in globs for name in wanted)
