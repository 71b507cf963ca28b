"""The command ``assets``: what is printed, and that it is what the API answers."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.cli import main
from exporter.exposition.api.schemas import SCHEMAS
from exporter.ledger import Ledger
from tests.cli.commands.scene import ask_api, filled_folder, read_json, running_site
from tests.exposition.shape import faults

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``assets`` on the filled state folder: the exit code, and what is printed and told."""

    def run(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
        code = main(["assets", f"--storage.path={folder or filled_folder()}", *arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_the_table(run: Run) -> None:
    """Each asset has its labels, its counters, its cost in the cycle, and when it was last used."""
    code, out, err = run("--account=production")
    assert (code, err) == (0, "")
    assert out == (
        "account     project     kind         name      requests  errors  to date  forecast   last used (UTC)\n"
        'production  odd         worker       <b>&"        9,221      61    $1.58    $12.06  2025-10-20 09:00\n'
        "production  shop        worker       shop-web    21,735     146    $3.50    $26.78  2025-10-20 09:00\n"
        "production  unassigned  d1_database  attic            0       0    $0.10     $1.86                 -\n"
        "production  unassigned  d1_database  a|b             16       0    $0.65    $12.39  2025-10-20 09:00\n"
        "production  unassigned  r2_bucket    media        1,004       0    $0.02     $0.56  2025-10-20 09:00\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--project=shop",), ["shop-web"]),
        (("--kind=worker", "--sort=to_date"), ["shop-web", '<b>&"', "blog"]),
        (("--kind=worker", "--sort=to_date", "--order=asc"), ["blog", '<b>&"', "shop-web"]),
        (("--account=Other", "--order=desc"), ["blog", "sessions"]),
        (("--account=Example", "--kind=r2_bucket", "--kind=d1_database"), ["attic", "a|b", "media"]),
        (("--project=nobody",), []),
    ],
)
def test_what_is_chosen_in_its_order(run: Run, arguments: tuple[str, ...], expected: list[str]) -> None:
    """As CSV, which has its columns also where nothing is left."""
    code, out, err = run("--output=csv", *arguments)
    assert (code, err) == (0, "")
    reader = csv.DictReader(io.StringIO(out))
    assert [row["name"] for row in reader] == expected
    assert reader.fieldnames is not None
    assert set(reader.fieldnames) == SCHEMAS["Asset"]["properties"].keys()


def test_it_prints_what_the_api_answers(run: Run, tmp_path: Path) -> None:
    """Beside the exporter, asset for asset, whatever the order."""

    async def script() -> None:
        async with running_site(tmp_path) as site:
            for query, arguments in (
                ("", ()),
                ("?sort=requests&order=asc", ("--sort=requests", "--order=asc")),
                ("?kind=worker&account=production", ("--kind=worker", "--account=production")),
            ):
                answer = (await ask_api(site, f"/api/assets{query}")).json()
                code, out, _ = run("--output=json", *arguments, folder=tmp_path)
                told = read_json(out)
                assert code == 0
                assert told["assets"] == answer["assets"] != []
                assert list(faults(told, SCHEMAS["Assets"], SCHEMAS)) == []

    asyncio.run(script())


def test_the_configuration_decides_what_is_told(run: Run) -> None:
    """What it leaves out is left out here too, and without costs of assets there are none."""
    Path("exporter.yml").write_text(
        "accounts: {exclude: [Other]}\nfilters: {products: {exclude: [d1]}}\ncosts: {assets: false}\n",
        encoding="utf-8",
    )
    code, out, _ = run("--config.file=exporter.yml", "--output=json")
    rows = json.loads(out)["assets"]
    assert code == 0
    assert [row["name"] for row in rows] == ['<b>&"', "shop-web", "media"]
    assert {row["to_date_usd"] for row in rows} == {row["list_cost_usd"] for row in rows} == {None}
    (line,) = (line for line in run("--config.file=exporter.yml")[1].splitlines() if "shop-web" in line)
    assert line.split() == [
        "production",
        "shop",
        "worker",
        "shop-web",
        "21,735",
        "146",
        "-",
        "-",
        "2025-10-20",
        "09:00",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--account=nobody",), "Unknown account nobody. Known accounts: production, Other."),
        (
            ("--storage.path=",),
            "This command needs a ledger in a folder: set --storage.path or configure storage.path.",
        ),
    ],
)
def test_what_makes_no_sense_exits_with_two(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """One line says what is wrong, and nothing is printed."""
    assert run(*arguments) == (2, "", f"{message}\n")


@pytest.mark.parametrize("argument", ["--kind=zone", "--sort=size", "--order=up", "--output=xml"])
def test_wrong_arguments_exit_with_two(run: Run, argument: str) -> None:
    """They are refused before anything is read."""
    with pytest.raises(SystemExit) as caught:
        run(argument)
    assert caught.value.code == 2


def test_an_empty_ledger_has_no_assets(run: Run, tmp_path: Path) -> None:
    """An exporter that was never answered knows of none."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    assert run(folder=tmp_path) == (0, "No matching assets.\n", "")
    told = json.loads(run("--output=json", folder=tmp_path)[1])
    assert told == {"as_of": None, "total": 0, "next_cursor": None, "assets": []}


def test_it_leaves_the_state_as_it_was(run: Run) -> None:
    """Neither a file nor a byte of the folder is another afterwards."""
    folder = filled_folder()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run()[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
