"""The command ``costs``: what is printed, and how it ends."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.cli import main
from exporter.ledger import Ledger
from tests.cli.commands.scene import filled_folder, read_json, running_site

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``costs`` on the filled state folder: the exit code, and what is printed and told."""

    def run(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
        code = main(["costs", f"--storage.path={folder or filled_folder()}", *arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_the_table_of_projects(run: Run) -> None:
    """Each account has its cycle, how far usage is known, its rows with a total, and what else is to be known."""
    code, out, err = run("--account=production")
    assert (code, err) == (0, "")
    assert out == (
        "production: 2025-10-14 to 2025-11-14 (billing cycle)\n"
        "Usage known until 2025-10-20 09:48 UTC; plan workers_paid (subscriptions), cycle from subscriptions.\n"
        "project     to date  forecast     low    high\n"
        "unassigned    $5.77    $19.81  $19.81  $19.81\n"
        "shop          $3.50    $26.78  $24.16  $29.41\n"
        "odd           $1.58    $12.06  $10.88  $13.25\n"
        "total        $10.85    $58.65  $54.85  $62.47\n"
        "Of the usage, $5.85 here, Cloudflare has billed $5.85; the newest day is incomplete, and subscriptions, $5.00 "
        "here, are no part of it.\n"
        "included in the plan   used\n"
        "workers_requests      243 %\n"
        "workers_cpu_ms        194 %\n"
        "r2_storage_gb_month   105 %\n"
        "d1_storage_gb_month   107 %\n"
        "\n"
    )


def test_all_accounts_are_printed_one_after_the_other(run: Run) -> None:
    """Without a choice there are all; one is chosen by id, label or name, and several by repeating the flag."""
    heads = [line for line in run()[1].splitlines() if line.endswith("(billing cycle)")]
    assert heads == [
        "production: 2025-10-14 to 2025-11-14 (billing cycle)",
        "Other: 2025-10-01 to 2025-11-01 (billing cycle)",
    ]
    for name in ("a" * 32, "Example", "production"):
        assert run("--account", name) == run("--account=production")
    assert run("--account=Other", "--account=Example") == run()


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("account", "production   $10.85    $58.65  $54.85  $62.47"),
        ("product", "workers                 $10.08    $43.84  $40.04  $47.66"),
        ("meter", "r2      r2_storage_gb_month  10.525  GB-months  $0.02  $0.56  $0.56  $0.56"),
        ("asset", 'odd         worker        <b>&"                  $1.58    $12.06  $10.88  $13.25'),
        ("day", "2025-10-18              $1.04          $1.81"),
    ],
)
def test_other_rows(run: Run, by: str, line: str) -> None:
    """Rows are by account, product, meter, asset or day, and the total is the same."""
    code, out, _ = run(f"--by={by}", "--account=production")
    lines = [" ".join(each.split()) for each in out.splitlines()]
    assert code == 0
    assert " ".join(line.split()) in lines
    assert any(each.startswith("total $10.85") for each in lines)


def test_a_cycle_of_before(run: Run) -> None:
    """It is over, so there is one figure and no forecast, and a line says that its first days are not known."""
    code, out, _ = run("--period=previous", "--account=production")
    assert code == 0
    assert "production: 2025-09-14 to 2025-10-14 (billing cycle)\n" in out
    assert "forecast" not in out
    assert "\ntotal       $46.43\n" in out
    assert out.endswith(
        "production, cycle from 2025-09-14: no usage is known before 2025-09-19, so the cost shown is too low.\n"
    )
    assert run("--period=2025-10-13", "--account=production")[1] == out


def test_two_projects(run: Run) -> None:
    """Side by side, with the difference."""
    assert run("--compare=shop, odd", "--account=production") == (
        0,
        "product  meter              shop    odd  change\n"
        "workers  workers_requests  $3.10  $1.40  -$1.70\n"
        "workers  workers_cpu_ms    $0.40  $0.18  -$0.22\n"
        "total                      $3.50  $1.58  -$1.92\n",
        "",
    )


def test_two_periods(run: Run) -> None:
    """Side by side, and with the note on what is not known of one of them."""
    assert run("--compare=previous,current", "--by=account", "--account=production") == (
        0,
        "account     previous  current   change\n"
        "production    $46.43   $10.85  -$35.58\n"
        "total         $46.43   $10.85  -$35.58\n"
        "production, cycle from 2025-09-14: no usage is known before 2025-09-19, so the cost shown is too low.\n",
        "",
    )


def test_csv(run: Run) -> None:
    """Nothing but the table is printed, and costs add up."""
    code, out, err = run("--output=csv", "--by=asset")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("10.845")
    assert {row["BillingAccountName"] for row in rows} == {"production", "Other"}


def test_json(run: Run) -> None:
    """Nothing but the document is printed, in which amounts are text."""
    code, out, err = run("--output=json", "--by=product", "--period=current")
    assert (code, err) == (0, "")
    found = read_json(out)
    assert found["total"]["to_date_usd"] == "10.845"
    assert [row["product"] for row in found["rows"]][:2] == ["workers", "d1"]


def test_budgets_of_the_configuration(run: Run) -> None:
    """Prices, plans and budgets are read from the configuration file, the state folder from the flag."""
    Path("exporter.yml").write_text(
        """
costs:
  prices: [{meter: workers_requests, price: 3}]
  budgets:
    - {name: all, amount: 60}
    - {name: shop, amount: 1000, project: shop}
""",
        encoding="utf-8",
    )
    code, out, _ = run("--config.file=exporter.yml", "--by=product", "--account=production")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    # 15 million at 3 instead of 0.30.
    assert any(line.startswith("total $51.35 ") for line in lines)
    assert "Budgets" in lines
    assert "budget amount used forecast exceeded on" in lines
    (budget,) = (line for line in lines if line.startswith("all "))
    assert budget.startswith("all $60.00 86 % ")
    assert budget.split()[-1].startswith("2025-10-2")
    (shop,) = (line for line in lines if line.startswith("shop "))
    assert shop.startswith("shop $1,000.00 3 % ")
    assert shop.endswith(" -")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--period=last",),
            "'last' is not a valid period: use current, previous, or a day in the period (2026-11-30).",
        ),
        (("--period=2025-10-21",), "2025-10-21 is in the future."),
        (
            ("--compare=0001-01-01,current",),
            "0001-01-01 is before 1970-01-01, the first day that a period may contain.",
        ),
        (("--account=nobody",), "Unknown account nobody. Known accounts: production, Other."),
        (("--compare=shop",), "A comparison takes two projects or two periods, separated by a comma."),
        (("--compare=shop,nope",), "Unknown project nope. Known projects: odd, shop, unassigned."),
        (
            ("--by=day", "--compare=shop,odd"),
            "Days cannot be compared: group by project, product, meter, asset or account.",
        ),
        (
            ("--storage.path=",),
            "This command needs a ledger in a folder: set --storage.path or configure storage.path.",
        ),
    ],
)
def test_what_makes_no_sense_exits_with_two(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """One line says what is wrong, and nothing is printed."""
    assert run(*arguments) == (2, "", f"{message}\n")


@pytest.mark.parametrize("arguments", [("--by=zone",), ("--output=xml",), ("--peroid=current",)])
def test_wrong_arguments_exit_with_two(run: Run, arguments: tuple[str, ...]) -> None:
    """They are refused before anything is read."""
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_without_a_ledger_it_exits_with_one(run: Run, tmp_path: Path) -> None:
    """A local fault, told in one line; no folder is made."""
    folder = tmp_path / "nowhere"
    assert run(folder=folder) == (
        1,
        "",
        f"There is no ledger in {folder}. Start the exporter first, or name its state folder with --storage.path or in "
        "the configuration.\n",
    )
    assert not folder.exists()


def test_an_empty_ledger_says_that_nothing_is_counted(run: Run, tmp_path: Path) -> None:
    """An exporter that was never answered has no account."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    assert run(folder=tmp_path) == (0, "Nothing is counted yet: the exporter has received no usage so far.\n", "")


def test_it_reads_beside_a_running_exporter(run: Run, tmp_path: Path) -> None:
    """What the exporter has committed last is what is printed, and the exporter goes on."""

    async def script() -> None:
        async with running_site(tmp_path, retention=timedelta(days=8)) as site:
            assert "Usage known until 2025-10-20 09:4" in run(folder=tmp_path)[1]
            site.clock.advance(timedelta(hours=3))
            await site.refresh(2)
            known = site.exporter.ledger.until("a" * 32)
            assert known is not None
            assert f"Usage known until {known:%Y-%m-%d %H:%M} UTC" in run("--account=production", folder=tmp_path)[1]
            assert known.hour == 12

    asyncio.run(script())


def test_it_leaves_the_state_as_it_was(run: Run) -> None:
    """Neither a file nor a byte of the folder is another afterwards."""
    folder = filled_folder()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run()[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option is listed with what it takes."""
    with pytest.raises(SystemExit) as caught:
        main(["costs", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "--by {account,project,product,meter,asset,item,day}",
        "--account NAME",
        "--period PERIOD",
        "--compare A,B",
        "--output {table,csv,json}",
        "--config.file FILE",
        "--storage.path FOLDER",
    ):
        assert words in text
