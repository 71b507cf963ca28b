"""The common parts of product pages, from the account's sum down to one asset."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.failing import RATIOS
from dashboards import addresses
from dashboards.colors import PLAIN, QUANTILES
from dashboards.freshness import alerts_firing, alerts_table
from dashboards.grafana import COUNT, MARK, FieldStyle, Json, Query, Size, fixed, stat, timeseries
from dashboards.lines import FAILED, QUOTA, Line
from dashboards.links import (
    PROJECT,
    TO_ASSET,
    TO_PROJECT,
    cloudflare_of_row,
    cloudflare_of_series,
    of_row,
    of_series,
    product_page,
    project_of_row,
)
from dashboards.names import PROJECT_LEVEL, QUOTA_USED
from dashboards.page import Section, dashboard
from dashboards.queries import (
    FORECAST,
    TO_DATE,
    began_anew,
    by_project,
    largest,
    money,
    rate_of_largest,
    select,
    select_account,
    used_in_all,
    week_before,
)
from dashboards.spending import forecast, to_date
from dashboards.tables import BAR, Column, Value, linked, values_table
from dashboards.text import BEFORE, DATA_TIME, FIFTEEN, IN_RANGE, LATE, OF_CYCLE, TEN
from dashboards.variables import alerts, deployments, of_assets
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product

SMALL, THIRD, HALF, WIDE = Size(4, 4), Size(8, 10), Size(12, 9), Size(24, 8)
LOW = Size(12, 7)

TIMES = {"unit": "suffix: times", "decimals": 1}
"""Multiples, whose bars have no end at 100 %."""

ENDS = ("p50", "p95", "p99")
"""The quantiles shown together."""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """The page of a product and one kind of its assets, and the PromQL selectors for its variables."""

    product: Product
    kind: AssetKind
    meters: str = ""
    """A regular expression of its meters with included usage."""

    lines: str = ""
    """A regular expression of its names on the bill, if there are several."""

    @property
    def label(self) -> str:
        """Return the label that names an asset."""
        return self.kind.label

    @property
    def level(self) -> str:
        """Return the prefix of records about an asset."""
        return f"{PROJECT_LEVEL}_{self.label}"

    @property
    def chosen(self) -> str:
        """Return the matchers of its metrics for the selected assets."""
        return f'{self.label}=~"${self.label}"'

    @property
    def line(self) -> tuple[str, str]:
        """Return the matchers of the bill for the selected assets."""
        return f'product=~"{self.lines or self.product.name}"', f'asset=~"${self.label}"'

    @property
    def firing(self) -> tuple[str, str]:
        """Return the matchers of its alerts, including those about no single asset."""
        return f'product="{self.product.name}"', f'{self.label}=~"${self.label}|"'

    def page(
        self,
        description: str,
        *,
        stats: Sequence[Json],
        traffic: Json,
        projects: Sequence[Json],
        values: Sequence[Value],
        counters: Sequence[str],
        assets: Sequence[Json],
    ) -> Json:
        """Return the page: sums, the curve of all beside the table of assets, curves of each asset and each project.

        ``counters`` are those of the table. What says nothing of a single asset lies in a row that is closed at first.
        """
        uid = product_page(self.product.name)
        return dashboard(
            uid,
            f"Cloudflare / {self.product.title}",
            f"{description} {LATE}",
            variables=of_assets(self.kind),
            annotations=(alerts(*self.firing), deployments(f'asset=~"${self.label}"')),
            sections=(
                Section(
                    "All selected assets",
                    (
                        alerts_firing(SMALL, *self.firing),
                        *stats,
                        to_date(SMALL, *self.line),
                        forecast(SMALL, *self.line),
                        traffic,
                        self._table(values, counters),
                    ),
                ),
                Section("Alerts, and what the plan includes", (self._alerts(), self._quotas())),
                Section(f"Each {self.kind.asset}", tuple(assets)),
                Section("Each project", tuple(projects), is_collapsed=True),
            ),
        )

    def _table(self, values: Sequence[Value], counters: Sequence[str]) -> Json:
        prices = [
            Value(title, self._cost(metric), {"unit": "currencyUSD", "decimals": 2})
            for title, metric in (("To date", TO_DATE), ("Forecast", FORECAST))
        ]
        select = of_row(product_page(self.product.name), TO_ASSET, project="Project", **{self.label: self.kind.title})
        return values_table(
            f"{self.kind.title}s",
            f"Usage in the selected time range, as far as Cloudflare has reported it; sizes are current. {OF_CYCLE}",
            HALF,
            (
                Column(self.label, self.kind.title, linked(select, cloudflare_of_row(), **{"custom.width": 170})),
                Column("project", "Project", linked(project_of_row(), **{"custom.width": 90})),
                addresses.HIDDEN,
            ),
            (*values, *prices, Value("", addresses.of_kind(self.kind, self.chosen))),
            look=COUNT,
            sort_by="Forecast",
            anew=began_anew(counters, f"project, {self.label}", self.chosen),
        )

    def _cost(self, metric: str) -> str:
        """The bill calls every asset just that."""
        shares = money(metric, "project, asset", *self.line)
        named = f'label_replace({shares}, "{self.label}", "$1", "asset", "(.+)")'
        return f"sum by (project, {self.label}) ({named})"

    def _alerts(self) -> Json:
        return alerts_table(LOW, *self.firing)

    def stat(self, title: str, description: str, expr: str, look: FieldStyle) -> Json:
        """Return a panel with a single value."""
        return stat(title, description, SMALL, [Query(expr, title.lower())], look)

    def total(self, title: str, description: str, counter: str, *matchers: str) -> Json:
        """Return a panel with the usage in the selected time range: the sum of its column in the table."""
        counted = used_in_all(counter, self.chosen, *matchers)
        return stat(title, f"{description} {IN_RANGE}", SMALL, [Query(counted, MARK)], COUNT)

    def by_project(self, title: str, what: str, record: str, counter: str, *, unit: str) -> Json:
        """Return a panel with a recorded rate by project."""
        query = rate_of_largest(f"{self.level}{record}", counter, "project", self.chosen)
        return timeseries(
            f"{title} by project",
            f"{what} {TEN} {BEFORE} {DATA_TIME}",
            HALF,
            [Query(by_project(query), "{{project}}"), week_before(f"{self.level}{record}", self.chosen)],
            FieldStyle(unit),
            is_stacked=True,
            links=(of_series(PROJECT, TO_PROJECT, "project"),),
        )

    def by_asset(self, title: str, what: str, record: str, counter: str, *matchers: str, unit: str) -> Json:
        """Return a panel with a recorded rate by asset."""
        query = rate_of_largest(f"{self.level}{record}", counter, self.label, self.chosen, *matchers)
        return self._curves(title, f"{what} {TEN} {DATA_TIME}", query, FieldStyle(unit), is_stacked=True)

    def value_by_asset(self, title: str, what: str, record: str, *, unit: str, line: Line | None = None) -> Json:
        """Return a panel with the largest recorded values by asset, and the line of an alert."""
        said = f" Above the line {line.alert} may fire." if line else ""
        query = largest(f"{self.level}{record}", self.label, self.chosen)
        look = FieldStyle(unit, line.drawn()) if line else FieldStyle(unit)
        return self._curves(title, f"{what} The ten largest now.{said}", query, look)

    def failed_share(self) -> Json:
        """Return the panel with the share of each asset's requests that fail, and the line of the warning."""
        (ratio,) = (each for each in RATIOS if each.of.product is self.product)
        return self.value_by_asset(
            "Failed share",
            f"Share of failed {ratio.of.requests}, over {IN_WORDS} of Cloudflare's time ({ratio.dataset}).",
            ratio.name.removeprefix(self.level),
            unit="percentunit",
            line=FAILED[self.product.name],
        )

    def quantiles(
        self,
        title: str,
        what: str,
        metric: str,
        *matchers: str,
        size: Size = HALF,
        ends: Sequence[str] = ENDS,
        line: Line | None = None,
    ) -> Json:
        """Return a panel with the quantiles of a duration, and the line of an alert about one of them."""
        labels = {f"0.{end.removeprefix('p')}".rstrip("0"): end for end in ends}
        several = f"Of several {self.kind.asset}s, the highest of each."
        said = f" Above the line {line.alert} may fire." if line else ""
        chosen = select(metric, self.chosen, *matchers, f'quantile=~"{"|".join(labels)}"')
        return timeseries(
            f"{title}: {', '.join(ends)}",
            f"{what} {several} {FIFTEEN}{said}",
            size,
            [Query(f"max by (quantile) ({chosen})", "{{quantile}}")],
            FieldStyle("s", line.drawn()) if line else FieldStyle("s"),
            colors=QUANTILES,
            names=labels,
        )

    def metric_by_asset(self, title: str, what: str, query: str, look: FieldStyle) -> Json:
        """Return a panel with a query's values by asset."""
        return self._curves(title, what, query, look)

    def _quotas(self) -> Json:
        """Return the table with the used share of included usage, and with what is used beyond it."""
        meters = f'meter=~"{self.meters}"'
        used = f"max by (meter) ({select_account(QUOTA_USED, meters)})"
        return values_table(
            "Share of included usage",
            "In the billing cycle (on the free plan: in the day), for the selected accounts and all their projects: "
            "what is used of it, and what beyond it, which a paid plan bills.",
            LOW,
            (Column("meter", "Meter", {"custom.width": 190}),),
            (
                Value("Used", used, {"custom.cellOptions": BAR, "min": 0, "max": 1, "color": {"mode": "thresholds"}}),
                Value("Beyond", f"{used} - 1 > 0", {"custom.cellOptions": BAR, "min": 0, **TIMES, **fixed(PLAIN)}),
            ),
            look=FieldStyle("percentunit", QUOTA, decimals=0),
            sort_by="Used",
        )

    def _curves(self, title: str, what: str, query: str, look: FieldStyle, *, is_stacked: bool = False) -> Json:
        return timeseries(
            f"{title} by {self.kind.asset}",
            what,
            THIRD,
            [Query(query, f"{{{{{self.label}}}}}")],
            look,
            is_stacked=is_stacked,
            links=(
                of_series(product_page(self.product.name), TO_ASSET, self.label),
                cloudflare_of_series(self.kind),
            ),
        )
