"""How accounts are called."""

import pytest

from exporter.ledger.account_labels import label_accounts
from exporter.model import Account
from tests.ledger.factories import ACCOUNT, Scene, worker

A, B = "a" * 32, "b" * 32
KNOWN = {A: ("Example", "Example"), B: ("Other", "Other")}


@pytest.mark.parametrize(
    ("accounts", "alias", "changed"),
    [
        ([Account(A, "Example")], {}, {}),
        ([Account(A, "Sample")], {}, {A: ("Sample", "Sample")}),
        ([Account(A, A)], {}, {}),
        ([Account(A, "Other")], {}, {A: ("Other", "Other (aaaaaaaa)")}),
        ([Account(A, "Example")], {A: "production"}, {A: ("Example", "production")}),
        ([Account(A, "Example")], {A: "Other"}, {A: ("Example", "Other (aaaaaaaa)")}),
        (
            [Account(A, "Example"), Account(B, "Other")],
            {A: "Other", B: "Example"},
            {A: ("Example", "Other"), B: ("Other", "Example")},
        ),
        ([Account("c" * 32, "c" * 32)], {"c" * 32: "new"}, {"c" * 32: ("c" * 32, "new")}),
    ],
)
def test_an_account_is_called_by_alias_or_name(
    accounts: list[Account], alias: dict[str, str], changed: dict[str, tuple[str, str]]
) -> None:
    """Labels are unique, and one that is right already stays."""
    assert label_accounts(KNOWN, accounts, alias) == changed


def test_a_label_that_tells_accounts_apart_stays() -> None:
    """The short id stays although the other account has gone by another name since."""
    known = {A: ("Example", "Example"), B: ("Example", "Example (bbbbbbbb)")}
    changed = label_accounts(known, [Account(A, "Sample"), Account(B, "Example")], {})
    assert changed == {A: ("Sample", "Sample")}


def test_an_account_with_an_alias_can_be_renamed() -> None:
    """Its label and its series stay; the name is known for the filters."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.ledger.enroll([ACCOUNT], {ACCOUNT.id: "production"})
    assert scene.series() == {}
    scene.say_and_scrape("10:01", {"10": {"w1": 5}})
    before = scene.series()
    scene.ledger.enroll([Account(ACCOUNT.id, "Sample")], {ACCOUNT.id: "production"})
    assert scene.series() == before == {("unassigned", "shop", "success"): 0}
    assert scene.ledger.publication().accounts == {ACCOUNT.id: "production"}
    assert scene.ledger.accounts() == (Account(ACCOUNT.id, "Sample"),)
