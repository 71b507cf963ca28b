"""The check itself: tries each token and account at Cloudflare within a bounded time, and collects the findings."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from exporter.catalog import PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.check.account_trial import AccountTrial, try_account, try_billing
from exporter.check.configuration import Discovered, configuration_findings
from exporter.check.credential import Credential
from exporter.check.datasets import dataset_findings, dataset_trials
from exporter.check.findings import CheckReport, Finding, Level, Need, Topic
from exporter.check.links import added_by_hand, needed_permissions, token_link
from exporter.check.permissions import permission_findings
from exporter.check.readings import reading_findings, reading_rounds, reading_trials, try_readings
from exporter.check.request_budget import Cost, by_group, need_findings, request_need
from exporter.check.sources import source_findings
from exporter.check.tokens import away_finding, listing_finding, token_findings
from exporter.check.verification import TokenTrial, try_token
from exporter.check.wording import count
from exporter.clock import Clock
from exporter.cloudflare import CloudflareTime, RequestBudget, RequestCounts
from exporter.cloudflare.client import NETWORK_ADVICE
from exporter.cloudflare.errors import Unreachable
from exporter.config import Config
from exporter.model import Account, Inventory, Listing
from exporter.poller.sources import SourcePollers

PATIENCE = timedelta(seconds=45)
"""The time limit for trying a token, and then for each account."""

SIDE_BY_SIDE = 4
"""The number of accounts that are tried at once."""

MOST_SILENT = 4
"""After this many accounts in a row without an answer, Cloudflare counts as down and no further one is tried."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call:
    """An account to try and the token to use; ``account_trial`` is None if it was not tried."""

    credential: Credential
    account: Account
    account_trial: AccountTrial | None = None


class Checker:
    """Tries everything that a configuration needs from Cloudflare. Sends only GET requests and GraphQL queries."""

    def __init__(
        self,
        config: Config,
        credentials: Sequence[Credential],
        sources: SourcePollers,
        *,
        clock: Clock,
        time: CloudflareTime,
        request_counts: RequestCounts,
        patience: timedelta = PATIENCE,
        products: Sequence[Product] = PRODUCTS,
    ) -> None:
        self._config = config
        self._bearers = credentials
        self._sources = sources
        self._clock = clock
        self._time = time
        self._request_counts = request_counts
        self._patience = patience.total_seconds()
        self._silent = 0
        self._products = [product for product in products if config.selection.wants_product(product)]
        datasets = config.selection.datasets(products)
        self._datasets = [dataset for dataset in datasets if not dataset.reads.is_spread]
        self._spread = [dataset for dataset in datasets if dataset.reads.is_spread]

    async def check(
        self, path: Path | None, environment: Mapping[str, str], state_findings: Iterable[Finding]
    ) -> CheckReport:
        """Return the report; ``state_findings`` are its last part."""
        trials = await self._try_tokens()
        calls = await self._try_account(_calls(self._config, trials, [*self._datasets, *self._spread]))
        calls = await self._try_readings(calls)
        visits = await self._try_billing(calls)
        products, datasets, spread = self._products, self._datasets, self._spread
        permissions = needed_permissions(products)
        needs = self._needs(calls)
        await self._sources.poll()
        seen = _seen(self._config, trials, calls, are_all_tried=len(trials) == len(self._bearers))
        findings = [
            *configuration_findings(self._config, path, environment, seen),
            *_of_tokens(trials, self._time.now() or self._clock.now()),
            *(listing_finding(trial) for trial in trials if trial.is_usable),
            *(finding for account_trial in visits for finding in permission_findings(account_trial, products)),
            *_by_hand(permissions),
            *_untried(calls),
            *(finding for account_trial in visits for finding in dataset_findings(account_trial, datasets)),
            *(finding for account_trial in visits for finding in reading_findings(account_trial, spread)),
            *(finding for need in needs for finding in need_findings(need, _estimated(calls, need))),
            *(finding for source in self._sources.show() for finding in source_findings(source)),
            *state_findings,
        ]
        spent: dict[str, int] = {"graphql": 0, "rest": 0}
        for (api, _), number in self._request_counts.counts().items():
            spent[api] += number
        return CheckReport(
            tuple(findings),
            tuple(
                trial
                for account_trial in visits
                for trial in (*dataset_trials(account_trial, datasets), *reading_trials(account_trial, spread))
            ),
            needs,
            token_link(permissions, is_of_account=bool(trials) and all(trial.is_of_account for trial in trials)),
            tuple(spent.items()),
        )

    async def _try_tokens(self) -> list[TokenTrial]:
        """Try the tokens one by one; if Cloudflare does not answer at all, skip the rest."""
        trials: list[TokenTrial] = []
        for credential in self._bearers:
            trial = await self._within(try_token(credential))
            if trial is None:
                trial = TokenTrial(credential, self._late(f"Verifying {credential.principal.name}"), (), ())
            trials.append(trial)
            if isinstance(trial.verified, Unreachable):
                break
        return trials

    async def _try_account(self, calls: Sequence[Call]) -> list[Call]:
        datasets = self._datasets
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def account_trial(call: Call) -> Call:
            async with slots:
                if self._silent >= MOST_SILENT:
                    return call
                found = await self._within(try_account(call.credential.principal, call.account, datasets, self._time))
                if found is None:
                    late = self._late("Its lists and datasets")
                    found = AccountTrial(call.account, call.credential.principal.name, late, late, {})
                self._silent = self._silent + 1 if found.is_silent else 0
                return Call(call.credential, call.account, found)

        return list(await asyncio.gather(*(account_trial(call) for call in calls)))

    async def _try_readings(self, calls: Sequence[Call]) -> list[Call]:
        """Try each dataset that takes a request for each asset on one of an account's."""
        slots, now = asyncio.Semaphore(SIDE_BY_SIDE), self._time.now()

        async def of(call: Call) -> Call:
            trial = call.account_trial
            if trial is None or trial.is_silent or now is None or not self._spread:
                return call
            principal, late = call.credential.principal, self._late("Its readings")
            async with slots:
                found = await self._within(try_readings(principal, call.account, self._spread, trial.inventory, now))
            readings = {dataset.key: late for dataset in self._spread} if found is None else found
            return replace(call, account_trial=replace(trial, readings=readings))

        return list(await asyncio.gather(*(of(call) for call in calls)))

    async def _try_billing(self, calls: Sequence[Call]) -> list[AccountTrial]:
        """Read the accounts' billing facts, after everything that is required has been tried."""
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def of(call: Call, account_trial: AccountTrial) -> AccountTrial:
            if account_trial.is_silent:
                return account_trial
            async with slots:
                found = await self._within(try_billing(call.credential.principal, call.account))
            return replace(account_trial, billing=self._late("Its billing") if found is None else found)

        return list(
            await asyncio.gather(*(of(call, call.account_trial) for call in calls if call.account_trial is not None))
        )

    async def _within(self, asking: Awaitable[Result]) -> Result | None:
        """Return the result, or None if it takes too long."""
        try:
            async with asyncio.timeout(self._patience):
                return await asking
        except TimeoutError:
            return None

    def _late(self, what: str) -> Unreachable:
        return Unreachable(
            f"{what}: no complete answer from {self._config.cloudflare.api_url} within {self._patience:g} s.",
            NETWORK_ADVICE,
        )

    def _needs(self, calls: Sequence[Call]) -> tuple[Need, ...]:
        budget = RequestBudget(self._clock, self._config.cloudflare.budget_share.by_api())
        refresh = self._config.poll.refresh
        costs = by_group((call.credential.token.budget_group, _cost(call, self._spread, refresh)) for call in calls)
        return tuple(
            request_need(
                self._config,
                budget,
                group,
                (one.principal.name for one in self._bearers if one.token.budget_group == group),
                of_group,
            )
            for group, of_group in costs.items()
        )


def _calls(config: Config, trials: Sequence[TokenTrial], datasets: Sequence[Dataset]) -> list[Call]:
    """Return the accounts to try, each with the first token that sees it, as in the running exporter.

    Empty if there is nothing to query, or if Cloudflare did not answer a token: it would not answer them either.
    """
    calls: dict[str, Call] = {}
    is_away = any(isinstance(trial.verified, Unreachable) for trial in trials)
    for trial in () if is_away or not datasets else trials:
        for account in trial.accounts:
            if trial.is_usable and config.selection.accounts.admits(account):
                calls.setdefault(account.id, Call(trial.credential, account))
    return list(calls.values())


def _cost(call: Call, spread: Sequence[Dataset], refresh: timedelta) -> Cost:
    """Return the requests that the account took; a list that failed took at least one."""
    principal, account_id = call.credential.principal, call.account.id
    inventory = call.account_trial.inventory if call.account_trial else None
    listings = inventory.listings.values() if isinstance(inventory, Inventory) else ()
    assets = sum(len(listing.assets) for listing in listings if isinstance(listing, Listing))
    rest = max(principal.discovery.cost(account_id), len(listings))
    rounds = reading_rounds(call.account_trial, spread, refresh) if call.account_trial else ()
    return Cost(principal.analytics.cost(account_id), rest, assets, rounds)


def _seen(config: Config, trials: Iterable[TokenTrial], calls: Iterable[Call], *, are_all_tried: bool) -> Discovered:
    accounts: dict[str, Account] = {}
    is_complete = are_all_tried
    for trial in trials:
        is_complete &= trial.is_usable and isinstance(trial.listed, tuple)
        accounts |= {account.id: account for account in trial.accounts}
    inventories = [call.account_trial.inventory if call.account_trial else None for call in calls]
    whole = [one for one in inventories if isinstance(one, Inventory) and _is_whole(one)]
    return Discovered(tuple(accounts.values()), tuple(whole), is_complete and len(whole) == len(inventories))


def _is_whole(inventory: Inventory) -> bool:
    return all(isinstance(listing, Listing) for listing in inventory.listings.values())


def _of_tokens(trials: Iterable[TokenTrial], now: datetime) -> list[Finding]:
    findings: list[Finding] = []
    for trial in trials:
        if isinstance(trial.verified, Unreachable):
            findings.append(away_finding(trial.verified))
        else:
            findings += token_findings(trial, now)
    return findings


def _by_hand(permissions: Mapping[str, str]) -> list[Finding]:
    missing = added_by_hand(permissions)
    if not missing:
        return []
    text = f"the token link cannot preselect {', '.join(missing)}: Cloudflare documents no key for it."
    return [Finding(Topic.PERMISSIONS, Level.OK, "token link", text)]


def _untried(calls: Iterable[Call]) -> list[Finding]:
    skipped = [call for call in calls if call.account_trial is None]
    if not skipped:
        return []
    text = f"{count(len(skipped), 'account')} not tried because Cloudflare stopped answering."
    return [Finding(Topic.PERMISSIONS, Level.ERROR, "accounts", text, "Check again in a few minutes.")]


def _estimated(calls: Iterable[Call], need: Need) -> int:
    """Return the number of accounts of a budget that were not seen, so that their needs are estimates."""
    own = [call for call in calls if call.credential.token.budget_group == need.group]
    return sum(call.account_trial is None or not call.account_trial.has_analytics for call in own)
