"""The trial of one account with one token: every list and every dataset is tried once, with the real requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from exporter.billing import NO_BILLING_FACTS, BillingFacts
from exporter.catalog.dataset import Dataset
from exporter.cloudflare import USUAL_LIMITS, Analytics, CloudflareError, CloudflareTime, DatasetLimits, Principal
from exporter.cloudflare.errors import Unreachable
from exporter.model import HOUR, Account, Answer, BookKey, Inventory, ListingFailure, Question, Scope, floor_hour


@dataclass(frozen=True, slots=True)
class AccountTrial:
    """The results of an account's trial: its lists, the limits of each dataset, and an answer from each.

    ``limits`` and ``outcomes`` are by dataset key; a dataset that the plan lacks is not queried. ``readings`` are the
    outcomes of one asset each, of datasets that take a request for each. ``billing`` is None if it was not tried.
    """

    account: Account
    token: str
    inventory: Inventory | CloudflareError
    limits: Mapping[str, DatasetLimits] | CloudflareError
    outcomes: Mapping[str, Answer | CloudflareError]
    billing: BillingFacts | CloudflareError | None = None
    readings: Mapping[str, Answer | CloudflareError] = field(default_factory=dict)

    @property
    def known_limits(self) -> Mapping[str, DatasetLimits]:
        """Return the limits that Cloudflare gave; empty if it gave none."""
        return MappingProxyType({}) if isinstance(self.limits, CloudflareError) else self.limits

    @property
    def has_analytics(self) -> bool:
        """Return whether GraphQL answered for the account at all."""
        is_told = not isinstance(self.limits, CloudflareError)
        return is_told or any(isinstance(outcome, Answer) for outcome in self.outcomes.values())

    @property
    def is_silent(self) -> bool:
        """Return whether neither API answered for the account."""
        return isinstance(self.limits, Unreachable) and _is_silent(self.inventory)


async def try_account(
    principal: Principal, account: Account, datasets: Sequence[Dataset], time: CloudflareTime
) -> AccountTrial:
    """Read the lists of an account, and query each of its own datasets for the last complete hour."""
    datasets = [dataset for dataset in datasets if not dataset.is_of_zones and not dataset.reads.is_spread]
    inventory = await _inventory(principal, account)
    limits = await _limits(principal.analytics, account, datasets)
    known = {} if isinstance(limits, CloudflareError) else limits
    now = time.now()
    questions = _questions(account, datasets, known, now) if now is not None else []
    by_book = {BookKey(Scope(account.id), key): allowed for key, allowed in known.items()}
    asked = await principal.ask(account, questions, by_book) if questions else {}
    outcomes = {question.dataset: outcome for question, outcome in asked.items()}
    return AccountTrial(account, principal.name, inventory, limits, outcomes)


def _is_silent(inventory: Inventory | CloudflareError) -> bool:
    if isinstance(inventory, CloudflareError):
        return isinstance(inventory, Unreachable)
    said = inventory.listings.values()
    return all(isinstance(one, ListingFailure) and one.outcome == Unreachable.outcome for one in said)


async def _inventory(principal: Principal, account: Account) -> Inventory | CloudflareError:
    try:
        return await principal.discovery.assets(account)
    except CloudflareError as error:
        return error


async def try_billing(principal: Principal, account: Account) -> BillingFacts | CloudflareError:
    """Read an account's billing facts, which are optional."""
    try:
        return await principal.billing.read(account, NO_BILLING_FACTS)
    except CloudflareError as error:
        return error


async def _limits(
    analytics: Analytics, account: Account, datasets: Sequence[Dataset]
) -> Mapping[str, DatasetLimits] | CloudflareError:
    try:
        found = await analytics.limits(account, datasets)
        return {key.dataset: limits for key, limits in found.items()}
    except CloudflareError as error:
        return error


def _questions(
    account: Account, datasets: Sequence[Dataset], limits: Mapping[str, DatasetLimits], now: datetime
) -> list[tuple[Dataset, Question]]:
    until = floor_hour(now)
    allowed = [(dataset, limits.get(dataset.key, USUAL_LIMITS)) for dataset in datasets]
    return [
        (dataset, dataset.question(Scope(account.id), until, until - HOUR, limit.retention))
        for dataset, limit in allowed
        if limit.is_enabled
    ]
