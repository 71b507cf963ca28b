"""Findings on the permissions in an account, each tested by using it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from exporter.catalog.product import Product
from exporter.check.account_trial import AccountTrial
from exporter.check.faults import describe_fault, fault_of
from exporter.check.findings import TOKEN_LINK, Finding, Level, Topic
from exporter.check.links import ANALYTICS
from exporter.cloudflare import CloudflareError, Forbidden
from exporter.cloudflare.billing import PERMISSION as BILLING
from exporter.model import Inventory, Listing, ListingFailure, ListingFlaw

_List = tuple[str, str]
"""The name of a product, and a kind of its assets that has a list."""


def permission_findings(trial: AccountTrial, products: Iterable[Product]) -> list[Finding]:
    """Return a finding for each permission needed in an account, or a single one if the token has none."""
    by_permission: dict[str, list[_List]] = {}
    for product in products:
        for kind in product.kinds:
            if kind.endpoint is not None:
                by_permission.setdefault(kind.endpoint.permission, []).append((product.name, kind.kind))
    if _is_closed(trial):
        return [_closed(trial, (ANALYTICS, *by_permission))]
    if isinstance(trial.inventory, CloudflareError):
        lists = [_untried(trial, permission, trial.inventory) for permission in by_permission]
    else:
        lists = [_lists(trial, trial.inventory, permission, of) for permission, of in by_permission.items()]
    return [_analytics(trial), *lists, *_billing(trial)]


def _is_closed(trial: AccountTrial) -> bool:
    """Return whether Cloudflare refuses everything in the account."""
    if isinstance(trial.inventory, CloudflareError) or not trial.inventory.listings:
        return False
    return _has_no_analytics(trial) and all(map(_is_forbidden, trial.inventory.listings.values()))


def _closed(trial: AccountTrial, permissions: Sequence[str]) -> Finding:
    names = ", ".join(f"'{permission}'" for permission in permissions)
    return _finding(
        trial,
        Level.ERROR,
        "every permission",
        "missing: Cloudflare refuses every request for this account.",
        f"Check the account id. If it is correct, add {names} for it to the token, or create a new one with "
        f"{TOKEN_LINK}.",
    )


def _analytics(trial: AccountTrial) -> Finding:
    if trial.has_analytics:
        return _finding(trial, Level.OK, ANALYTICS, "granted.")
    if _has_no_analytics(trial):
        return _finding(
            trial,
            Level.ERROR,
            ANALYTICS,
            "missing: Cloudflare refuses every dataset, so no usage is counted.",
            f"Add '{ANALYTICS}' to the token, or create a new one with {TOKEN_LINK}.",
        )
    errors = [said for said in (*trial.outcomes.values(), trial.limits) if isinstance(said, CloudflareError)]
    return _untried(trial, ANALYTICS, errors[0])


def _billing(trial: AccountTrial) -> list[Finding]:
    """Return the finding on the one optional permission, whose absence is never an error."""
    if trial.billing is None:
        return []
    if isinstance(trial.billing, CloudflareError):
        return [replace(_untried(trial, BILLING, trial.billing), level=Level.WARNING)]
    if not trial.billing.is_forbidden:
        return [_finding(trial, Level.OK, BILLING, "granted.")]
    return [
        _finding(
            trial,
            Level.WARNING,
            BILLING,
            "missing: plan and billing cycle are assumed unless configured, and Cloudflare's bill is not read. "
            "Usage is still counted.",
            f"Add '{BILLING}' to the token, or set costs.plan and costs.cycle_day.",
        )
    ]


def _has_no_analytics(trial: AccountTrial) -> bool:
    said = trial.outcomes.values()
    return not trial.has_analytics and bool(said) and all(isinstance(outcome, Forbidden) for outcome in said)


def _lists(trial: AccountTrial, inventory: Inventory, permission: str, lists: Sequence[_List]) -> Finding:
    failed = _failed(inventory, lists)
    flaw = next(_flaws(inventory, lists), None)
    if not failed and flaw is not None:
        return _finding(trial, Level.WARNING, permission, f"granted. {flaw.reason}", flaw.remedy)
    if not failed:
        return _finding(trial, Level.OK, permission, f"granted ({', '.join(_products(lists))}).")
    names = ", ".join(_products(failed))
    if any(map(_is_forbidden, failed.values())):
        return _finding(
            trial,
            Level.ERROR,
            permission,
            f"missing: Cloudflare refuses to list {names}. Usage is counted as '(unlisted)' instead of by name.",
            f"Add '{permission}' to the token, or create a new one with {TOKEN_LINK}, or leave {names} out with "
            "filters.products.",
        )
    first = next(iter(failed.values()))
    level, message, remedy = describe_fault(first.outcome, first.reason, first.remedy)
    return _finding(trial, level, permission, message, remedy)


def _flaws(inventory: Inventory, lists: Iterable[_List]) -> Iterator[ListingFlaw]:
    """Yield what is wrong with those of some lists that could be read."""
    for _, kind in lists:
        found = inventory.listings[kind]
        if isinstance(found, Listing) and found.flaw is not None:
            yield found.flaw


def _products(lists: Iterable[_List]) -> tuple[str, ...]:
    """Return the names of the products of some lists, each once."""
    return tuple(dict.fromkeys(product for product, _ in lists))


def _failed(inventory: Inventory, lists: Iterable[_List]) -> Mapping[_List, ListingFailure]:
    """Return the failures among some lists."""
    failures = inventory.failures
    return {each: failures[each[1]] for each in lists if each[1] in failures}


def _is_forbidden(found: object) -> bool:
    return isinstance(found, ListingFailure) and found.outcome == Forbidden.outcome


def _untried(trial: AccountTrial, permission: str, error: CloudflareError) -> Finding:
    level, message, remedy = fault_of(error)
    return _finding(trial, level, permission, message, remedy)


def _finding(trial: AccountTrial, level: Level, permission: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.PERMISSIONS, level, permission, message, remedy, trial.token, trial.account)
