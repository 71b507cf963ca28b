"""Permissions, each tried in each account."""

from pathlib import Path

import pytest

from exporter.catalog import PRODUCTS
from exporter.check import Level, Part
from exporter.simulator import Fault, Kind, TokenModel
from tests.check.scene import ACCOUNT_ID, ALL, OTHER_ID, TOKEN, Scene, account, findings, the, troubles, world


def lacking(folder: Path, *missing: str, **sections: object) -> Scene:
    """A scene whose token lacks permissions, by the simulator's words for them."""
    return Scene(folder, world(tokens=(TokenModel(token=TOKEN, permissions=ALL - set(missing)),)), **sections)


def test_all_permissions(tmp_path: Path) -> None:
    """Each permission is tried once an account, and named as Cloudflare names it."""
    report = Scene(tmp_path).check()
    assert [(f.subject, f.level.value, f.message) for f in findings(report, Part.PERMISSIONS)] == [
        ("Account Settings Read", "ok", "granted: 1 account listed."),
        ("Account Analytics Read", "ok", "granted."),
        ("Workers Scripts Read", "ok", "granted (workers, durable_objects)."),
        ("Workers R2 Storage Read", "ok", "granted (r2)."),
        ("D1 Read", "ok", "granted (d1)."),
        ("Workers KV Storage Read", "ok", "granted (kv)."),
    ]


@pytest.mark.parametrize(
    ("missing", "permission", "products"),
    [
        ("workers", "Workers Scripts Read", "workers, durable_objects"),
        ("r2", "Workers R2 Storage Read", "r2"),
        ("d1", "D1 Read", "d1"),
        ("kv", "Workers KV Storage Read", "kv"),
    ],
)
def test_a_list_that_is_refused(tmp_path: Path, missing: str, permission: str, products: str) -> None:
    """A missing permission is an error that names it, what it costs, and what to do instead of granting it."""
    report = lacking(tmp_path, missing).check()
    assert troubles(report) == [("error", "permissions", permission)]
    finding = the(report, Part.PERMISSIONS, permission)
    assert finding.message == (
        f"missing: Cloudflare refuses the list of {products}. Usage is counted, but as '(unlisted)', not by name."
    )
    assert finding.remedy == (
        f"Add '{permission}' to the token, or make another with the token link, or leave {products} out with "
        "filters.products."
    )
    assert report.wants_link
    assert report.exit_code == 1


def test_a_product_that_is_left_out_needs_no_permission(tmp_path: Path) -> None:
    """What a filter leaves out is neither tried nor asked for in the link."""
    report = lacking(tmp_path, "d1", filters={"products": {"exclude": ["d1"]}}).check()
    assert troubles(report) == []
    assert "%22d1%22" not in report.link
    assert report.exit_code == 0


def test_analytics_that_are_refused(tmp_path: Path) -> None:
    """Without the permission for analytics nothing is counted, which one finding says for all datasets."""
    report = lacking(tmp_path, "analytics").check()
    assert troubles(report) == [("error", "permissions", "Account Analytics Read")]
    finding = the(report, Part.PERMISSIONS, "Account Analytics Read")
    assert finding.message == "missing: Cloudflare refuses every dataset, so no usage is counted."
    assert finding.remedy == "Add 'Account Analytics Read' to the token, or make another with the token link."
    assert findings(report, Part.DATASETS) == []
    assert {trial.state for trial in report.datasets} == {"unavailable"}
    assert report.exit_code == 1


def test_accounts_that_may_not_be_listed(tmp_path: Path) -> None:
    """Without it and without named accounts there is nothing to read."""
    report = lacking(tmp_path, "accounts").check()
    assert troubles(report) == [("error", "permissions", "Account Settings Read")]
    finding = the(report, Part.PERMISSIONS, "Account Settings Read")
    assert finding.message == "missing: no account is listed, so none is read."
    assert "CLOUDFLARE_ACCOUNT_ID" in finding.remedy
    assert the(report, Part.TOKENS, "token 1").message.endswith("It sees no account.")
    assert report.exit_code == 1


def test_named_accounts_need_not_be_listed(tmp_path: Path) -> None:
    """With the accounts named, only their names are missing."""
    tokens = {"tokens": [{"token": TOKEN, "accounts": [ACCOUNT_ID]}]}
    report = lacking(tmp_path, "accounts", cloudflare=tokens).check()
    assert troubles(report) == [("warning", "permissions", "Account Settings Read")]
    assert len(findings(report, Part.DATASETS, Level.OK)) == 12
    assert report.exit_code == 0


def test_a_product_that_is_not_enabled(tmp_path: Path) -> None:
    """An account that never enabled R2 has no buckets; that is no missing permission."""
    report = Scene(tmp_path, world(account(r2_enabled=False))).check()
    assert the(report, Part.PERMISSIONS, "Workers R2 Storage Read").level is Level.OK
    assert report.exit_code == 0


def test_a_list_that_fails(tmp_path: Path) -> None:
    """A list that Cloudflare cannot give says nothing about the permission; the others are tried all the same."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, product="kv", api="rest"))
    report = scene.check()
    assert troubles(report) == [("error", "permissions", "Workers KV Storage Read")]
    finding = the(report, Part.PERMISSIONS, "Workers KV Storage Read")
    assert finding.message.startswith("could not be tried. Listing kv of account Example")
    assert "HTTP 500" in finding.message
    assert finding.remedy == "Check again in a few minutes; if it lasts, look at Cloudflare's status page."


def test_analytics_that_fail(tmp_path: Path) -> None:
    """A GraphQL API that fails is told with the permission that could not be tried."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql"))
    report = scene.check()
    assert troubles(report) == [("error", "permissions", "Account Analytics Read")]
    assert "HTTP 500" in the(report, Part.PERMISSIONS, "Account Analytics Read").message
    assert {trial.state for trial in report.datasets} == {"failing"}


def test_every_account_has_its_own_permissions(tmp_path: Path) -> None:
    """A fault of one account is none of another's."""
    scene = Scene(tmp_path, world(account(), account(OTHER_ID, "Other")))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=403, product="d1", account=OTHER_ID, api="rest"))
    report = scene.check()
    by_account = {
        f.account.name: f.level.value
        for f in findings(report, Part.PERMISSIONS)
        if f.account and f.subject == "D1 Read"
    }
    assert by_account == {"Example": "ok", "Other": "error"}


def test_every_permission_of_the_catalog_is_tried(tmp_path: Path) -> None:
    """No product's list is passed over."""
    tried = {finding.subject for finding in findings(Scene(tmp_path).check(), Part.PERMISSIONS)}
    assert {product.endpoint.permission for product in PRODUCTS} <= tried
