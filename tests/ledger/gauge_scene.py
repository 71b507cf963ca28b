"""A ledger that is told states and windows beside usage: datasets, answers, and what is published of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, gauge, quantile_fields, quantile_metric
from exporter.catalog.timing import HourlyGauge, Window
from exporter.ledger import Tariffs
from exporter.model import Answer, Asset, DailyKey, Question, RowKey, Rows, floor_minute
from tests.ledger.factories import ACCOUNT, CALLS, KIND, SCOPE, Scene, at, worker

STOCK = Dataset(
    name="stock",
    version=1,
    timing=HourlyGauge(),
    kind=KIND,
    id_dimension="tag",
    labels=(Label("class", "class"),),
    fields=(Field("bytes", "max"), Field("overhead", "max")),
    metrics=(gauge("cloudflare_stock_bytes", "Stock.", "bytes", ("class",)),),
    meters=(Meter("stock", "bytes"), Meter("stock", "overhead")),
)

SPEED = Dataset(
    name="calls",
    variant="quantiles",
    version=1,
    timing=Window(),
    kind=KIND,
    id_dimension="tag",
    fields=quantile_fields("time", ("P50", "P99")),
    metrics=(quantile_metric("cloudflare_speed_seconds", "Speed.", "time", ("P50", "P99"), divisor=1_000_000),),
)

DATASETS = (CALLS, STOCK, SPEED)

SHOP = worker("w1", "shop")
API = worker("w2", "api")

Stock = Mapping[str, int | tuple[int, int]]
"""Bytes, or bytes and overhead, by asset id, and the class behind a slash where it is not ``hot``."""


def stock_rows(stock: Stock) -> Rows:
    """Return the rows of one hour of the state."""
    rows: dict[RowKey, tuple[int, ...]] = {}
    for which, amounts in stock.items():
        asset, _, storage_class = which.partition("/")
        rows[asset, (storage_class or "hot",)] = amounts if isinstance(amounts, tuple) else (amounts, 0)
    return rows


class GaugeState(Scene):
    """A ledger that is also told states and windows."""

    def __init__(self, *assets: Asset, folder: Path | None = None, tariffs: Tariffs | None = None) -> None:
        super().__init__(folder, DATASETS, tariffs)
        self.list("09:59", *(assets or (SHOP, API)))

    def say_stock(self, clock: str, hours: Mapping[str, Stock]) -> None:
        """Apply what was stored in which hour, in an answer of this moment."""
        since = min((at(f"{hour}:00") for hour in hours), default=at(clock))
        question = Question(SCOPE, STOCK.key, since, at(clock) + timedelta(hours=1))
        rows = {at(f"{hour}:00"): stock_rows(stock) for hour, stock in hours.items() if stock}
        self.ledger.apply(ACCOUNT.id, [Answer(question, at(clock), rows)], 0)

    def say_speed(self, clock: str, speeds: Mapping[str, tuple[int, int]]) -> None:
        """Apply the quantiles of the window that ended five minutes before."""
        end = floor_minute(at(clock)) - timedelta(minutes=5)
        question = Question(SCOPE, SPEED.key, end - timedelta(minutes=15), end)
        rows: Rows = {(asset, ()): amounts for asset, amounts in speeds.items()}
        self.ledger.apply(ACCOUNT.id, [Answer(question, at(clock), {question.since: rows} if rows else {})], 0)

    def shown(self, dataset: Dataset = STOCK, now: datetime | None = None) -> dict[tuple[str, ...], int]:
        """Return what is published of a dataset, by asset and label values."""
        return {
            (placement.asset, *key.values): amount
            for book in self.ledger.publication(now).books
            if book.dataset is dataset
            for placement, key, amount in book.series
        }

    def peaks(self) -> dict[DailyKey, int]:
        """Return the daily sums of what is stored."""
        return {key: amount for key, amount in self.daily().items() if key[2] == "stock"}
