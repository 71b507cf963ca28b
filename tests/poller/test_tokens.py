"""Several tokens and accounts: each account has an owner, users have budgets, and nobody holds up anybody else."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.cloudflare.errors import TokenRejected
from exporter.simulator import AccountModel, Fault, Kind, Limits, TokenModel, Worker, World
from tests.exactness.harness import ACCOUNT_ID
from tests.poller.scene import MINUTE, OTHER_ID, listed_world, told, two_accounts
from tests.poller.token_scene import FIRST, SECOND, Sent, TokenRig, WebPolicy

NARROW, BLIND, UNKNOWN = "narrow-token", "blind-token", "unknown-token"
PAIR = ({"token": FIRST}, {"token": SECOND})
LONGEST_WAIT = 1.0
"""Real seconds that a refresh waits for what is held; everything else takes a tenth of that."""


def overlapping() -> World:
    """One account that two tokens see, and tokens that the first may become: one sees nothing, one no analytics."""
    return replace(
        listed_world(),
        tokens=(
            TokenModel(token=FIRST),
            TokenModel(token=SECOND),
            TokenModel(token=NARROW, accounts=frozenset()),
            TokenModel(token=BLIND, permissions=frozenset({"accounts", "workers", "r2", "d1", "kv"})),
        ),
    )


async def take_owner(rig: TokenRig) -> tuple[str, str]:
    """Let the exporter run for a while; gives the token that asks for the account, and the other one."""
    await rig.go_on(4)
    (owner,) = rig.network.tokens(ACCOUNT_ID)
    rig.network.forget()
    return owner, {FIRST: SECOND, SECOND: FIRST}[owner]


LOSSES = {
    "it has expired": None,
    "it was deleted": UNKNOWN,
    "it lists the account no more": NARROW,
    "it may no longer read usage": BLIND,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_another_token_goes_on_with_an_account(tmp_path: Path, loss: str) -> None:
    """What the owner can no longer ask for, the other asks for at the next refresh; no unit is lost or doubled."""

    async def script() -> None:
        async with TokenRig(overlapping(), tmp_path, PAIR) as rig:
            owner, heir = await take_owner(rig)
            if LOSSES[loss] is None:
                rig.simulator.set_token_status(owner, "expired")
            else:
                rig.network.changed[owner] = LOSSES[loss] or ""
            await rig.go_on()
            assert rig.up()["Example"] == 0
            await rig.go_on()
            assert rig.up()["Example"] == 1
            rig.network.forget()
            await rig.go_on(12)
            assert rig.network.tokens(ACCOUNT_ID) == {heir}
            assert rig.up()["Example"] == 1
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_token_that_is_rejected_is_a_problem_though_another_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named with its remedy until it is accepted again; the account stays with the other token."""

    async def script() -> None:
        async with TokenRig(overlapping(), tmp_path, PAIR) as rig:
            owner, heir = await take_owner(rig)
            names = {FIRST: "token 1", SECOND: "token 2"}
            name, heirs_name = names[owner], names[heir]
            with caplog.at_level(logging.INFO, logger="exporter"):
                rig.simulator.set_token_status(owner, "expired")
                await rig.go_on(3)
                assert [key[:3] for key in rig.problems()] == [(name, "token", TokenRejected.outcome)]
                rig.simulator.set_token_status(owner, "active")
                await rig.go_on(2)
            assert rig.problems() == {}
            assert rig.up() == {"Example": 1}
            rig.network.forget()
            await rig.go_on(12)
            assert rig.network.tokens(ACCOUNT_ID) == {heir}
            lines = [line for line in told(caplog) if "answers for the dataset again" not in line]
            assert [line.partition(" (")[0].partition(":")[0] for line in lines] == [
                "account Example is down. Analytics of account Example",
                "Listing the accounts",
                f"{heirs_name} now asks for the account in place of {name}",
                "account Example is up.",
                "the token lists accounts again",
            ]

    asyncio.run(script())


def test_two_tokens_that_are_rejected_do_not_take_turns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An account stays down as long as both are; the first that is accepted again has it."""

    async def script() -> None:
        async with TokenRig(overlapping(), tmp_path, PAIR) as rig:
            owner, heir = await take_owner(rig)
            for token in (owner, heir):
                rig.simulator.set_token_status(token, "expired")
            await rig.go_on(3)
            since = rig.problems()
            caplog.clear()
            with caplog.at_level(logging.INFO, logger="exporter"):
                await rig.go_on(12)
            assert told(caplog) == []
            assert rig.problems() == since
            assert sorted(key[:3] for key in since) == [
                ("Example", "account", "unauthorized"),
                ("token 1", "token", "unauthorized"),
                ("token 2", "token", "unauthorized"),
            ]
            rig.simulator.set_token_status(heir, "active")
            await rig.go_on(2)
            assert rig.up()["Example"] == 1
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_token_revoked_and_restored_comes_back_by_itself(tmp_path: Path) -> None:
    """Down with reason and remedy since the refresh that met it, up with the refresh after, and exact."""

    async def script() -> None:
        async with TokenRig(overlapping(), tmp_path, PAIR[:1]) as rig:
            await rig.go_on(3)
            assert rig.problems() == {}
            rig.simulator.set_token_status(FIRST, "expired")
            met = rig.clock.cloudflare.now().replace(microsecond=0).timestamp()
            await rig.go_on(15)
            problems = rig.problems()
            assert {key[:3] for key in problems} == {
                ("Example", "account", "unauthorized"),
                ("token 1", "token", "unauthorized"),
            }
            assert problems["Example", "account", "unauthorized", TokenRejected.advice] == met
            assert all(remedy for *_, remedy in problems)
            rig.simulator.set_token_status(FIRST, "active")
            await rig.go_on(2)
            assert rig.problems() == {}
            assert rig.up() == {"Example": 1}
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def many_accounts(users: tuple[str, str]) -> World:
    """Two tokens, each with ten accounts of its own, that belong to these users; limits are Cloudflare's."""
    accounts = [
        AccountModel(id=f"{number:032x}", name=f"account-{number}", assets=(Worker(id=f"{number:032x}", name="web"),))
        for number in range(1, 21)
    ]
    halves = (accounts[:10], accounts[10:])
    return World(
        accounts=tuple(accounts),
        tokens=tuple(
            TokenModel(token=token, user=user, accounts=frozenset(account.id for account in half))
            for token, user, half in zip((FIRST, SECOND), users, halves, strict=True)
        ),
        limits=Limits(),
    )


@pytest.mark.parametrize("is_one_user", [True, False])
def test_the_tokens_of_a_user_share_a_budget(tmp_path: Path, is_one_user: bool) -> None:
    """In any five minutes no user sends more than the share, however many tokens; every account has its refresh."""
    users = ("one", "one" if is_one_user else "two")
    allowed = 30

    async def script() -> None:
        tokens = [{"token": token, "budget_group": user} for token, user in zip((FIRST, SECOND), users, strict=True)]
        async with TokenRig(
            many_accounts(users), tmp_path, tokens, budget_share={"graphql": allowed / 300, "rest": 0.5}
        ) as rig:
            user_of = dict(zip((FIRST, SECOND), users, strict=True))
            minutes: list[list[str]] = []
            for _ in range(15):
                before = rig.simulator.requests["graphql"]
                rig.network.forget()
                await rig.go_on()
                minutes.append([user_of[sent.token] for sent in rig.network.sent if sent.api == "graphql"])
                assert len(minutes[-1]) == rig.simulator.requests["graphql"] - before
                for user in users:
                    assert sum(minute.count(user) for minute in minutes[-5:]) <= allowed
            busiest = max(sum(map(len, minutes[at : at + 5])) for at in range(10))
            assert busiest > allowed * (0.8 if is_one_user else 1.6)
            assert set(rig.up().values()) == {1} and len(rig.up()) == 20
            outcomes = {outcome for _, outcome in rig.family("api_requests_total")}
            assert "throttled" not in outcomes

    asyncio.run(script())


def test_accounts_are_asked_side_by_side(tmp_path: Path) -> None:
    """The questions of two accounts of one token are under way at the same time."""

    async def script() -> None:
        async with TokenRig(replace(two_accounts(), tokens=(TokenModel(token=FIRST),)), tmp_path, PAIR[:1]) as rig:
            there: set[str] = set()
            both = asyncio.Event()

            async def register(sent: Sent) -> None:
                """Hold the questions of each account until there is one of the other."""
                if sent.api == "graphql":
                    there.add(sent.account)
                    if len(there) == 2:
                        both.set()
                    await asyncio.wait_for(both.wait(), 10)

            rig.network.hold = register
            await rig.go_on()
            assert there == {ACCOUNT_ID, OTHER_ID}
            assert rig.up() == {"Example": 1, "Other": 1}

    asyncio.run(script())


def test_a_slow_account_delays_no_other(tmp_path: Path) -> None:
    """While its answers take longer than the interval the others are published each refresh; its own come later."""

    async def script() -> None:
        async with TokenRig(replace(two_accounts(), tokens=(TokenModel(token=FIRST),)), tmp_path, PAIR[:1]) as rig:
            await rig.go_on(2)
            policy = WebPolicy(lambda sent: sent.api == "graphql" and sent.account == OTHER_ID)
            rig.network.hold = policy
            untils = []
            for _ in range(4):
                await rig.go_on(longest_wait=LONGEST_WAIT)
                untils.append((rig.until("Example"), rig.until("Other")))
            minutes = range(4)
            assert [example for example, _ in untils] == [untils[0][0] + 60 * minute for minute in minutes]
            assert {other for _, other in untils} == {untils[0][0] - 60}
            policy.open()
            # The answer after a jump brings births, the next one values.
            await rig.go_on(3)
            assert rig.until("Other") == rig.until("Example") == untils[-1][0] + 180

    asyncio.run(script())


def test_the_others_are_published_before_a_refresh_is_over(tmp_path: Path) -> None:
    """A refresh that still waits for one account has published the others, and publishes that one when it is there."""

    async def script() -> None:
        async with TokenRig(replace(two_accounts(), tokens=(TokenModel(token=FIRST),)), tmp_path, PAIR[:1]) as rig:
            await rig.go_on(2)
            policy = WebPolicy(lambda sent: sent.api == "graphql" and sent.account == OTHER_ID)
            rig.network.hold = policy
            before = rig.until("Example")
            turning = asyncio.create_task(rig.exporter.poller.refresh(longest_wait=60, patience=LONGEST_WAIT))
            async with asyncio.timeout(30):
                while rig.until("Example") == before:
                    await asyncio.sleep(0.01)
            assert not turning.done()
            assert rig.until("Other") == before
            policy.open()
            await asyncio.wait_for(turning, 30)
            assert rig.until("Other") == rig.until("Example") == before + 60

    asyncio.run(script())


def test_a_token_whose_list_hangs_delays_no_other(tmp_path: Path) -> None:
    """The accounts of the other token are there with the first refresh; its own once it answers."""

    async def script() -> None:
        tokens = (
            TokenModel(token=FIRST, accounts=frozenset({ACCOUNT_ID})),
            TokenModel(token=SECOND, accounts=frozenset({OTHER_ID})),
        )
        async with TokenRig(replace(two_accounts(), tokens=tokens), tmp_path, PAIR) as rig:
            policy = WebPolicy(lambda sent: sent.token == SECOND)
            rig.network.hold = policy
            await rig.go_on(3, longest_wait=LONGEST_WAIT)
            assert rig.up() == {"Example": 1}
            assert len([sent for sent in rig.network.sent if sent.token == SECOND]) == 1
            policy.open()
            await rig.go_on(2)
            assert rig.up() == {"Example": 1, "Other": 1}

    asyncio.run(script())


def test_a_list_that_hangs_does_not_delay_the_accounts_that_are_known(tmp_path: Path) -> None:
    """Where lists are not answered, usage goes on being asked for each refresh."""

    async def script() -> None:
        async with TokenRig(overlapping(), tmp_path, PAIR[:1]) as rig:
            await rig.go_on()
            rig.network.hold = WebPolicy(lambda sent: sent.api == "rest" and not sent.account)
            began = rig.until("Example")
            for minute in range(1, 14):
                await rig.go_on(longest_wait=LONGEST_WAIT)
                assert rig.until("Example") == began + 60 * minute

    asyncio.run(script())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(kind=Kind.HTTP_STATUS, status=503, account=OTHER_ID), "unreachable"),
        (Fault(kind=Kind.ALIAS_ERROR, code="authz", message="not authorized", account=OTHER_ID), "forbidden"),
        (Fault(kind=Kind.ACCOUNTS_EMPTY, account=OTHER_ID), "unreachable"),
    ],
)
def test_an_account_that_fails_delays_no_other(tmp_path: Path, fault: Fault, reason: str) -> None:
    """The other account is up to date after every refresh, and only the one that fails is a problem."""

    async def script() -> None:
        async with TokenRig(replace(two_accounts(), tokens=(TokenModel(token=FIRST),)), tmp_path, PAIR[:1]) as rig:
            await rig.go_on(2)
            rig.simulator.faults.add(fault)
            for _ in range(4):
                asked_at = rig.clock.cloudflare.now()
                await rig.go_on()
                assert rig.until("Example") >= asked_at.replace(second=0, microsecond=0).timestamp()
                assert rig.up() == {"Example": 1, "Other": 0}
            assert [key[:3] for key in rig.problems()] == [("Other", "account", reason)]

    asyncio.run(script())


def test_a_budget_that_others_use_up_is_a_problem(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As long as nothing is left refresh after refresh it is told, once; then it is gone and nothing is missing."""

    async def script() -> None:
        world = replace(overlapping(), limits=Limits(), tokens=(TokenModel(token=FIRST), TokenModel(token="dashboard")))
        async with TokenRig(world, tmp_path, PAIR[:1]) as rig:
            await rig.go_on(12)
            rig.clock.advance(6 * MINUTE)
            for _ in range(260):
                await rig.network.handle_async_request(
                    rig.exporter.http.build_request(
                        "POST",
                        "http://cloudflare.test/client/v4/graphql",
                        json={"query": "{ viewer { __typename } }", "variables": {"account": ""}},
                        headers={"Authorization": "Bearer dashboard"},
                    )
                )
            caplog.clear()
            with caplog.at_level(logging.INFO, logger="exporter"):
                await rig.go_on(4)
                (problem,) = rig.problems()
                assert problem[:3] == ("token 1", "budget", "withheld")
                assert rig.up() == {"Example": 1}
                await rig.go_on(6)
            assert rig.problems() == {}
            assert [line.partition(":")[0] for line in told(caplog)] == [
                "token 1",
                "there is room again in the request limits of token 1",
            ]
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())
