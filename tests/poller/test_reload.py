"""Another configuration while the exporter runs: taken over without losing state, or refused whole."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from exporter.config import Config, ConfigError, load_config
from exporter.simulator import TokenModel
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID, TOKEN
from tests.poller.scene import OTHER_ID, listed_world, told, two_accounts

REQUESTS = "cloudflare_worker_requests_total"
UP = "cloudflare_exporter_account_up"
SECOND = "second-token"


def test_a_reload_loses_nothing(tmp_path: Path) -> None:
    """Counters go on as if nothing had happened, and the metrics say when it was."""

    async def script() -> None:
        async with (
            Site(listed_world(), tmp_path / "one") as site,
            Site(listed_world(), tmp_path / "other") as other,
        ):
            for minute in range(8):
                if minute == 4:
                    reloaded = site.clock.now().timestamp()
                    site.configure()
                for each in (site, other):
                    await each.refresh()
            assert site.samples(REQUESTS) == other.samples(REQUESTS)
            assert site.own("config_last_reload_successful") == other.own("config_last_reload_successful") == 1
            assert site.own("config_last_reload_success_timestamp_seconds") == reloaded
            assert other.own("config_last_reload_success_timestamp_seconds") < reloaded

    asyncio.run(script())


def test_changed_rules_apply_from_the_next_refresh(tmp_path: Path) -> None:
    """Assets are listed at once, and the one that the rule is for moves; the others stay."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            await site.refresh(2)
            assert placed(site) == {("shop", "shop-web"), ("store", "shop-api")}
            site.configure(projects=[{"match": {"name": "shop-web"}, "project": "front"}])
            await site.refresh(2)
            assert placed(site) == {("front", "shop-web"), ("store", "shop-api")}

    asyncio.run(script())


def placed(site: Site) -> set[tuple[str, str]]:
    """The project and name of each Worker."""
    return {(labels["project"], labels["script_name"]) for labels, _ in site.samples(REQUESTS)}


def test_a_broken_configuration_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line names each key, the metric says so, the one before goes on; mended, all is well."""

    async def script() -> None:
        async with Site(
            listed_world(), tmp_path / "state", projects=[{"match": {"name": "*"}, "project": "all"}]
        ) as site:
            await site.refresh(2)
            taken_over = site.own("config_last_reload_success_timestamp_seconds")
            path = tmp_path / "exporter.yml"
            path.write_text("poll: {refresh: 60}\nprojects: [{match: {regex: '('}, project: x}]\n", encoding="utf-8")
            with caplog.at_level(logging.INFO, logger="exporter"):
                site.reload(lambda: load_config(path, {}, None))
            (line,) = told(caplog)
            assert line.startswith(
                f"the configuration is refused, keeping the previous one: The configuration file {path}"
            )
            assert "poll.refresh: must be a duration such as 30s, 10m or 1h30m" in line
            assert "projects[0].match.regex: not a valid regular expression" in line
            assert "\n" not in line
            await site.refresh(2)
            assert site.own("config_last_reload_successful") == 0
            assert site.own("config_last_reload_success_timestamp_seconds") == taken_over
            assert site.values(REQUESTS, "project") == {"all"}
            site.configure(projects=[{"match": {"name": "*"}, "project": "one"}])
            await site.refresh(2)
            assert site.own("config_last_reload_successful") == 1
            assert site.values(REQUESTS, "project") == {"one"}

    asyncio.run(script())


def test_a_token_file_that_is_missing_refuses_all_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What else the configuration says is not taken over either."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path / "state") as site:
            await site.refresh(2)
            site.configure(
                cloudflare={"tokens": [{"token": TOKEN}, {"token_file": str(tmp_path / "token")}]},
                accounts={"exclude": ["*"]},
            )
            assert f"Cannot read the token file {tmp_path / 'token'}: No such file" in caplog.text
            await site.refresh(2)
            assert site.values(UP, "account") == {"Example"}

    asyncio.run(script())


def test_what_only_a_restart_changes_stays_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """State folder and API URL are those of before, each with a line; the rest applies."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            await site.refresh()
            with caplog.at_level(logging.WARNING, logger="exporter"):
                site.configure(
                    cloudflare={"api_url": "http://elsewhere.test"},
                    storage={"path": "/nowhere"},
                    poll={"refresh": "90s", "discovery": "20m"},
                )
            assert told(caplog) == [
                "storage.path has changed; that takes effect after a restart",
                "cloudflare.api_url has changed; that takes effect after a restart",
            ]
            await site.refresh(2)
            assert site.samples(UP) == [({"account": "Example"}, 1)]
            assert site.own("refresh_interval_seconds") == timedelta(seconds=90).total_seconds()
            assert site.own("discovery_interval_seconds") == timedelta(minutes=20).total_seconds()

    asyncio.run(script())


def test_health_goes_by_the_interval_that_is_in_force(tmp_path: Path) -> None:
    """With a longer interval a pause that used to be too long is none."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            transport = httpx.ASGITransport(app=site.exporter.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
                for refresh, status in (("1m", 503), ("10m", 200)):
                    site.configure(poll={"refresh": refresh})
                    await site.refresh()
                    site.clock.advance(timedelta(minutes=6))
                    assert (await http.get("/-/healthy")).status_code == status

    asyncio.run(script())


def test_a_token_that_comes_brings_its_accounts(tmp_path: Path) -> None:
    """And one that goes is not used again: an account goes on with the token that still lists it, or is down."""

    async def script() -> None:
        tokens = (
            TokenModel(token=TOKEN, accounts=frozenset({ACCOUNT_ID})),
            TokenModel(token=SECOND, accounts=frozenset({ACCOUNT_ID, OTHER_ID})),
        )
        async with Site(replace(two_accounts(), tokens=tokens), tmp_path) as site:
            await site.refresh(2)
            assert site.samples(UP) == [({"account": "Example"}, 1)]
            site.configure(cloudflare={"tokens": [{"token": TOKEN}, {"token": SECOND}]})
            await site.refresh(2)
            assert up(site) == {"Example": 1, "Other": 1}
            site.configure(cloudflare={"tokens": [{"token": SECOND}]})
            site.recorder.forget()
            await site.refresh(2)
            assert site.recorder.tokens == {SECOND}
            assert up(site) == {"Example": 1, "Other": 1}
            site.configure(cloudflare={"tokens": [{"token": TOKEN}]})
            await site.refresh(2)
            assert up(site) == {"Example": 1, "Other": 0}

    asyncio.run(script())


def up(site: Site) -> dict[str, int | float]:
    """Whether each account is up."""
    return {labels["account"]: amount for labels, amount in site.samples(UP)}


def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next refresh uses what it then holds; a file that cannot be used is told once, and the token stays."""

    async def script() -> None:
        path = tmp_path / "token"
        path.write_text(TOKEN, encoding="utf-8")
        world = replace(listed_world(), tokens=(TokenModel(token=TOKEN), TokenModel(token=SECOND)))
        async with Site(world, tmp_path / "state", cloudflare={"tokens": [{"token_file": str(path)}]}) as site:
            await site.refresh(3)
            seen = site.total(REQUESTS)
            with caplog.at_level(logging.INFO, logger="exporter"):
                site.exporter.reloader.reread_tokens()
                assert told(caplog) == []
                path.write_text("", encoding="utf-8")
                for _ in range(2):
                    site.exporter.reloader.reread_tokens()
                await site.refresh()
                path.write_text(f"{SECOND}\n", encoding="utf-8")
                site.exporter.reloader.reread_tokens()
            site.recorder.forget()
            await site.refresh(3)
            assert told(caplog) == [
                f"keeping the previous token: The token file {path} is empty.",
                "a token file has changed; its new token is in use",
            ]
            assert site.recorder.tokens == {SECOND}
            assert up(site) == {"Example": 1}
            assert site.total(REQUESTS) > seen

    asyncio.run(script())


def test_a_loop_reloads_when_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each time the event is set the configuration is read once, whatever came of the time before."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            asked, read = asyncio.Event(), asyncio.Queue[Config | Exception]()

            def give() -> Config:
                found = read.get_nowait()
                if isinstance(found, Exception):
                    raise found
                return found

            running = asyncio.create_task(site.exporter.reloader.run(asked, give))
            for found in (ConfigError("unreadable"), RuntimeError("unexpected"), site.config(poll={"refresh": "2m"})):
                read.put_nowait(found)
                asked.set()
                async with asyncio.timeout(5):
                    while asked.is_set() or not read.empty():
                        await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await site.refresh()
            assert site.own("refresh_interval_seconds") == 120

    with caplog.at_level(logging.INFO, logger="exporter"):
        asyncio.run(script())
    assert [line.partition(":")[0] for line in told(caplog)[:3]] == [
        "the configuration is refused, keeping the previous one",
        "applying the configuration failed",
        "configuration reloaded; it applies from the next refresh",
    ]
