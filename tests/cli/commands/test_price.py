"""The command ``price``: quantities from a file or a past cycle, with changes on top."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.cli import main
from exporter.pricing import load_card
from tests.cli.commands.scene import filled_folder, read_json

Run = Callable[..., tuple[int, str, str]]

FILE = Path("usage.yaml")

LONG = ("1e400", "1.0e+400", "1e999999999", "1e-999999999", "1e9999999999999999999", "9" * 25, "0x1F", "0." + "1" * 25)
"""Numbers that are too long to be meant, or that would take forever to write down."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``price``: the exit code, and what is printed and told. ``usage`` is what the file holds."""

    def run(*arguments: str, usage: str | None = None) -> tuple[int, str, str]:
        if usage is not None:
            FILE.write_text(usage, encoding="utf-8")
            arguments = (f"--file={FILE}", *arguments)
        code = main(["price", f"--storage.path={filled_folder()}", *arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def document(run: Run, *arguments: str, usage: str | None = None) -> Any:
    """The quote as JSON."""
    code, out, err = run("--output=json", *arguments, usage=usage)
    assert (code, err) == (0, "")
    return read_json(out)


def quantities(run: Run, *arguments: str, usage: str | None = None) -> dict[str, str]:
    """The quantity of each line."""
    details = document(run, *arguments, usage=usage)["details"]
    return {meter: line["quantity"] for meter, line in details.items()}


def test_the_table(run: Run) -> None:
    """A row a meter with what is included and billed, then subscriptions and the total."""
    usage = "workers_requests: 20_000_001\nkv_reads: 12000000\n"
    assert run("--date=2026-11-30", usage=usage) == (
        0,
        "Plan workers_paid\n"
        "meter                        quantity      unit    included      billed   cost\n"
        "workers_requests           20,000,001  requests  10,000,000  11,000,000  $3.30\n"
        "kv_reads                   12,000,000      keys  10,000,000   2,000,000  $1.00\n"
        "workers_paid_subscription                                                $5.00  subscription\n"
        "total                                                                    $9.30\n",
        "",
    )


def test_json(run: Run) -> None:
    """Lines, subscriptions and total are dollars as text."""
    found = document(run, "--date=2026-11-30", usage="workers_requests: 20000001\nkv_reads: 1\n")
    assert found == {
        "plan": "workers_paid",
        "lines": {"workers_requests": "3.30", "kv_reads": "0.00"},
        "subscriptions": {"workers_paid_subscription": "5.00"},
        "total_usd": "8.30",
        "unpriced": {},
        "details": {
            "workers_requests": {
                "quantity": "20000001",
                "included": "10000000",
                "billed": "11000000",
                "unit": "requests",
                "exact_usd": "3.30",
                "note": "",
            },
            "kv_reads": {
                "quantity": "1",
                "included": "10000000",
                "billed": "0",
                "unit": "keys",
                "exact_usd": "0.00",
                "note": "",
            },
        },
    }


@pytest.mark.parametrize(
    ("written", "quantity"),
    [
        ("5", "5"),
        ("1.1", "1.1"),
        ("0.1", "0.1"),
        ("1_000_000", "1000000"),
        ("12_000.5", "12000.5"),
        ("1e9", "1000000000"),
        ("1.5e+7", "15000000"),
        ('"1_000"', "1000"),
        ("9007199254740993.5", "9007199254740993.5"),
        ("0", "0"),
    ],
)
def test_quantities_are_exact(run: Run, written: str, quantity: str) -> None:
    """What a float could not hold arrives as it is written, underscores between digits or not."""
    assert quantities(run, usage=f"workers_requests: {written}\n") == {"workers_requests": quantity}


def test_a_decimal_is_priced_exactly(run: Run) -> None:
    """110 times 1.1 GB are 121 blocks; a float would make a bit more of it, and begin another."""
    assert 110 * 1.1 > 121
    found = document(run, "--change=r2_ia_storage_gb_month=x110", usage="r2_ia_storage_gb_month: 1.1\n")
    assert found["details"]["r2_ia_storage_gb_month"]["quantity"] == "121"
    assert found["lines"] == {"r2_ia_storage_gb_month": "1.21"}


def test_meters_may_stand_under_usage(run: Run) -> None:
    """A file may say what its numbers are."""
    assert quantities(run, usage="usage:\n  workers_requests: 11_000_000\n") == {"workers_requests": "11000000"}


def test_inputs_that_people_know(run: Run) -> None:
    """Seconds of an object are 0.128 GB-seconds, and twenty messages are a request."""
    usage = "do_active_seconds: 1_000_000\ndo_ws_incoming_messages: 100\ndo_requests: 5\n"
    assert quantities(run, usage=usage) == {"do_duration_gb_s": "128000", "do_requests": "10"}


@pytest.mark.parametrize(
    "written", ["-1", "-0.5", "many", ".inf", ".nan", "true", "[1]", "{a: 1}", "2026-01-01", *LONG]
)
def test_what_is_no_quantity_exits_with_two(run: Run, written: str) -> None:
    """The line names the meter, and nothing is printed."""
    code, out, err = run(usage=f"kv_reads: 1\nworkers_requests: {written}\n")
    assert (code, out) == (2, "")
    assert err.startswith("workers_requests: '")
    assert err.endswith("' is not a valid quantity: use a number >= 0 with at most 24 digits.\n")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ("a: [\n", "The file of quantities usage.yaml, line 2 is not valid YAML.\n"),
        ("- 1\n", "The file of quantities usage.yaml must be a mapping of keys to values.\n"),
        ("usage: 5\n", "usage.yaml is not valid:\n  usage: must be a mapping of meters to quantities\n"),
    ],
)
def test_a_file_that_cannot_be_read_exits_with_two(run: Run, usage: str, message: str) -> None:
    """The message names the file, and the line where there is one."""
    assert run(usage=usage) == (2, "", message)


def test_a_file_that_is_missing_exits_with_two(run: Run) -> None:
    """The message names it and the system's reason."""
    assert run("--file=missing.yaml") == (
        2,
        "",
        "Cannot read the file of quantities missing.yaml: No such file or directory.\n",
    )


def test_without_file_or_period_it_exits_with_two(run: Run) -> None:
    """There would be nothing to price."""
    assert run() == (
        2,
        "",
        "Nothing to price: use --file with quantities, or --period with a counted cycle.\n",
    )


def test_a_file_needs_no_ledger(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prices come with the program."""
    FILE.write_text("workers_requests: 11_000_000\n", encoding="utf-8")
    assert main(["price", f"--file={FILE}", f"--storage.path={tmp_path / 'nowhere'}"]) == 0
    assert "workers_requests" in capsys.readouterr().out
    assert not (tmp_path / "nowhere").exists()


def test_a_period_needs_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one it exits with 1 and one line."""
    assert main(["price", "--period=current", f"--storage.path={tmp_path / 'nowhere'}"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"There is no ledger in {tmp_path / 'nowhere'}. ")
    assert len(output.err.splitlines()) == 1


LOGS = "workers_logs_events: 30_000_000\nobservability_ingest_gb: 60\n"


@pytest.mark.parametrize(
    ("day", "lines", "unpriced"),
    [
        (
            "2026-11-30",
            {"workers_logs_events": "6.00"},
            {"observability_ingest_gb": "has no price on 2026-11-30 (valid from 2026-12-01)"},
        ),
        (
            "2026-12-01",
            {"observability_ingest_gb": "2.50"},
            {"workers_logs_events": "has no price on 2026-12-01 (valid until 2026-11-30)"},
        ),
    ],
)
def test_the_prices_of_a_day(run: Run, day: str, lines: dict[str, str], unpriced: dict[str, str]) -> None:
    """On either side of a change each meter has the price of that day, or is named as having none."""
    found = document(run, f"--date={day}", usage=LOGS)
    assert (found["lines"], found["unpriced"]) == (lines, unpriced)


def test_without_a_day_every_meter_has_its_newest_price(run: Run) -> None:
    """Meters whose prices do not overlap are priced all the same, whatever day it is."""
    found = document(run, usage=LOGS)
    assert found["lines"] == {"workers_logs_events": "6.00", "observability_ingest_gb": "2.50"}
    assert found["unpriced"] == {}


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "30.11.2026"])
def test_what_is_no_day_exits_with_two(run: Run, day: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag and what it takes are named."""
    with pytest.raises(SystemExit) as caught:
        run(f"--date={day}", usage=LOGS)
    assert caught.value.code == 2
    assert f"argument --date: '{day}' is not a day such as 2026-12-01" in capsys.readouterr().err


def test_the_free_plan_limits_instead_of_billing(run: Run) -> None:
    """Its products cost nothing, and the limit is said; what it does not limit is billed, and nothing is subscribed."""
    usage = "workers_requests: 20_000_000\nkv_storage_gb_month: 5\nbuilds_minutes: 5\nr2_class_a: 2_000_000\n"
    found = document(run, "--plan=workers_free", usage=usage)
    assert found["plan"] == "workers_free"
    assert found["lines"] == {
        "workers_requests": "0.00",
        "kv_storage_gb_month": "0.00",
        "builds_minutes": "0.00",
        "r2_class_a": "4.50",
    }
    assert {meter: line["note"] for meter, line in found["details"].items()} == {
        "workers_requests": "limited to 100,000 per day",
        "kv_storage_gb_month": "limited to 1 in total",
        "builds_minutes": "limited to 3,000 per month",
        "r2_class_a": "",
    }
    assert (found["subscriptions"], found["total_usd"]) == ({}, "4.50")


def test_another_plan_brings_other_subscriptions(run: Run) -> None:
    """Workers for Platforms is paid for each cycle."""
    found = document(run, "--plan=workers_for_platforms_paid", usage="wfp_requests: 21_000_000\n")
    assert found["lines"] == {"wfp_requests": "0.30"}
    assert found["subscriptions"] == {"wfp_subscription": "25.00"}
    assert found["total_usd"] == "25.30"


def test_a_subscription_among_the_quantities_is_not_counted_twice(run: Run) -> None:
    """Two of them are two lines' worth, instead of the one that the plan brings."""
    found = document(run, usage="workers_paid_subscription: 2\n")
    assert (found["lines"], found["subscriptions"]) == ({"workers_paid_subscription": "10.00"}, {})


@pytest.mark.parametrize(
    ("arguments", "dollars"),
    [
        ((), "3.30"),
        (("--rounding=block",), "3.30"),
        (("--rounding=proportional",), "3.03"),
        (("--no-included",), "6.30"),
        (("--no-included", "--rounding=proportional"), "6.03"),
    ],
)
def test_rounding_and_what_is_included(run: Run, arguments: tuple[str, ...], dollars: str) -> None:
    """10.1 million above the included 10 million are eleven blocks; proportionally a tenth less of one."""
    assert document(run, *arguments, usage="workers_requests: 20_100_000\n")["lines"] == {"workers_requests": dollars}


def test_changes_of_a_file(run: Run) -> None:
    """Times, percents and numbers; a meter that the file does not have is added by a number."""
    usage = "workers_requests: 1_000\nworkers_cpu_ms: 1_000\nkv_reads: 1_000\nkv_writes: 1_000\nkv_lists: 1_000\n"
    found = quantities(
        run,
        "--change=workers_*=x2.5",
        "--change=kv_reads=+10%",
        "--change=kv_writes=-10%",
        "--change=kv_lists=-150%",
        "--change=r2_class_a = 7_000",
        usage=usage,
    )
    assert found == {
        "workers_requests": "2500",
        "workers_cpu_ms": "2500",
        "kv_reads": "1100",
        "kv_writes": "900",
        "kv_lists": "0",
        "r2_class_a": "7000",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("kv_reads", "--change kv_reads: must be METER=CHANGE, such as workers_requests=x2."),
        ("=x2", "--change =x2: must be METER=CHANGE, such as workers_requests=x2."),
        ("kv_reads=", "--change kv_reads=: must be METER=CHANGE, such as workers_requests=x2."),
        ("kv_reads=xx", "kv_reads: 'x' is not a valid quantity: use a number >= 0 with at most 24 digits."),
        ("kv_reads=-5", "kv_reads: '-5' is not a valid change: use x2, +10%, -10% or a number."),
        ("kv_reads=x1e400", "kv_reads: '1e400' is not a valid quantity: use a number >= 0 with at most 24 digits."),
        (
            "kv_reads=+1e999999999%",
            "kv_reads: '1e999999999' is not a valid quantity: use a number >= 0 with at most 24 digits.",
        ),
        ("kv_reads=+much%", "kv_reads: 'much' is not a valid quantity: use a number >= 0 with at most 24 digits."),
        ("r2_*=x2", "r2_*: matches no meter that is used."),
    ],
)
def test_a_change_that_makes_no_sense_exits_with_two(run: Run, change: str, message: str) -> None:
    """One line says what is wrong with it."""
    assert run(f"--change={change}", usage="kv_reads: 1\n") == (2, "", f"{message}\n")


@pytest.mark.parametrize(
    ("arguments", "usage"), [((), "workers_request: 5\n"), (("--change=workers_request=x2",), "kv_reads: 1\n")]
)
def test_an_unknown_meter_exits_with_two(run: Run, arguments: tuple[str, ...], usage: str) -> None:
    """Its cost would be missing in the total; what was meant is probably near."""
    code, out, err = run(*arguments, usage=usage)
    assert (code, out) == (2, "")
    assert err.startswith("Unknown meter workers_request. Did you mean workers_requests")
    assert err.endswith(" Run cloudflare-exporter price --list for all meters.\n")


def test_the_list_of_meters(run: Run) -> None:
    """Each of the card, and what it takes besides; all of them can be priced."""
    code, out, err = run("--list")
    assert (code, err) == (0, "")
    names = [line.split()[0] for line in out.splitlines()[2:]]
    card = load_card()
    assert sorted(names) == sorted([*card.meters, *card.inputs])
    assert [each["meter"] for each in read_json(run("--list", "--output=json")[1])] == names
    assert quantities(run, "--date=2026-12-01", usage="".join(f"{name}: 1\n" for name in names))


def test_what_a_change_makes_of_the_cost(run: Run) -> None:
    """Each line before and after, with the difference; what did not change has none."""
    usage = "workers_requests: 50_000_000\nkv_reads: 30_000_000\n"
    changes = ("--change=workers_*=x2", "--change=r2_class_a=3_000_000", "--date=2026-12-01")
    assert run(*changes, usage=usage) == (
        0,
        "Plan workers_paid\n"
        "meter                      quantity before        after        unit  cost before   after  difference\n"
        "workers_requests                50,000,000  100,000,000    requests       $12.00  $27.00     +$15.00\n"
        "kv_reads                        30,000,000   30,000,000        keys       $10.00  $10.00\n"
        "r2_class_a                               0    3,000,000  operations        $0.00   $9.00      +$9.00\n"
        "workers_paid_subscription                                                  $5.00   $5.00\n"
        "total                                                                     $27.00  $51.00     +$24.00\n",
        "",
    )
    found = document(run, *changes, usage=usage)
    assert (found["before"]["total_usd"], found["total_usd"], found["difference_usd"]) == ("27.00", "51.00", "24.00")


def test_a_running_cycle_is_projected_to_its_end(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What is used so far would be priced against what is included for all of it; the forecast is what `costs` says."""
    found = document(run, "--period=current", "--account=production")
    assert main(["costs", f"--storage.path={filled_folder()}", "--account=production", "--output=json"]) == 0
    (account,) = read_json(capsys.readouterr().out)["accounts"]
    assert abs(Decimal(found["total_usd"]) - Decimal(account["forecast_usd"])) < Decimal("0.1")
    assert Decimal(account["to_date_usd"]) < Decimal(found["total_usd"]) / 2
    _, out, _ = run("--period=current", "--account=production")
    assert out.splitlines()[0].endswith(", projected to its end")


def test_the_length_of_the_cycle(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What is included a day is pooled over as many days as the cycle has, from 28 to 31."""
    usage = "workers_ai_neurons: 400_000\n"
    included = {}
    for days in (28, 31):
        found = document(run, f"--days={days}", "--date=2026-12-01", usage=usage)
        included[days] = found["details"]["workers_ai_neurons"]["included"]
    assert included == {28: "280000", 31: "310000"}
    with pytest.raises(SystemExit) as caught:
        run("--days=27", usage=usage)
    assert caught.value.code == 2
    assert "argument --days: invalid choice: 27" in capsys.readouterr().err


def test_a_past_cycle(run: Run) -> None:
    """Its quantities, at the account's own subscriptions: the same as its invoice."""
    found = document(run, "--period=previous", "--account=production", "--date=2025-10-13")
    assert found["lines"]["workers_requests"] == "26.40"
    assert found["lines"]["workers_cpu_ms"] == "4.12"
    assert found["lines"]["d1_storage_gb_month"] == "10.50"
    assert found["lines"]["r2_storage_gb_month"] == "0.41"
    assert found["subscriptions"] == {"workers_paid_subscription": "5.00"}
    assert (found["plan"], found["total_usd"]) == ("workers_paid", "46.43")


def test_a_past_cycle_with_changes(run: Run) -> None:
    """Other numbers on top: times two, a tenth more, a fixed one, and all of a product by a glob."""
    before = document(run, "--period=previous", "--account=production")
    after = document(
        run,
        "--period=previous",
        "--account=production",
        "--change=workers_requests=x2",
        "--change=d1_storage_gb_month=+10%",
        "--change=r2_class_a=3_000_000",
        "--change=wfp_*=x100",
    )
    requests = int(before["details"]["workers_requests"]["quantity"])
    assert after["details"]["workers_requests"]["quantity"] == str(requests * 2)
    # 2 * 97,826,459 are 186 blocks above the ten that are included; 18.4 GB-months and a tenth are 15.24 above five.
    assert after["lines"]["workers_requests"] == "55.80"
    assert after["lines"]["d1_storage_gb_month"] == "12.00"
    assert after["lines"]["r2_class_a"] == "9.00"
    # 101 million requests are 81 blocks, 251.3 million milliseconds are 192.
    assert (after["lines"]["wfp_requests"], after["lines"]["wfp_cpu_ms"]) == ("24.30", "3.84")
    assert after["lines"]["workers_cpu_ms"] == before["lines"]["workers_cpu_ms"]


def test_a_file_over_a_past_cycle(run: Run) -> None:
    """What the file says stands instead of what was counted; the rest stays."""
    counted = quantities(run, "--period=current", "--account=production")
    assert quantities(run, "--period=current", "--account=Example", usage="r2_class_a: 7\nkv_reads: 8\n") == (
        counted | {"r2_class_a": "7", "kv_reads": "8"}
    )


def test_a_past_cycle_has_the_plan_of_its_account(run: Run) -> None:
    """A free account stays free, unless another plan is asked for, which brings its own subscription."""
    free = document(run, "--period=current", "--account=Other")
    assert (free["plan"], free["subscriptions"], free["total_usd"]) == ("workers_free", {}, "0.00")
    paid = document(run, "--period=current", "--account=Other", "--plan=workers_paid")
    assert (paid["plan"], paid["subscriptions"]) == ("workers_paid", {"workers_paid_subscription": "5.00"})


def test_prices_of_the_configuration_hold_for_a_past_cycle(run: Run) -> None:
    """An account's own prices are used."""
    Path("exporter.yml").write_text(
        "costs: {prices: [{meter: workers_requests, account: production, price: 3}]}\n", encoding="utf-8"
    )
    found = document(run, "--config.file=exporter.yml", "--period=previous", "--account=production")
    # 97,826,459 are 88 blocks above the ten that are included.
    assert found["lines"]["workers_requests"] == "264.00"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--period=current",), "Choose an account with --account; known: production, Other."),
        (("--period=current", "--account=nobody"), "Unknown account nobody. Known accounts: production, Other."),
        (
            ("--period=last", "--account=Other"),
            "'last' is not a valid period: use current, previous, or a day in the period (2026-11-30).",
        ),
    ],
)
def test_a_cycle_that_is_not_there_exits_with_two(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """One line says which there are."""
    assert run(*arguments) == (2, "", f"{message}\n")


def test_an_unknown_plan_exits_with_two(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The plans that there are, are listed."""
    with pytest.raises(SystemExit) as caught:
        run("--plan=platinum", usage="kv_reads: 1\n")
    assert caught.value.code == 2
    assert "argument --plan: invalid choice: 'platinum' (choose from 'workers_paid', 'workers_free'" in (
        capsys.readouterr().err
    )


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option is listed with what it takes."""
    with pytest.raises(SystemExit) as caught:
        main(["price", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "--file FILE",
        "--period PERIOD",
        "--account NAME",
        "--change METER=CHANGE",
        "+10%, -10%",
        "--plan {workers_paid,workers_free,",
        "--date DAY",
        "--rounding {block,proportional}",
        "--no-included",
        "--output {table,json}",
        "--config.file FILE",
        "--storage.path FOLDER",
    ):
        assert words in text
