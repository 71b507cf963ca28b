"""Thresholds that the exporter's configuration sets for single accounts, projects and assets, by their labels."""

from collections.abc import Sequence

from alerting.promql import subjects
from alerting.rule import Group, Record
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product

TITLE = """Thresholds for single accounts, projects and assets, as the exporter publishes them from its configuration \
(alerting.thresholds), with the same labels as their usage. Every rule prefers them to those in thresholds.yml.
They are looked up over 15 minutes, so that none is lost while the exporter restarts."""


def groups(products: Sequence[Product] = PRODUCTS) -> tuple[Group]:
    """Return one record a kind of subject: accounts, projects, and the assets of each kind."""
    kinds = kinds_of(products)
    records = []
    for kind, subject in subjects(products).items():
        published = f'last_over_time(cloudflare_alert_threshold{{kind="{kind}"}}[15m])'
        if kind in kinds:
            published = f'label_replace({published}, "{kinds[kind].label}", "$1", "asset", "(.+)")'
        records.append(Record(subject.exceptions, f"max by (alert, severity, {subject.on}) (\n  {published}\n)"))
    return (Group("cloudflare.overrides", records),)
