"""``GET /api/costs``: the same as the command, from the snapshot or from the ledger."""

import asyncio
import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from exporter.cli import main
from exporter.costs import GROUPS
from tests.cli.commands.scene import ask_api, priced_world, read_json, running_site
from tests.configured import Site
from tests.exactness.worlds import ACCOUNT_ID

CONFIG = """
costs:
  prices: [{meter: workers_requests, account: production, price: 0.45}]
  budgets:
    - {name: all, amount: 60}
    - {name: shop, amount: 10, project: shop}
"""
COSTS = {
    "prices": [{"meter": "workers_requests", "account": "production", "price": "0.45"}],
    "budgets": [{"name": "all", "amount": 60}, {"name": "shop", "amount": 10, "project": "shop"}],
}

Ask = Callable[[str], httpx.Response]
Tell = Callable[..., str]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The state folder of the exporter that runs."""
    with TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture(scope="module")
def ask(folder: Path) -> Iterator[Ask]:
    """Ask an exporter that runs, and whose time stands still."""
    with asyncio.Runner() as runner:
        scene = running_site(folder / "state", costs=COSTS)
        site = runner.run(scene.__aenter__())
        yield lambda query: runner.run(ask_api(site, f"/api/costs{query}"))
        runner.run(scene.__aexit__(None, None, None))


@pytest.fixture
def tell(folder: Path, capsys: pytest.CaptureFixture[str]) -> Tell:
    """What the command prints of the same state, beside the exporter."""
    config = folder / "exporter.yml"
    config.write_text(CONFIG, encoding="utf-8")

    def tell(*arguments: str) -> str:
        command = ["costs", f"--storage.path={folder / 'state'}", f"--config.file={config}", *arguments]
        assert main(command) == 0
        return capsys.readouterr().out

    return tell


def document(response: httpx.Response) -> Any:
    """The JSON of an answer, whose amounts are text."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return read_json(response.text)


@pytest.mark.parametrize("by", GROUPS)
def test_it_gives_what_the_command_gives(ask: Ask, tell: Tell, by: str) -> None:
    """Of the cycle under way both say the same, whatever a row is."""
    found = document(ask(f"?by={by}"))
    assert found == read_json(tell("--output=json", f"--by={by}"))
    # Fifteen million requests at 0.45 instead of 0.30.
    assert found["total"]["to_date_usd"] == "13.095"
    assert [each["budget"] for each in found["budgets"]] == ["all", "shop"]


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", ()),
        ("?account=production", ("--account=production",)),
        (f"?account={ACCOUNT_ID}&by=asset", (f"--account={ACCOUNT_ID}", "--by=asset")),
        ("?account=Other&account=production", ("--account=Other", "--account=production")),
        ("?compare=shop,odd", ("--compare=shop,odd",)),
        ("?compare=shop,%20odd&by=asset", ("--compare=shop,odd", "--by=asset")),
        ("?period=current", ("--period=current",)),
    ],
)
def test_parameters_are_those_of_the_command(ask: Ask, tell: Tell, query: str, arguments: tuple[str, ...]) -> None:
    """Accounts, which may be named more than once, and projects beside each other."""
    assert document(ask(query)) == read_json(tell("--output=json", *arguments))


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("?period=previous", ("--period=previous",)),
        ("?period=2025-10-13&by=day&account=production", ("--period=2025-10-13", "--by=day", "--account=production")),
        ("?period=2025-10-14&by=meter", ("--period=2025-10-14", "--by=meter")),
        ("?compare=previous,current&by=account", ("--compare=previous,current", "--by=account")),
        ("?period=previous&compare=shop,odd", ("--period=previous", "--compare=shop,odd")),
    ],
)
def test_other_cycles_come_from_the_ledger(ask: Ask, tell: Tell, query: str, arguments: tuple[str, ...]) -> None:
    """A cycle of before, or two of them, are the same as the command's too, with the prices of the configuration."""
    found = document(ask(query))
    assert found == read_json(tell("--output=json", *arguments))
    cycles = {each["account"]: each["cycle_start"] for each in found["accounts"]}
    is_past = "period=previous" in query or "10-13" in query
    assert cycles["production"] == ("2025-09-14" if is_past else "2025-10-14")


def test_a_cycle_that_is_not_known_from_its_start_is_noted(ask: Ask) -> None:
    """The note of the command is in the answer."""
    found = document(ask("?period=previous&account=production"))
    assert found["notes"] == [
        "production, cycle from 2025-09-14: no usage is known before 2025-09-19, so the cost shown is too low."
    ]
    # 88 blocks of requests at 0.45 are 13.20 more than at 0.30.
    assert found["total"]["to_date_usd"] == "59.625"


@pytest.mark.parametrize("query", ["?output=csv", "?output=csv&by=meter", "?output=csv&period=previous&by=asset"])
def test_csv(ask: Ask, tell: Tell, query: str) -> None:
    """The table is byte for byte the command's, and costs add up."""
    answer = ask(query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    arguments = [f"--{part}" for part in query.removeprefix("?").split("&")]
    assert answer.text == tell(*arguments)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    total = Decimal("59.625") if "previous" in query else Decimal("13.095")
    assert sum(Decimal(row["BilledCost"]) for row in rows) == total


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?group=day", "Unknown parameter group. Supported: account, by, compare, output, period."),
        ("?a=1&z=2&by=day", "Unknown parameter a, z. Supported: account, by, compare, output, period."),
        ("?by=zone", "by is one of account, project, product, meter, asset, item, day."),
        ("?by=day&by=asset", "by is given 2 times: give it once."),
        ("?output=xml", "output is one of json, csv."),
        ("?account=nobody", "Unknown account nobody. Known accounts: production, Other."),
        ("?account=production&account=nobody", "Unknown account nobody. Known accounts: production, Other."),
        ("?period=last", "'last' is not a valid period: use current, previous, or a day in the period (2026-11-30)."),
        ("?period=2025-10-21", "2025-10-21 is in the future."),
        ("?period=0001-01-01", "0001-01-01 is before 1970-01-01, the first day that a period may contain."),
        ("?compare=shop", "A comparison takes two projects or two periods, separated by a comma."),
        ("?compare=shop,nope", "Unknown project nope. Known projects: odd, shop, unassigned."),
        (
            "?compare=previous,shop",
            "'shop' is not a valid period: use current, previous, or a day in the period (2026-11-30).",
        ),
        ("?by=day&compare=shop,odd", "Days cannot be compared: group by project, product, meter, asset or account."),
    ],
)
def test_what_makes_no_sense_is_told(ask: Ask, query: str, message: str) -> None:
    """It is refused as 400, with a code and a message that says why."""
    answer = ask(query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json() == {"error": {"code": "bad_request", "message": message}}


def test_before_the_first_snapshot_it_is_not_ready(tmp_path: Path) -> None:
    """Whatever is asked, there are no data yet; with the first refresh there are."""

    async def script() -> None:
        async with Site(priced_world(), tmp_path) as site:
            for query in ("", "?by=zone", "?period=previous"):
                answer = await ask_api(site, f"/api/costs{query}")
                assert answer.status_code == 503
                assert answer.json() == {
                    "error": {"code": "not_ready", "message": "No data yet: the first refresh is under way."}
                }
            await site.refresh()
            answer = await ask_api(site, "/api/costs")
            assert answer.status_code == 200
            assert [each["account"] for each in answer.json()["accounts"]] == ["Example", "Other"]

    asyncio.run(script())


def test_it_can_only_be_read(tmp_path: Path) -> None:
    """Any other method is refused."""

    async def script() -> None:
        async with Site(priced_world(), tmp_path) as site:
            await site.refresh()
            transport = httpx.ASGITransport(app=site.exporter.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
                assert (await http.post("/api/costs")).status_code == 405
                assert (await http.head("/api/costs")).status_code == 200

    asyncio.run(script())


def test_an_account_that_is_left_out_is_not_told(tmp_path: Path) -> None:
    """What the configuration excludes is in no answer about the cycle under way, nor about one before."""

    async def script() -> None:
        async with Site(priced_world(), tmp_path) as site:
            await site.refresh(2)
            site.configure(accounts={"exclude": ["Other"]})
            await site.refresh(2)
            for query in ("", "?period=previous", "?compare=previous,current"):
                answer = await ask_api(site, f"/api/costs{query}")
                assert [each["account"] for each in answer.json()["accounts"]] == ["Example"]
            answer = await ask_api(site, "/api/costs?account=Other")
            assert answer.json()["error"]["message"] == "Unknown account Other. Known accounts: Example."
            site.configure(accounts={"exclude": ["*"]})
            await site.refresh(2)
            for query in ("", "?period=previous"):
                assert (await ask_api(site, f"/api/costs{query}")).json()["accounts"] == []

    asyncio.run(script())
