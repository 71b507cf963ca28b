"""Writes the rules as Prometheus reads them: ``python -m alerting.build``."""

from collections.abc import Mapping
from pathlib import Path

from alerting import (
    costs,
    d1,
    durable_objects,
    escalation,
    exporter,
    failing,
    kv,
    money,
    overrides,
    r2,
    thresholds,
    usage,
    workers,
)
from alerting.rule import as_yaml

RULES = Path(__file__).resolve().parent / "rules"
THRESHOLDS = RULES / "thresholds.yml"

WRITTEN = "Written by `make rules` from the code in alerting/; thresholds are in thresholds.yml."

MODULES = (overrides, usage, costs, exporter, failing, workers, r2, d1, durable_objects, kv, money, escalation)


def build() -> Mapping[str, str]:
    """Return the content of each file in ``rules/`` by its name."""
    files = {
        f"{room.__name__.rpartition('.')[2]}.yml": as_yaml(f"{room.TITLE}\n{WRITTEN}", room.groups())
        for room in MODULES
    }
    return {THRESHOLDS.name: thresholds.as_yaml(), **files}


def main() -> None:
    """Write every rule file, and remove those that are no longer generated."""
    files = build()
    for stale in RULES.glob("*.yml"):
        if stale.name not in files:
            stale.unlink()
    for name, content in files.items():
        (RULES / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
