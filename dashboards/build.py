"""Writes the dashboards as Grafana reads them: ``python -m dashboards.build``."""

import json
from collections.abc import Mapping
from pathlib import Path

from dashboards.compare import compare
from dashboards.cost import cost
from dashboards.d1 import d1
from dashboards.durable_objects import durable_objects
from dashboards.exporter import exporter
from dashboards.kv import kv
from dashboards.overview import overview
from dashboards.project import project
from dashboards.r2 import r2
from dashboards.workers import workers

OUT = Path(__file__).resolve().parent / "out"

PAGES = (overview, cost, project, compare, workers, r2, d1, durable_objects, kv, exporter)


def build() -> Mapping[str, str]:
    """Return the content of each file in ``dashboards/out`` by its name."""
    made = [page() for page in PAGES]
    return {f"{page['uid']}.json": json.dumps(page, indent=2, ensure_ascii=False) + "\n" for page in made}


def main() -> None:
    """Write every dashboard, and remove files of dashboards that no longer exist."""
    OUT.mkdir(exist_ok=True)
    files = build()
    for stale in OUT.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, content in files.items():
        (OUT / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
