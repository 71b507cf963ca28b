"""Limits in the configuration: whose they are, and what is refused with which words."""

from pathlib import Path

import pytest

from exporter.catalog import KINDS
from exporter.config import ConfigError, load_config
from exporter.config.selection import Selection
from exporter.model import MOST_ASSETS, Account

EXAMPLE, OTHER = Account("a" * 32, "Example"), Account("b" * 32, "Other")


def load(folder: Path, text: str) -> Selection:
    """Return the choices of a file with this section."""
    path = folder / "exporter.yml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, {}, None).selection


def test_there_is_one_limit_unless_others_are_given(tmp_path: Path) -> None:
    """The section may be left out, be empty or have no list."""
    for text in ("", "limits:\n", "limits: {assets: }\n", "limits: {assets: []}\n"):
        assert load(tmp_path, text).most_assets("worker", EXAMPLE) == MOST_ASSETS


def test_the_first_limit_that_matches_applies(tmp_path: Path) -> None:
    """Kinds are globs, accounts are known by alias, id or name; without conditions a limit is for all."""
    text = f"""
    accounts: {{alias: {{{EXAMPLE.id}: production}}}}
    limits:
      assets:
        - {{largest: 1, kind: worker, account: production}}
        - {{largest: 2, kind: '*_namespace', account: {OTHER.id}}}
        - {{largest: 3, kind: worker, account: Oth*}}
        - {{largest: 0, kind: r2_bucket}}
        - {{largest: 50_000, account: Example}}
        - {{largest: 4}}
    """
    chosen = load(tmp_path, text)
    found = {account.name: {kind: chosen.most_assets(kind, account) for kind in KINDS} for account in (EXAMPLE, OTHER)}
    assert found == {
        "Example": {
            "worker": 1, "r2_bucket": 0, "d1_database": 50_000, "do_namespace": 50_000, "kv_namespace": 50_000,
        },
        "Other": {"worker": 3, "r2_bucket": 0, "d1_database": 4, "do_namespace": 2, "kv_namespace": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("assets: [{largest: 1}, {kind: worker}]", "limits.assets[1].largest: Field required"),
        ("assets: [{largest: 50001}]", "limits.assets[0].largest: Input should be less than or equal to 50000"),
        ("assets: [{largest: -1}]", "limits.assets[0].largest: Input should be greater than or equal to 0"),
        ("assets: [{largest: true}]", "limits.assets[0].largest: must be a number"),
        (
            "assets: [{largest: 1, kind: workers}]",
            f"limits.assets[0].kind: matches no kind; known: {', '.join(KINDS)}. Did you mean worker?",
        ),
        ("assets: [{largest: 1, account: ''}]", "limits.assets[0].account: must not be empty"),
        ("assets: [{largest: 1, project: shop}]", "limits.assets[0].project: unknown key"),
        ("tenants: 5", "limits.tenants: unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, fault: str) -> None:
    """Nothing is used of a file with a limit that makes no sense."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"limits: {{{text}}}\n")
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == [fault]


def test_a_key_twice_is_refused_with_its_lines(tmp_path: Path) -> None:
    """As everywhere in the file."""
    with pytest.raises(ConfigError, match="the key largest twice, on lines 3 and 4"):
        load(tmp_path, "limits:\n  assets:\n    - largest: 1\n      largest: 2\n")
