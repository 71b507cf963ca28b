"""Request limits: what is counted, and what exceeding them leads to."""

from collections.abc import Callable
from datetime import timedelta

from exporter.simulator import Limits, ManualClock, Simulator, TokenModel
from tests.simulator.client import Client


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
