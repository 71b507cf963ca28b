"""Datasets that take a request for each asset: each is tried on one of them, and reported with its permission."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import RestResource
from exporter.check.account_trial import AccountTrial
from exporter.check.faults import fault_of
from exporter.check.findings import TOKEN_LINK, DatasetTrial, Finding, Level, Topic
from exporter.check.wording import count, span
from exporter.cloudflare import CloudflareError, Forbidden, NotEnabled, Principal, Throttled
from exporter.model import Account, Answer, Inventory, Listing, Scope, floor_minute
from exporter.poller.pacing import Round


async def try_readings(
    principal: Principal,
    account: Account,
    datasets: Sequence[Dataset],
    inventory: Inventory | CloudflareError,
    now: datetime,
) -> dict[str, Answer | CloudflareError]:
    """Return what is said of one asset of each dataset, by dataset key; one without assets is not tried."""
    asked = []
    for dataset in datasets:
        for asset_id in assets_of(dataset, inventory)[:1]:
            question = dataset.question(Scope(account.id), floor_minute(now), None)
            asked.append((dataset, replace(question, asset_id=asset_id)))
    said = await principal.ask(account, asked)
    return {question.dataset: outcome for question, outcome in said.items()}


def assets_of(dataset: Dataset, inventory: Inventory | CloudflareError) -> list[str]:
    """Return the ids of the assets that a dataset reads; a single empty one stands for the account."""
    if dataset.reads.is_of_account:
        return [""]
    listing = inventory.listings.get(dataset.kind) if isinstance(inventory, Inventory) else None
    return [asset.id for asset in listing.assets] if isinstance(listing, Listing) else []


def reading_rounds(trial: AccountTrial, datasets: Sequence[Dataset], refresh: timedelta) -> tuple[Round, ...]:
    """Return what reading everything once takes, of the datasets that the token may read."""
    return tuple(
        Round(number, max(dataset.min_interval, refresh))
        for dataset in datasets
        if (number := len(assets_of(dataset, trial.inventory)))
        and not isinstance(trial.readings.get(dataset.key), Forbidden)
    )


def reading_trials(trial: AccountTrial, datasets: Sequence[Dataset]) -> list[DatasetTrial]:
    """Return the state of each dataset."""
    return [DatasetTrial(trial.account, dataset.name, _state(trial, dataset), None) for dataset in datasets]


def reading_findings(trial: AccountTrial, datasets: Sequence[Dataset]) -> list[Finding]:
    """Return the findings on each dataset."""
    return [_of_dataset(trial, dataset) for dataset in datasets]


def _of_dataset(trial: AccountTrial, dataset: Dataset) -> Finding:
    said, assets = trial.readings.get(dataset.key), assets_of(dataset, trial.inventory)
    if said is None:
        return _finding(trial, Level.OK, dataset, "not tried: the account has nothing to read it of.")
    if isinstance(said, Answer):
        every = f" every {span(dataset.min_interval)}" if dataset.min_interval else " per refresh"
        return _finding(trial, Level.OK, dataset, f"answers. It takes {count(len(assets), 'request')}{every}.")
    if isinstance(said, NotEnabled):
        return _finding(trial, Level.OK, dataset, "the account does not use it.")
    if isinstance(said, Forbidden):
        permission = dataset.reads.permission if isinstance(dataset.reads, RestResource) else ""
        names = ", ".join(dict.fromkeys(metric.name for metric in dataset.metrics))
        return _finding(
            trial,
            Level.ERROR,
            dataset,
            f"refused: the token lacks the permission '{permission}'. Not published: {names}.",
            f"Add '{permission}' to the token, or create a new one with {TOKEN_LINK}, or leave the product out with "
            "filters.products.",
        )
    level, message, remedy = fault_of(said)
    return _finding(trial, level, dataset, message, remedy)


def _state(trial: AccountTrial, dataset: Dataset) -> str:
    match trial.readings.get(dataset.key):
        case None | Throttled():
            return "untried"
        case Answer() | NotEnabled():
            return "ok"
        case error:
            return "unavailable" if error.is_final else "failing"


def _finding(trial: AccountTrial, level: Level, dataset: Dataset, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.DATASETS, level, dataset.name, message, remedy, trial.token, trial.account)
