"""The ledger's file: ledgers of earlier schema versions."""

import sqlite3
from contextlib import closing
from pathlib import Path

from exporter.config.selection import Selection
from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.migrations import MIGRATIONS
from exporter.model import Asset
from tests.ledger.factories import ACCOUNT, CALLS, KIND, Scene, at, worker

WEB = worker("w1", "shop-web")
TAGGED = worker("w2", "two", tags=("project:store",))
CART = Asset("do_namespace", "n1", "shop-web_Cart", parent="shop-web")

FIRST_SIGNATURE = "1|tag,status|status=status|requests|cloudflare_calls_total:requests/"
"""The signature of CALLS as the first release spelled it: without scales and without the labels of metrics."""


def write_first_version(folder: Path) -> None:
    """Write a ledger as the first schema had it: three assets, and 9 calls of one of them."""
    seen, start = int(at("09:00").timestamp()), int(at("10:00").timestamp())
    rest = (seen, 0)
    assets = [
        (KIND, "w1", "shop-web", "listed", *rest, "shop", "", 0, None, None, "[]", "", ""),
        (KIND, "w2", "two", "listed", *rest, "store", "store", 0, None, None, '["project:store"]', "", ""),
        ("do_namespace", "n1", "shop-web_Cart", "listed", *rest, "shop", "", 0, None, None, "[]", "shop-web", ""),
    ]
    book = (FIRST_SIGNATURE, start, start, start + 60, start + 60, start + 60, None, None)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.executescript(f"BEGIN; {MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
        connection.execute("INSERT INTO account VALUES (?, ?, ?)", (ACCOUNT.id, ACCOUNT.name, ACCOUNT.name))
        for asset in assets:
            connection.execute(f"INSERT INTO asset VALUES ({', '.join('?' * 15)})", (ACCOUNT.id, *asset))
        connection.execute(f"INSERT INTO book VALUES ({', '.join('?' * 10)})", (ACCOUNT.id, CALLS.name, *book))
        connection.execute(
            "INSERT INTO row VALUES (?, ?, 'w1', '[\"success\"]', '[0]', '[9]', '[9]')", (ACCOUNT.id, CALLS.name)
        )
        connection.execute(
            "INSERT INTO series VALUES (?, ?, 'shop', 'shop-web', 0, '[\"success\"]', '9', NULL)",
            (ACCOUNT.id, CALLS.name),
        )


def decisions(scene: Scene) -> dict[str, tuple[str, str]]:
    """Return each asset's project and what it was decided by."""
    (roster,) = scene.ledger.publication().assets.values()
    return {entry.asset.id: (entry.project, entry.decided_by) for entry in roster}


def test_a_ledger_of_the_first_version_is_carried_on(tmp_path: Path) -> None:
    """Counters and decisions stay, and it is known what each decision was made by."""
    write_first_version(tmp_path)
    scene = Scene(tmp_path)
    expected = {"w1": ("shop", "name"), "w2": ("store", "tag:store"), "n1": ("shop", "worker")}
    assert decisions(scene) == expected
    assert scene.series() == {("shop", "shop-web", "success"): 9}
    scene.list("10:01", WEB, TAGGED, CART)
    assert decisions(scene) == expected
    scene.ledger.close()


def test_decisions_and_filters_are_kept_over_a_restart(tmp_path: Path) -> None:
    """What a rule decided, and what is left out, is known before the next discovery."""
    scene = Scene(tmp_path)
    scene.selection = Selection.model_validate(
        {
            "projects": [{"match": {"name": "two"}, "project": "front"}],
            "filters": {"assets": {"exclude": ["shop-web"]}},
        }
    )
    scene.list("10:00", WEB, TAGGED)
    before = scene.ledger.publication().assets
    scene.reopen()
    assert scene.ledger.publication().assets == before
    assert decisions(scene)["w2"] == ("front", "rule:front")
    assert {entry.asset.id for entry in before[ACCOUNT.id] if entry.is_filtered} == {"w1"}
    scene.ledger.close()
