"""Permissions, each tried in each account."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from exporter.catalog import KINDS, PRODUCTS
from exporter.check import Level, Topic
from exporter.check.links import needed_permissions
from exporter.simulator import Fault, Kind, TokenModel
from tests.check.scene import ACCOUNT_ID, ALL, OTHER_ID, TOKEN, Scene, account, findings, the, troubles, world


def lacking(folder: Path, *missing: str, **sections: object) -> Scene:
    """A scene whose token lacks permissions, by the simulator's words for them."""
    return Scene(folder, world(tokens=(TokenModel(token=TOKEN, permissions=ALL - set(missing)),)), **sections)


def test_all_permissions(tmp_path: Path) -> None:
    """Each permission is tried once an account, and named as Cloudflare names it."""
    report = Scene(tmp_path).check()
    assert [(f.subject, f.level.value, f.message) for f in findings(report, Topic.PERMISSIONS)] == [
        ("Account Settings Read", "ok", "granted: 1 account listed."),
        ("Account Analytics Read", "ok", "granted."),
        ("Workers Scripts Read", "ok", "granted (workers, durable_objects)."),
        ("Workers R2 Storage Read", "ok", "granted (r2)."),
        ("D1 Read", "ok", "granted (d1)."),
        ("Workers KV Storage Read", "ok", "granted (kv)."),
        ("Billing Read", "ok", "granted."),
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
    finding = the(report, Topic.PERMISSIONS, permission)
    assert finding.message == (
        f"missing: Cloudflare refuses to list {products}. Usage is counted as '(unlisted)' instead of by name."
    )
    assert finding.remedy == (
        f"Add '{permission}' to the token, or create a new one with the token link, or leave {products} out with "
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
    finding = the(report, Topic.PERMISSIONS, "Account Analytics Read")
    assert finding.message == "missing: Cloudflare refuses every dataset, so no usage is counted."
    assert finding.remedy == "Add 'Account Analytics Read' to the token, or create a new one with the token link."
    assert findings(report, Topic.DATASETS) == []
    assert {trial.state for trial in report.datasets} == {"unavailable"}
    assert report.exit_code == 1


def test_accounts_that_may_not_be_listed(tmp_path: Path) -> None:
    """Without it and without named accounts there is nothing to read."""
    report = lacking(tmp_path, "accounts").check()
    assert troubles(report) == [("error", "permissions", "Account Settings Read")]
    finding = the(report, Topic.PERMISSIONS, "Account Settings Read")
    assert finding.message == "missing: no account can be listed, so none is read."
    assert "CLOUDFLARE_ACCOUNT_ID" in finding.remedy
    assert the(report, Topic.TOKENS, "token 1").message.endswith("It can see no account.")
    assert report.exit_code == 1


def test_named_accounts_need_not_be_listed(tmp_path: Path) -> None:
    """With the accounts named, only their names are missing."""
    tokens = {"tokens": [{"token": TOKEN, "accounts": [ACCOUNT_ID]}]}
    report = lacking(tmp_path, "accounts", cloudflare=tokens).check()
    assert troubles(report) == [("warning", "permissions", "Account Settings Read")]
    assert len(findings(report, Topic.DATASETS, Level.OK)) == 12
    assert report.exit_code == 0


def test_a_product_that_is_not_enabled(tmp_path: Path) -> None:
    """An account that never enabled R2 has no buckets; that is no missing permission."""
    report = Scene(tmp_path, world(account(r2_enabled=False))).check()
    assert the(report, Topic.PERMISSIONS, "Workers R2 Storage Read").level is Level.OK
    assert report.exit_code == 0


def test_a_list_that_fails(tmp_path: Path) -> None:
    """A list that Cloudflare cannot give says nothing about the permission; the others are tried all the same."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, product="kv", api="rest"))
    report = scene.check()
    assert troubles(report) == [("error", "permissions", "Workers KV Storage Read")]
    finding = the(report, Topic.PERMISSIONS, "Workers KV Storage Read")
    assert finding.message.startswith("could not be tried. Listing KV namespaces of account Example")
    assert "HTTP 500" in finding.message
    assert finding.remedy == "Check again in a few minutes; if it persists, look at Cloudflare's status page."


def test_analytics_that_fail(tmp_path: Path) -> None:
    """A GraphQL API that fails is told with the permission that could not be tried."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql"))
    report = scene.check()
    assert troubles(report) == [("error", "permissions", "Account Analytics Read")]
    assert "HTTP 500" in the(report, Topic.PERMISSIONS, "Account Analytics Read").message
    assert {trial.state for trial in report.datasets} == {"failing"}


def test_every_account_has_its_own_permissions(tmp_path: Path) -> None:
    """A fault of one account is none of another's."""
    scene = Scene(tmp_path, world(account(), account(OTHER_ID, "Other")))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=403, product="d1", account=OTHER_ID, api="rest"))
    report = scene.check()
    by_account = {
        f.account.name: f.level.value
        for f in findings(report, Topic.PERMISSIONS)
        if f.account and f.subject == "D1 Read"
    }
    assert by_account == {"Example": "ok", "Other": "error"}


def test_every_permission_of_the_catalog_is_tried(tmp_path: Path) -> None:
    """No product's list is passed over, and just what the link asks for is tried."""
    tried = {finding.subject for finding in findings(Scene(tmp_path).check(), Topic.PERMISSIONS)}
    assert {kind.endpoint.permission for kind in KINDS.values()} <= tried
    assert tried == set(needed_permissions(PRODUCTS))


@pytest.mark.parametrize(
    ("billed", "asked"),
    [
        ({"covered": False}, 2),
        ({"covered": True, "usage_path": "billable-usage"}, 3),
        ({"covered": True, "usage_path": "paygo-usage"}, 4),
        ({"covered": True, "usage_path": "billing/usage/paygo"}, 5),
    ],
)
def test_billing_that_may_be_read(tmp_path: Path, billed: Mapping[str, Any], asked: int) -> None:
    """Whether and wherever the account offers its own bill, the permission is granted, after two to five requests."""
    scene = Scene(tmp_path, world(account(**billed)))
    report = scene.check()
    assert troubles(report) == []
    finding = the(report, Topic.PERMISSIONS, "Billing Read")
    assert (finding.level, finding.message, finding.remedy) == (Level.OK, "granted.", "")
    assert finding.account is not None
    assert (finding.token, finding.account.id) == ("token 1", ACCOUNT_ID)
    assert scene.simulator.requests == {"graphql": 2, "rest": 11 + asked}
    assert report.exit_code == 0


def test_billing_that_may_not_be_read(tmp_path: Path) -> None:
    """Usage is counted without it, so that it is missing is one warning, which says what to do and changes no exit."""
    scene = lacking(tmp_path, "billing")
    report = scene.check()
    assert troubles(report) == [("warning", "permissions", "Billing Read")]
    finding = the(report, Topic.PERMISSIONS, "Billing Read")
    assert finding.message == (
        "missing: plan and billing cycle are assumed unless configured, and Cloudflare's bill is not read. Usage "
        "is still counted."
    )
    assert finding.remedy == ("Add 'Billing Read' to the token, or set costs.plan and costs.cycle_day.")
    assert len(findings(report, Topic.DATASETS, Level.OK)) == 12
    assert scene.simulator.requests == {"graphql": 2, "rest": 13}
    assert not report.wants_link
    assert report.exit_code == 0


def test_the_link_has_billing_beside_what_else_is_missing(tmp_path: Path) -> None:
    """The error of another permission brings the link, and that fills in the permission for billing too."""
    report = lacking(tmp_path, "d1", "billing").check()
    assert troubles(report) == [("error", "permissions", "D1 Read"), ("warning", "permissions", "Billing Read")]
    assert report.wants_link
    assert quote('{"key":"billing","type":"read"}', safe="") in report.link
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("path", "doing"),
    [
        ("/subscriptions", "Listing the subscriptions"),
        ("/billable-usage/info", "Asking for the billing cycle"),
        ("/billable-usage", "Asking for billed usage"),
    ],
)
def test_billing_that_fails(tmp_path: Path, path: str, doing: str) -> None:
    """An answer that does not come says nothing about the permission; all else is tried, and it is only a warning."""
    scene = Scene(tmp_path, world(account(covered=True)))
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, path=f"/accounts/{ACCOUNT_ID}{path}"))
    report = scene.check()
    assert troubles(report) == [("warning", "permissions", "Billing Read")]
    finding = the(report, Topic.PERMISSIONS, "Billing Read")
    assert finding.message == (
        f"could not be tried. {doing} of account Example ({ACCOUNT_ID}): Cloudflare answered HTTP 500."
    )
    assert finding.remedy == "Check again in a few minutes; if it persists, look at Cloudflare's status page."
    assert len(findings(report, Topic.DATASETS, Level.OK)) == 12
    assert report.exit_code == 0


def test_billing_that_is_throttled(tmp_path: Path) -> None:
    """A limit that is used up by then is told in the words that it has for every permission."""
    scene = Scene(tmp_path)
    scene.spoil(Fault(kind=Kind.THROTTLE, seconds=300, path=f"/accounts/{ACCOUNT_ID}/subscriptions"))
    report = scene.check()
    assert troubles(report) == [("warning", "permissions", "Billing Read")]
    finding = the(report, Topic.PERMISSIONS, "Billing Read")
    assert finding.message == "not tried: Cloudflare is throttling this user."
    assert finding.remedy == (
        "Check again in five minutes. If it recurs, another tool uses up the request limits of this user."
    )
    assert report.exit_code == 0


class SilentAboutBilling(httpx.AsyncBaseTransport):
    """A Cloudflare whose billing never answers."""

    def __init__(self, other: httpx.AsyncBaseTransport) -> None:
        self._other = other

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer all but what is asked about billing."""
        if request.url.path.endswith("/subscriptions"):
            await asyncio.Event().wait()
        return await self._other.handle_async_request(request)


def test_billing_that_never_answers(tmp_path: Path) -> None:
    """Billing that hangs takes nothing from what was found before it, in however many accounts."""
    accounts = tuple(account(f"{number:032x}", f"account-{number}") for number in range(1, 4))
    scene = Scene(tmp_path, world(*accounts))
    scene.transport = SilentAboutBilling(scene.transport)
    report = scene.check(patience=timedelta(seconds=4))
    assert {trouble for trouble in troubles(report) if trouble[0] == "error"} == set()
    assert sum(trouble == ("warning", "permissions", "Billing Read") for trouble in troubles(report)) == 3
    assert report.exit_code == 0
