"""Made-up ways of asking real datasets that tell time less finely than by the minute."""

from dataclasses import replace
from datetime import timedelta

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Meter, Metric, MetricPart, gauge
from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MOMENT
from exporter.catalog.timing import Counter, DayGauge

HOURLY = Dataset(
    name="vectorizeQueriesAdaptiveGroups",
    version=1,
    kind="worker",
    id_dimension="vectorizeIndexId",
    timing=Counter(BY_HOUR),
    reports_sampling=False,
    fields=(Field("queriedVectorDimensions"),),
    metrics=(
        Metric("cloudflare_dimensions_total", "Dimensions.", (MetricPart("queriedVectorDimensions"),), zeros=((),)),
    ),
    meters=(Meter("dimensions", "queriedVectorDimensions"),),
)

DAILY = Dataset(
    name="httpRequests1dGroups",
    version=1,
    kind="worker",
    id_dimension="",
    timing=Counter(BY_DAY, settle=timedelta(hours=2)),
    fields=(Field("requests"),),
    metrics=(Metric("cloudflare_visits_total", "Visits.", (MetricPart("requests"),), zeros=(), is_of_account=True),),
    meters=(Meter("visits", "requests"),),
)

MOMENTARY = Dataset(
    name="gatewayResolverByCustomResolverGroups",
    version=1,
    kind="worker",
    id_dimension="locationId",
    timing=Counter(BY_MOMENT),
    labels=(Label("decision", "resolverDecision"),),
    fields=(Field("count", ""),),
    metrics=(Metric("cloudflare_lookups_total", "Lookups.", (MetricPart("count"),), ("decision",), zeros=()),),
    meters=(Meter("lookups", "count"),),
)

BUILDS = Dataset(
    name="workersBuildsBuildMinutesAdaptiveGroups",
    version=1,
    kind="worker",
    id_dimension="",
    timing=Counter(BY_MOMENT),
    reports_sampling=False,
    fields=(Field("buildMinutes", fractional=True),),
    metrics=(
        Metric("cloudflare_build_minutes_total", "Time.", (MetricPart("buildMinutes"),), zeros=(), is_of_account=True),
    ),
)

UNIQUES = Dataset(
    name="httpRequests1dGroups",
    variant="uniques",
    version=1,
    timing=DayGauge(),
    kind="worker",
    id_dimension="",
    min_interval=timedelta(hours=1),
    fields=(Field("uniques", "uniq"),),
    metrics=(gauge("cloudflare_unique_visitors", "Visitors.", "uniques", is_of_account=True),),
)
"""Unique visitors of the newest complete day."""

UNIQUES_SO_FAR = replace(
    UNIQUES, variant="uniques_so_far", timing=DayGauge(is_running=True), min_interval=timedelta(minutes=5)
)
"""Unique visitors of the running day."""
