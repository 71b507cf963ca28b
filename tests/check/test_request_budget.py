"""The request need against the budget, and the intervals that result."""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.check import Level, Topic
from exporter.ledger import Ledger
from exporter.simulator import TokenModel
from tests.check.scene import OTHER_ID, TOKEN, Scene, account, findings, the, troubles, world

MINUTE = timedelta(minutes=1)


def many(number: int) -> tuple[object, ...]:
    """So many accounts."""
    return tuple(account(f"{index:032x}", f"account-{index}") for index in range(1, number + 1))


def test_one_account_is_asked_as_configured(tmp_path: Path) -> None:
    """What was counted while checking is set against the share of the budget."""
    report = Scene(tmp_path).check()
    assert [(f.subject, f.level.value, f.message) for f in findings(report, Topic.REQUESTS)] == [
        (
            "GraphQL",
            "ok",
            "1 account with 9 assets: 1 request per refresh, of 210 per five minutes (0.7 of 300). Each account: "
            "every 1m.",
        ),
        (
            "REST",
            "ok",
            "1 account with 9 assets: 7 requests per discovery, of 600 per five minutes (0.5 of 1,200). Each "
            "account: every 10m.",
        ),
    ]


def test_many_accounts_stretch_the_interval(tmp_path: Path) -> None:
    """Fifty accounts at 42 requests a minute are asked every other minute, which is a warning."""
    report = Scene(tmp_path, world(*many(50))).check()
    assert troubles(report) == [("warning", "requests", "GraphQL")]
    finding = the(report, Topic.REQUESTS, "GraphQL")
    assert finding.message.endswith("So each account gets a refresh every 2m instead of every 1m (poll.refresh).")
    assert "cloudflare.budget_share.graphql" in finding.remedy
    (need,) = report.needs
    assert (need.accounts, need.assets) == (50, 450)
    assert (need.graphql.requests, need.graphql.interval) == (50, 2 * MINUTE)
    assert (need.rest.requests, need.rest.interval) == (350, 10 * MINUTE)
    assert report.exit_code == 0


def test_the_check_keeps_to_the_budget(tmp_path: Path) -> None:
    """With more accounts than the budget suffices for, the rest is not tried, and the need is an estimate for it."""
    scene = Scene(tmp_path, world(*many(150)))
    report = scene.check()
    assert scene.simulator.requests["graphql"] <= 210
    assert scene.simulator.requests["rest"] <= 600
    warnings = findings(report, Topic.PERMISSIONS, Level.WARNING)
    assert {finding.subject for finding in warnings} == {
        "Account Analytics Read",
        "Workers Scripts Read",
        "Workers R2 Storage Read",
        "D1 Read",
        "Workers KV Storage Read",
        "Billing Read",
    }
    assert {finding.message for finding in warnings} == {
        "not tried: this check has used up its share of Cloudflare's request limits."
    }
    assert "an estimate for " in the(report, Topic.REQUESTS, "GraphQL").message
    (need,) = report.needs
    assert (need.accounts, need.graphql.interval) == (150, 4 * MINUTE)
    assert need.rest.interval > 8 * MINUTE
    assert report.exit_code == 0


def test_groups_have_budgets_of_their_own(tmp_path: Path) -> None:
    """Tokens of different users are counted apart, those of one group together."""
    models = [
        TokenModel(token="first", accounts=frozenset({"a" * 32})),
        TokenModel(token="second", accounts=frozenset({OTHER_ID}), user="second"),
    ]
    tokens = [{"token": "first"}, {"token": "second", "budget_group": "second-user"}]
    simulated = world(account(), account(OTHER_ID, "Other"), tokens=tuple(models))
    report = Scene(tmp_path, simulated, cloudflare={"tokens": tokens}).check()
    assert [finding.subject for finding in findings(report, Topic.REQUESTS)] == [
        "GraphQL",
        "REST",
        "GraphQL (second-user)",
        "REST (second-user)",
    ]
    assert [(need.group, need.tokens, need.accounts) for need in report.needs] == [
        ("", ("token 1",), 1),
        ("second-user", ("token 2",), 1),
    ]


@pytest.mark.parametrize(("graphql", "most"), [(0.7, 90), (0.3, 90), (1.0, 15)])
def test_beside_a_running_exporter_only_the_rest_is_used(tmp_path: Path, graphql: float, most: int) -> None:
    """While an exporter uses the folder, the check asks no more than that one leaves of Cloudflare's limit."""
    shares = {"tokens": [{"token": TOKEN}], "budget_share": {"graphql": graphql}}
    scene = Scene(tmp_path, world(*many(80)), cloudflare=shares)
    ledger = Ledger.open(tmp_path, DATASETS.values())
    try:
        report = scene.check()
    finally:
        ledger.close()
    assert scene.simulator.requests["graphql"] == most
    (need,) = report.needs
    assert need.graphql.share == graphql
    assert need.graphql.allowance == round(300 * graphql)
