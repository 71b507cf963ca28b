"""Writes the dashboards as Grafana reads them: ``python -m dashboards.build``."""

import json
from collections.abc import Mapping
from pathlib import Path

from dashboards.overview import overview

OUT = Path(__file__).resolve().parent / "out"


def build() -> Mapping[str, str]:
    """Give the content of each file in ``dashboards/out`` by its name."""
    return {f"{made['uid']}.json": json.dumps(made, indent=2, ensure_ascii=False) + "\n" for made in (overview(),)}


def main() -> None:
    """Write every dashboard; files of dashboards that are gone are removed."""
    OUT.mkdir(exist_ok=True)
    files = build()
    for stale in OUT.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, content in files.items():
        (OUT / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
