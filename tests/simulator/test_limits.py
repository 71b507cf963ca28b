"""Request limits: what is counted, and what exceeding them leads to."""

from collections.abc import Callable
from datetime import timedelta

from exporter.simulator import AccountLimits, Limits, ManualClock, Simulator, TokenModel
from tests.simulator.client import ACCOUNT, OTHER_ACCOUNT, WORKERS, Client

SETTINGS = f"{WORKERS} {{ enabled }}"


def test_exceeding_blocks_the_user(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """One request too many blocks every token and API of the user for five minutes, and nobody else."""
    tokens = (TokenModel(token="one", user="a"), TokenModel(token="two", user="a"), TokenModel(token="three", user="b"))
    simulator = simulate(tokens=tokens, limits=Limits(rest=3, graphql=2))
    one, two, three = (Client(simulator, token.token) for token in tokens)
    assert [client.get("/accounts").status_code for client in (one, two, one, two)] == [200, 200, 200, 429]
    blocked = one.get("/accounts")
    assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "300")
    answer = two.graphql("{ cost }")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "budget")
    assert three.get("/accounts").status_code == 200
    clock.advance(timedelta(minutes=4, seconds=59))
    assert two.get("/accounts").headers["retry-after"] == "1"
    clock.advance(timedelta(seconds=1))
    assert two.get("/accounts").status_code == 200


BY_ACCOUNT = {"X-Rate-Limit-Type": "account-based"}


def of(account: str) -> str:
    """Return a document about an account."""
    return f'{{ viewer {{ budget accounts(filter: {{accountTag: "{account}"}}) {{ settings {{ {SETTINGS} }} }} }} }}'


def test_accounts_are_limited_apart_where_that_is_asked_for(simulate: Callable[..., Simulator]) -> None:
    """One request too many about an account is refused alone, in its name; the user's own count stays."""
    client = Client(simulate(limits=Limits(graphql=2)))
    answers = [client.graphql(of(ACCOUNT), BY_ACCOUNT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].headers["ratelimit"].startswith('"default";r=1;')
    assert answers[2].json()["errors"][0]["message"] == f"Account {ACCOUNT} has exceeded its rate limit"
    assert answers[2].json()["errors"][0]["extensions"]["code"] == "budget"
    assert client.graphql(of(OTHER_ACCOUNT), BY_ACCOUNT).headers["ratelimit"].startswith('"default";r=1;')
    assert client.graphql(of(ACCOUNT)).json()["errors"] is None


def test_limits_by_account_may_be_ignored_or_refused(simulate: Callable[..., Simulator]) -> None:
    """Ignored, requests count for the user; refused, the document is."""
    client = Client(simulate(limits=Limits(graphql=1, by_account=AccountLimits.IGNORED)))
    assert [client.graphql(of(account), BY_ACCOUNT).status_code for account in (ACCOUNT, ACCOUNT)] == [200, 429]
    client = Client(simulate(limits=Limits(by_account=AccountLimits.REFUSED)))
    answer = client.graphql(of(ACCOUNT), BY_ACCOUNT)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "unsupported rate limit type")


def test_limits_can_be_off(simulate: Callable[..., Simulator]) -> None:
    """Without limits nothing is refused and no header tells of any."""
    client = Client(simulate(limits=Limits(rest=None, graphql=None)))
    answers = [client.graphql("{ viewer { budget } }") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "ratelimit" not in answers[0].headers


def test_graphql_is_limited(simulate: Callable[..., Simulator]) -> None:
    """The third of two allowed documents is refused with the documented message."""
    client = Client(simulate(limits=Limits(graphql=2)))
    assert [client.graphql("{ cost }").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.graphql("{ cost }").json()
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith("rate limiter budget depleted")
