"""Declared faults of lists and access: short lists, tokens that are revoked, accounts that come and go."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exporter.simulator import AccountModel, Fault, Kind, ManualClock, Simulator, TokenModel
from tests.simulator.client import ACCOUNT, MINUTE, OTHER_ACCOUNT, REQUESTS, SCRIPTS, TOKEN, WORKERS, Client, node

Fail = Callable[..., None]

DOCUMENT = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ {REQUESTS} }} }} }}'


def code(client: Client, path: str) -> tuple[int, int]:
    """The HTTP status and the error code of an answer."""
    answer = client.get(path)
    return answer.status_code, answer.json()["errors"][0]["code"]


def listed(client: Client) -> list[str]:
    """The ids of the accounts that are listed."""
    return [account["id"] for account in client.get("/accounts").json()["result"]]


def assert_revoked(client: Client) -> None:
    """Check that everything is answered as for a token that is no more."""
    assert code(client, "/user/tokens/verify") == (401, 1000)
    assert code(client, "/accounts") == (401, 10000)
    assert code(client, SCRIPTS) == (401, 10000)
    answer = client.graphql(DOCUMENT)
    assert (answer.status_code, answer.json()["data"]) == (401, None)
    assert answer.json()["errors"][0]["message"] == "Unauthorized"


def assert_active(client: Client) -> None:
    """Check that everything is answered."""
    assert client.get("/user/tokens/verify").json()["result"]["status"] == "active"
    assert client.get(SCRIPTS).status_code == 200
    assert client.graphql(DOCUMENT).json()["errors"] is None


def test_short_list(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A list lacks assets that the next answer has."""
    fail(Kind.SHORT_LIST)
    assert len(client.get(SCRIPTS).json()["result"]) == 1
    clock.advance(MINUTE)
    assert len(client.get(SCRIPTS).json()["result"]) == 2


def test_revoked(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A token is revoked, and restored."""
    fail(Kind.REVOKED)
    assert_revoked(client)
    clock.advance(MINUTE)
    assert_active(client)


def test_revoked_for_one_account(fail: Fail, client: Client) -> None:
    """A token can be refused where one account is asked about, and nowhere else."""
    fail(Kind.REVOKED, account=ACCOUNT)
    assert code(client, SCRIPTS) == (401, 10000)
    assert client.graphql(DOCUMENT).status_code == 401
    assert listed(client) == [ACCOUNT]


def test_token_status(simulator: Simulator, client: Client) -> None:
    """A token is revoked, disabled and restored at runtime; what is no token or no status is not."""
    simulator.set_token_status(TOKEN, "revoked")
    assert_revoked(client)
    simulator.set_token_status(TOKEN, "disabled")
    assert code(client, SCRIPTS) == (401, 10000)
    assert client.get("/user/tokens/verify").json()["result"]["status"] == "disabled"
    simulator.set_token_status(TOKEN, "active")
    assert_active(client)
    with pytest.raises(ValueError, match="invalid token status lost"):
        simulator.set_token_status(TOKEN, "lost")
    with pytest.raises(KeyError) as raised:
        simulator.set_token_status("unknown-secret", "active")
    assert "unknown-secret" not in str(raised.value)


def test_account_gone(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """An account disappears from lists, REST and GraphQL, and comes back; another stays."""
    simulator = simulate(tokens=(TokenModel(token="both"),))
    client = Client(simulator, "both")
    everything = f"{{ viewer {{ accounts {{ accountTag {REQUESTS} }} }} }}"
    before = node(client.ask(REQUESTS))
    simulator.faults.add(Fault(kind=Kind.ACCOUNT_GONE, account=ACCOUNT, until=clock.now() + MINUTE))
    assert listed(client) == [OTHER_ACCOUNT]
    assert code(client, SCRIPTS) == (403, 9109)
    assert code(client, f"/accounts/{ACCOUNT}") == (403, 9109)
    gone, unknown = client.ask(REQUESTS), client.ask(REQUESTS, account="f" * 32)
    assert gone == unknown
    accounts = client.graphql(everything).json()["data"]["viewer"]["accounts"]
    assert [account["accountTag"] for account in accounts] == [OTHER_ACCOUNT]
    clock.advance(MINUTE)
    assert listed(client) == [ACCOUNT, OTHER_ACCOUNT]
    assert client.get(SCRIPTS).status_code == 200
    assert node(client.ask(REQUESTS)) == before


def test_account_appears(simulate: Callable[..., Simulator], account: AccountModel, clock: ManualClock) -> None:
    """Before its creation there is no account, and nothing of it was ever used before then."""
    created = clock.now().replace(second=0) + timedelta(minutes=5)
    simulator = simulate(accounts=(replace(account, created=created),))
    client = Client(simulator)
    assert listed(client) == []
    assert code(client, SCRIPTS) == (403, 9109)
    assert client.ask(REQUESTS)["errors"][0]["extensions"]["code"] == "authz"
    clock.set(created)
    assert listed(client) == [ACCOUNT]
    assert client.get(SCRIPTS).status_code == 200
    assert node(client.ask(REQUESTS)) == {"workers": []}
    assert simulator.used(ACCOUNT, WORKERS, created - timedelta(hours=1), created) == {}
    assert simulator.used(ACCOUNT, WORKERS, created, created + MINUTE)
