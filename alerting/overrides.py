"""Thresholds that the exporter's configuration sets for single accounts, projects and assets, by their labels."""

from alerting.promql import ACCOUNTS, BUCKET, DATABASE, KV, OBJECTS, PROJECTS, WORKER
from alerting.rule import Group, Record

TITLE = """Thresholds for single accounts, projects and assets, as the exporter publishes them from its configuration \
(alerting.thresholds), under the labels that their usage has. Every rule prefers them to those of thresholds.yml.
A quarter of an hour is looked back, so that none is lost while the exporter restarts."""

KINDS = {"worker": WORKER, "r2_bucket": BUCKET, "d1_database": DATABASE, "do_namespace": OBJECTS, "kv_namespace": KV}
SUBJECTS = {"account": ACCOUNTS, "project": PROJECTS, **KINDS}
"""Kind of subject -> its labels."""


def groups() -> tuple[Group]:
    """Return one record a kind of subject."""
    records = []
    for kind, subject in SUBJECTS.items():
        published = f'last_over_time(cloudflare_alert_threshold{{kind="{kind}"}}[15m])'
        if kind in KINDS:
            published = f'label_replace({published}, "{subject.labels[-1]}", "$1", "asset", "(.+)")'
        records.append(Record(subject.exceptions, f"max by (alert, severity, {subject.on}) (\n  {published}\n)"))
    return (Group("cloudflare.overrides", records),)
