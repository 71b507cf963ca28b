"""The command ``report``: what is printed, and how it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.cli import main
from tests.cli.commands.scene import filled_folder, read_json

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``report`` on the filled state folder: the exit code, and what is printed and told."""

    def run(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
        code = main(["report", f"--storage.path={folder or filled_folder()}", *arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_markdown_of_yesterday_is_what_is_printed_usually(run: Run) -> None:
    """Period and form have defaults, and all accounts are in it."""
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.startswith("# Cloudflare costs, daily\n\n## Account production\n\n2025-10-19 added $1.04 to the bill; ")
    assert "\n## Account Other\n" in out
    assert run("--period=daily", "--output=markdown") == (code, out, err)


def test_html(run: Run) -> None:
    """A page, and nothing besides."""
    code, out, err = run("--output=html", "--period=monthly")
    assert (code, err) == (0, "")
    assert out.startswith("<!doctype html>\n")
    assert out.endswith("</body></html>\n")
    assert "<title>Cloudflare costs, monthly</title>" in out


def test_json(run: Run) -> None:
    """A document, and nothing besides, whose amounts are text."""
    code, out, err = run("--output=json", "--period=monthly", "--account=Example")
    assert (code, err) == (0, "")
    found = read_json(out)
    assert (found["period"], [each["account"] for each in found["accounts"]]) == ("monthly", ["production"])
    assert found["accounts"][0]["billed_usd"] == "9.72"


def test_budgets_of_the_configuration(run: Run) -> None:
    """Budgets are in a table of their own at the end."""
    Path("exporter.yml").write_text("costs: {budgets: [{name: tight, amount: 10}]}\n", encoding="utf-8")
    out = run("--config.file=exporter.yml", "--account=production")[1]
    assert out.endswith(
        "## Budgets\n\n"
        "| budget | amount | used | forecast | exceeded on |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| tight | $10.00 | 108 % | 586 % | exceeded |\n"
    )


def test_an_unknown_account_exits_with_two(run: Run) -> None:
    """One line says which there are."""
    assert run("--account=nobody") == (2, "", "Unknown account nobody. Known accounts: production, Other.\n")


def test_without_a_ledger_it_exits_with_one(run: Run, tmp_path: Path) -> None:
    """A local fault, told in one line."""
    folder = tmp_path / "nowhere"
    code, out, err = run(folder=folder)
    assert (code, out) == (1, "")
    assert err.startswith(f"There is no ledger in {folder}. ")
    assert len(err.splitlines()) == 1
    assert not folder.exists()


@pytest.mark.parametrize("arguments", [("--period=weekly",), ("--output=pdf",), ("--by=day",)])
def test_wrong_arguments_exit_with_two(run: Run, arguments: tuple[str, ...]) -> None:
    """They are refused before anything is read."""
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_it_leaves_the_state_as_it_was(run: Run) -> None:
    """Neither a file nor a byte of the folder is another afterwards."""
    folder = filled_folder()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("--period=monthly")[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option is listed with what it takes."""
    with pytest.raises(SystemExit) as caught:
        main(["report", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "--period {daily,monthly}",
        "--account NAME",
        "--output {markdown,html,json}",
        "--config.file FILE",
        "--storage.path FOLDER",
    ):
        assert words in text
