"""Findings on a valid configuration: its sources, what it selects, and likely mistakes. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from exporter.catalog import PRODUCTS
from exporter.check.findings import Finding, Level, Topic
from exporter.check.wording import count
from exporter.config import Config
from exporter.config.web import EXTERNAL_VARIABLE
from exporter.model import Account, Asset, Inventory, Listing

SETTINGS = {
    "CLOUDFLARE_API_URL": "cloudflare.api_url",
    "CLOUDFLARE_API_TOKEN": "cloudflare.tokens",
    "CLOUDFLARE_API_TOKEN_FILE": "cloudflare.tokens",
    "CLOUDFLARE_ACCOUNT_ID": "that token's accounts",
    EXTERNAL_VARIABLE: "web.external_url",
    "HTTPS_PROXY": "the proxy",
    "HTTP_PROXY": "the proxy",
    "ALL_PROXY": "the proxy",
    "SSL_CERT_FILE": "the trusted TLS certificates",
    "SSL_CERT_DIR": "the trusted TLS certificates",
}
"""Environment variables with the setting that each overrides."""

_LOCAL = re.compile(r"http://(localhost|127\.[0-9.]+|\[::1\])([:/]|$)")


@dataclass(frozen=True, slots=True)
class Discovered:
    """What the tokens can see: all their accounts, and the lists of the accounts that are queried.

    ``is_complete`` is False if some token or list could not be read; then something unseen may exist.
    """

    accounts: tuple[Account, ...]
    inventories: tuple[Inventory, ...]
    is_complete: bool

    def assets(self) -> list[tuple[Asset, Account]]:
        """Return every asset with its account."""
        return [
            (asset, inventory.account)
            for inventory in self.inventories
            for listing in inventory.listings.values()
            if isinstance(listing, Listing)
            for asset in listing.assets
        ]


def configuration_findings(
    config: Config, path: Path | None, environment: Mapping[str, str], seen: Discovered
) -> list[Finding]:
    """Return the findings on a configuration, read from the file ``path`` and the environment."""
    source = f"{path} is valid." if path else "none given: defaults, flags and the environment apply."
    slips = _account_slips(config, seen.accounts) if seen.accounts and seen.is_complete else []
    slips += _rule_slips(config, seen) if seen.is_complete else []
    return [
        _finding(Level.OK, "file", source),
        *_environment(environment, has_file=path is not None),
        *_addresses(config),
        *_wanted(config),
        *_choices(config),
        *slips,
    ]


def _environment(environment: Mapping[str, str], *, has_file: bool) -> list[Finding]:
    there = {name.upper() if name.lower().endswith("_proxy") else name for name, value in environment.items() if value}
    found = [f"{name} sets {setting}" for name, setting in SETTINGS.items() if name in there]
    text = f"{'; '.join(found)}{', overriding the file' if has_file else ''}."
    return [_finding(Level.OK, "environment", text)] if found else []


def _addresses(config: Config) -> list[Finding]:
    url = config.cloudflare.api_url
    if url.startswith("https:") or _LOCAL.match(url):
        return [_finding(Level.OK, "API", f"{url}")]
    return [
        _finding(
            Level.WARNING,
            "API",
            f"{url} does not use TLS: anyone on the network path can read the token.",
            "Use an https address in cloudflare.api_url or CLOUDFLARE_API_URL.",
        )
    ]


def _wanted(config: Config) -> list[Finding]:
    products = [product.name for product in PRODUCTS if config.selection.wants_product(product)]
    names = {dataset.name for dataset in config.selection.datasets()}
    text = f"{len(products)} of {count(len(PRODUCTS), 'product')}, {count(len(names), 'dataset')}"
    if not names:
        return [
            _finding(
                Level.WARNING,
                "filters",
                f"nothing is left to query ({text}).",
                "Widen filters.products or filters.metrics.",
            )
        ]
    return [_finding(Level.OK, "products", f"{text}: {', '.join(products)}.")]


def _choices(config: Config) -> list[Finding]:
    selection = config.selection
    filters = selection.filters
    sections = {"products": filters.products, "assets": filters.assets, "metrics": filters.metrics}
    used = [name for name, one in sections.items() if one.include or one.exclude]
    said = [count(len(selection.projects), "project rule")] if selection.projects else []
    said += [f"filters on {', '.join(used)}"] if used else []
    limits = selection.limits.assets
    said += [count(len(limits), "limit on assets", "limits on assets")] if limits else []
    aliases = len(selection.accounts.alias)
    said += [count(aliases, "account alias", "account aliases")] if aliases else []
    return [_finding(Level.OK, "choices", f"{'; '.join(said)}.")] if said else []


def _account_slips(config: Config, accounts: Sequence[Account]) -> list[Finding]:
    """Return warnings about settings for accounts that no token sees."""
    ids = {account.id for account in accounts}
    names = [*ids, *(account.name for account in accounts)]
    sections = {"include": config.selection.accounts.include, "exclude": config.selection.accounts.exclude}
    slips = [
        _slip(f"accounts.{key}", f"'{glob}' matches no account that a token can see.")
        for key, globs in sections.items()
        for glob in globs
        if not any(fnmatchcase(name, glob) for name in names)
    ]
    slips += [
        _slip(f"limits.assets[{number}]", f"'{limit.account}' matches no account that a token can see.")
        for number, limit in enumerate(config.selection.limits.assets)
        if not any(limit.is_of(config.selection.accounts.names(account)) for account in accounts)
    ]
    slips += [
        _slip("accounts.alias", f"no token can see the account {account_id} ('{alias}').")
        for account_id, alias in config.selection.accounts.alias.items()
        if account_id not in ids
    ]
    if not any(config.selection.accounts.admits(account) for account in accounts):
        slips.append(_slip("accounts", "accounts.include and accounts.exclude exclude every account."))
    return slips


def _rule_slips(config: Config, seen: Discovered) -> list[Finding]:
    """Return warnings about rules and filters that match no existing asset."""
    assets = seen.assets()
    if not assets:
        return []
    slips = [
        _slip(f"projects[{number}]", f"the rule for project '{rule.project}' matches no asset.")
        for number, rule in enumerate(config.selection.projects)
        if not any(rule.match.holds(asset, config.selection.accounts.names(account)) for asset, account in assets)
    ]
    if not any(config.selection.wants_asset(asset) for asset, _ in assets):
        slips.append(_slip("filters.assets", "every asset is excluded: all usage is published as '(filtered)'."))
    return slips


def _slip(key: str, message: str) -> Finding:
    return _finding(Level.WARNING, key, message, "Correct it, unless it is meant for later.")


def _finding(level: Level, subject: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.CONFIGURATION, level, subject, message, remedy)
