"""The first page: what runs, how each account and dataset stands, and where to go on."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from exporter import __version__
from exporter.model import Snapshot

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cloudflare exporter</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }}
.bad {{ color: #b00020; }}
</style></head>
<body><h1>Cloudflare exporter {version}</h1>
<p><a href="{metrics}">Metrics</a> · <a href="/-/healthy">healthy</a> · <a href="/-/ready">ready</a></p>
{content}
</body></html>
"""


def render_page(snapshot: Snapshot | None, telemetry_path: str) -> str:
    """Give the page's HTML; without a snapshot it says that the first refresh is under way."""
    content = "<p>The first refresh is under way.</p>" if snapshot is None else _content(snapshot)
    return _FRAME.format(version=escape(__version__), metrics=escape(telemetry_path), content=content)


def _content(snapshot: Snapshot) -> str:
    names = snapshot.account_labels
    accounts = [
        (names.get(entry.account_id) or entry.name, entry.account_id, "up" if entry.is_up else "down", entry.detail)
        for entry in snapshot.status.accounts
    ]
    datasets = [
        (
            names.get(entry.account_id, entry.account_id),
            entry.dataset,
            entry.state,
            _minute(snapshot.fresh_until.get((entry.account_id, entry.dataset))),
            entry.detail,
        )
        for entry in snapshot.status.datasets
    ]
    lists = [
        (names.get(entry.account_id, entry.account_id), entry.kind, entry.state, entry.detail)
        for entry in snapshot.status.lists
        if entry.state != "ok"
    ]
    series = sum(len(family.samples) for family in snapshot.families)
    return (
        f"<p>{series} series, as of {snapshot.at:%Y-%m-%d %H:%M:%S} UTC.</p>"
        + _table("Accounts", ("Account", "Id", "State", "What to do"), accounts)
        + (_table("Lists of assets", ("Account", "Kind", "State", "What to do"), lists) if lists else "")
        + _table("Datasets", ("Account", "Dataset", "State", "Data until (UTC)", "What to do"), datasets)
    )


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr{'' if row[2] in {'up', 'ok'} else ' class=bad'}>"
        + "".join(f"<td>{escape(text)}</td>" for text in row)
        + "</tr>"
        for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"
