"""A valid configuration: where it comes from, what it leaves, and what looks like a slip."""

from pathlib import Path
from typing import Any

import pytest

from exporter.check import Level, Topic
from exporter.simulator import Fault, Kind
from tests.check.scene import ACCOUNT_ID, OTHER_ID, TOKEN, Scene, account, findings, the, troubles, world


def test_without_a_file(tmp_path: Path) -> None:
    """It is said that there is none, and what is asked where."""
    report = Scene(tmp_path).check()
    assert [(f.subject, f.message) for f in findings(report, Topic.CONFIGURATION)] == [
        ("file", "none given: defaults, flags and the environment apply."),
        ("API", "https://cloudflare.test/client/v4"),
        ("products", "5 of 5 products, 12 datasets: workers, r2, d1, durable_objects, kv."),
    ]


def test_what_the_environment_sets(tmp_path: Path) -> None:
    """Variables that count are named with what they set, never with their values."""
    environment = {
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT_ID,
        "https_proxy": "http://user:password@proxy:3128",
        "SSL_CERT_DIR": "",
        "HOME": "/root",
    }
    report = Scene(tmp_path).check(environment, Path("exporter.yml"))
    assert the(report, Topic.CONFIGURATION, "file").message == "exporter.yml is valid."
    assert the(report, Topic.CONFIGURATION, "environment").message == (
        "CLOUDFLARE_API_TOKEN sets cloudflare.tokens; CLOUDFLARE_ACCOUNT_ID sets that token's accounts; "
        "HTTPS_PROXY sets the proxy, overriding the file."
    )


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://api.cloudflare.com/client/v4", Level.OK),
        ("http://127.0.0.1:8000/client/v4", Level.OK),
        ("http://localhost/client/v4", Level.OK),
        ("http://[::1]:8000/client/v4", Level.OK),
        ("http://cloudflare.test/client/v4", Level.WARNING),
        ("http://localhost.example/client/v4", Level.WARNING),
    ],
)
def test_an_address_without_tls(tmp_path: Path, url: str, level: Level) -> None:
    """A token that would cross a network in the clear is a warning."""
    report = Scene(tmp_path, cloudflare={"api_url": url}).check()
    assert the(report, Topic.CONFIGURATION, "API").level is level


def test_rules_and_filters_are_counted(tmp_path: Path) -> None:
    """What was chosen is summed up, so that a section that was not read would show."""
    report = Scene(
        tmp_path,
        projects=[{"match": {"name": "shop-*"}, "project": "shop"}, {"match": {"kind": "worker"}, "project": "rest"}],
        filters={"products": {"exclude": ["kv"]}, "assets": {"exclude": ["*-log"]}},
        accounts={"alias": {ACCOUNT_ID: "production"}},
        limits={"assets": [{"largest": 10, "account": "production"}]},
    ).check()
    assert the(report, Topic.CONFIGURATION, "choices").message == (
        "2 project rules; filters on products, assets; 1 limit on assets; 1 account alias."
    )
    assert the(report, Topic.CONFIGURATION, "products").message == (
        "4 of 5 products, 10 datasets: workers, r2, d1, durable_objects."
    )
    assert troubles(report) == []


@pytest.mark.parametrize(
    ("sections", "subject", "message"),
    [
        (
            {"accounts": {"include": ["Exampel", "Ex*"]}},
            "accounts.include",
            "'Exampel' matches no account that a token can see.",
        ),
        ({"accounts": {"exclude": ["c" * 32]}}, "accounts.exclude", f"'{'c' * 32}' matches no account that a token"),
        (
            {"accounts": {"alias": {"c" * 32: "prod"}}},
            "accounts.alias",
            f"no token can see the account {'c' * 32} ('prod')",
        ),
        (
            {"accounts": {"exclude": ["*"]}},
            "accounts",
            "accounts.include and accounts.exclude exclude every account.",
        ),
        (
            {"projects": [{"match": {"name": "*"}, "project": "all"}, {"match": {"tag": "nobody"}, "project": "none"}]},
            "projects[1]",
            "the rule for project 'none' matches no asset.",
        ),
        (
            {"limits": {"assets": [{"largest": 9, "account": "Ex*"}, {"largest": 9, "account": "Exampel"}]}},
            "limits.assets[1]",
            "'Exampel' matches no account that a token can see.",
        ),
        (
            {"filters": {"assets": {"include": ["nothing"]}}},
            "filters.assets",
            "every asset is excluded: all usage is published as '(filtered)'.",
        ),
        (
            {"filters": {"products": {"include": ["kv"], "exclude": ["*"]}}},
            "filters",
            "nothing is left to query (0 of 5 products, 0 datasets).",
        ),
    ],
)
def test_slips(tmp_path: Path, sections: dict[str, Any], subject: str, message: str) -> None:
    """What is valid but concerns nothing that there is, is a warning with its key."""
    report = Scene(tmp_path, **sections).check()
    assert troubles(report) == [("warning", "configuration", subject)]
    assert the(report, Topic.CONFIGURATION, subject).message.startswith(message)
    assert report.exit_code == 0


def test_a_rule_for_an_alias(tmp_path: Path) -> None:
    """A rule may mean an account by its alias."""
    report = Scene(
        tmp_path,
        accounts={"alias": {ACCOUNT_ID: "production"}},
        projects=[{"match": {"account": "production"}, "project": "all"}],
    ).check()
    assert troubles(report) == []


def test_what_was_not_seen_is_no_slip(tmp_path: Path) -> None:
    """While a list fails, nobody knows whether a rule matches something in it."""
    scene = Scene(tmp_path, projects=[{"match": {"kind": "kv_namespace"}, "project": "cache"}])
    scene.spoil(Fault(kind=Kind.HTTP_STATUS, status=500, product="kv", api="rest"))
    assert findings(scene.check(), Topic.CONFIGURATION, Level.WARNING) == []


def test_accounts_that_are_left_out_are_not_tried(tmp_path: Path) -> None:
    """An account that the configuration leaves out needs no permissions."""
    scene = Scene(tmp_path, world(account(), account(OTHER_ID, "Other")), accounts={"exclude": ["Other"]})
    report = scene.check()
    assert {finding.account.name for finding in report.findings if finding.account} == {"Example"}
    assert [need.accounts for need in report.needs] == [1]
