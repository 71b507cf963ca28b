"""``alertmanager-config``: what is written, to whom it belongs, and what is said of secrets that are wrong."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alertmanager import SERVICES, Secret, examples, read_secrets, write
from exporter.cli import main
from exporter.config.routing import Routing

HUSH = "hush-0123456789"
DISCORD = f"https://discord.com/api/webhooks/1234/{HUSH}"
MAIL = f"""
smarthost: smtp.example.com:587
from: "Alerts <alerts@example.com>"
to: you@example.com, me@example.com
username: alerts
password: "{HUSH}"
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """An empty folder of secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def run(secrets: Path, output: Path, *flags: str) -> int:
    """The exit code of the command."""
    return main(["alertmanager-config", f"--secrets-dir={secrets}", f"--output={output}", *flags])


def receivers(output: Path) -> dict[str, dict[str, Any]]:
    """The receivers of what was written, by name."""
    return {each["name"]: each for each in yaml.safe_load(output.read_text(encoding="utf-8"))["receivers"]}


def test_discord_takes_one_file(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One address in one file gives a configuration that tells Discord, and nobody else."""
    (secrets / "discord").write_text(f"\n  {DISCORD}\n")
    output = tmp_path / "alertmanager.yml"
    assert run(secrets, output) == 0
    found = receivers(output)
    assert found.keys() == {"nobody", "discord"}
    assert found["nobody"] == {"name": "nobody"}
    assert found["discord"]["discord_configs"][0]["webhook_url"] == DISCORD
    said = capsys.readouterr()
    assert said.out == f"Wrote {output}. Receivers: discord.\n"
    assert said.err == ""


def test_only_its_owner_can_read_it(secrets: Path, tmp_path: Path) -> None:
    """The file has mode 0600 whatever the umask and whatever was there, and nothing else is left beside it."""
    folder = tmp_path / "out"
    folder.mkdir()
    output = folder / "alertmanager.yml"
    output.write_text("old")
    output.chmod(0o644)
    mask = os.umask(0)
    try:
        assert run(secrets, output) == 0
    finally:
        os.umask(mask)
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["alertmanager.yml"]


def test_a_link_is_replaced_and_not_followed(secrets: Path, tmp_path: Path) -> None:
    """What a link at the place of the file leads to is left alone."""
    elsewhere, output = tmp_path / "elsewhere", tmp_path / "alertmanager.yml"
    elsewhere.write_text("mine")
    output.symlink_to(elsewhere)
    assert run(secrets, output) == 0
    assert elsewhere.read_text() == "mine"
    assert not output.is_symlink()


def test_a_wrong_secret_leaves_the_old_file(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be written anew, what was there stays."""
    output = tmp_path / "alertmanager.yml"
    output.write_text("old")
    (secrets / "slack").write_text(HUSH)
    assert run(secrets, output) == 2
    assert output.read_text() == "old"
    assert HUSH not in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(
    secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is not there, or a folder in the place of the file, ends with code 1 and the path."""
    for output in (tmp_path / "nowhere/alertmanager.yml", secrets):
        assert run(secrets, output) == 1
        said = capsys.readouterr().err
        assert str(output) in said
        assert "--output" in said
    assert list(secrets.parent.glob(".secrets.*")) == []


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    "content", ["", " \n", HUSH, f"{HUSH} {HUSH}", f"https://{HUSH}", f"https://x.example/{HUSH}%z"]
)
def test_what_is_no_secret_is_refused(
    name: str, content: str, secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file and what it should hold, with an example, and never what stands there."""
    if name in {"webhook", "watchdog"} and content == f"https://{HUSH}":
        content = HUSH
    (secrets / name).write_text(content)
    assert run(secrets, tmp_path / "out.yml") == 2
    said = capsys.readouterr().err
    assert f"The secret file {secrets / name} " in said
    assert SERVICES[name].holds in said
    assert SERVICES[name].example in said
    assert HUSH not in said
    assert not (tmp_path / "out.yml").exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (MAIL.replace("smarthost: smtp.example.com:587", ""), "smarthost: must be there"),
        (MAIL.replace(":587", ""), "smarthost: not HOST:PORT"),
        (MAIL.replace("you@example.com", "you"), "to: not an address"),
        (MAIL + "port: 25\n", "port: unknown key"),
        (MAIL.replace("username: alerts", ""), "give username and password, or neither"),
        (MAIL.replace(f'"{HUSH}"', "12345"), "password: "),
        (MAIL + "require_tls: perhaps\n", "require_tls: "),
        ("smarthost: [", "is not valid YAML (line 1)"),
        (MAIL + "to: me@example.com\n", "has the key to twice, on lines 3 and 6: keep one, or merge the two."),
        ("- a", "does not hold keys and values"),
    ],
)
def test_what_is_wrong_with_mail_is_named(
    text: str, fault: str, secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each key of the file email that is wrong is named, without what stands there."""
    (secrets / "email").write_text(text)
    assert run(secrets, tmp_path / "out.yml") == 2
    said = capsys.readouterr().err
    assert fault in said
    assert HUSH not in said


def test_mail_without_a_login_and_tls(secrets: Path, tmp_path: Path) -> None:
    """A server may want no login, and TLS can be done without."""
    text = "smarthost: localhost:25\nfrom: a@example.com\nto: b@example.com\nrequire_tls: false\n"
    (secrets / "email").write_text(text)
    assert run(secrets, tmp_path / "out.yml") == 0
    (config,) = receivers(tmp_path / "out.yml")["email"]["email_configs"]
    assert config["require_tls"] is False
    assert not any(key.startswith("auth_") for key in config)


@pytest.mark.parametrize("name", ["dicsord", "discord.txt", "watchdog-shop", "slack-", "-shop", "Discord"])
def test_an_unknown_name_is_refused(
    name: str, secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt name is not overlooked: the error lists the known ones."""
    (secrets / name).write_text(DISCORD)
    assert run(secrets, tmp_path / "out.yml") == 2
    said = capsys.readouterr().err
    assert str(secrets / name) in said
    assert "discord, slack, pagerduty, telegram, email, webhook, watchdog" in said


def test_a_folder_a_binary_and_a_large_file_are_refused(
    secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can't be a secret is named, and nothing of it is shown."""
    place = secrets / "discord"
    for fault, make in (
        ("cannot be read: Is a directory", place.mkdir),
        ("is not a text file", lambda: place.write_bytes(b"\xff\xfe")),
        ("is too large", lambda: place.write_text("x" * 100_000)),
    ):
        make()
        assert run(secrets, tmp_path / "out.yml") == 2
        assert f"{place} {fault}" in capsys.readouterr().err
        place.rmdir() if place.is_dir() else place.unlink()


def test_hidden_files_and_the_page_of_explanation_are_no_secrets(secrets: Path, tmp_path: Path) -> None:
    """README and hidden files may lie there."""
    for name in ("README.md", ".gitkeep", "..data"):
        (secrets / name).write_text("anything")
    assert run(secrets, tmp_path / "out.yml") == 0


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which folder it is."""
    assert run(tmp_path / "nowhere", tmp_path / "out.yml") == 2
    assert f"Cannot read the folder of secrets {tmp_path / 'nowhere'}" in capsys.readouterr().err


def test_a_team_needs_a_secret(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A team that nobody can tell is an error that says which file to create, and so is a file of no team."""
    config = tmp_path / "exporter.yml"
    config.write_text("alerting: {routing: {teams: [{name: shop, projects: [shop]}]}}")
    assert run(secrets, tmp_path / "out.yml", f"--config.file={config}") == 2
    said = capsys.readouterr().err
    assert "The team shop" in said
    assert "discord-shop, slack-shop" in said
    (secrets / "slack-shop").write_text(SERVICES["slack"].example)
    assert run(secrets, tmp_path / "out.yml", f"--config.file={config}") == 0
    (secrets / "slack-blog").write_text(SERVICES["slack"].example)
    assert run(secrets, tmp_path / "out.yml", f"--config.file={config}") == 2
    assert "for a team blog" in capsys.readouterr().err


def test_what_nobody_is_told_of_is_said(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a pager alone, warnings and infos go nowhere, and the command says so."""
    (secrets / "pagerduty").write_text(SERVICES["pagerduty"].example)
    assert run(secrets, tmp_path / "out.yml") == 0
    said = capsys.readouterr().err
    assert "Alerts of severity warning reach only teams" in said
    assert "Alerts of severity info reach only teams" in said
    assert "critical" not in said
    assert run(secrets, tmp_path / "out.yml", "--webhook=http://127.0.0.1:9/") == 0
    assert capsys.readouterr().err == ""


def test_a_webhook_of_a_flag_is_told_of_everything(secrets: Path, tmp_path: Path) -> None:
    """Each address of --webhook is a receiver beside the others; what is no address is refused."""
    assert run(secrets, tmp_path / "out.yml", "--webhook=http://127.0.0.1:9/", "--webhook=http://127.0.0.1:8/") == 0
    assert receivers(tmp_path / "out.yml").keys() == {"nobody", "also", "also-2"}
    with pytest.raises(SystemExit) as stopped:
        run(secrets, tmp_path / "out.yml", "--webhook=here")
    assert stopped.value.code == 2


def test_secrets_do_not_show(secrets: Path) -> None:
    """A secret's representation has its name and not its content."""
    (secrets / "discord").write_text(DISCORD)
    (secrets / "email").write_text(MAIL)
    found = read_secrets(secrets, ())
    assert [secret.name for secret in found] == ["discord", "email"]
    assert HUSH not in repr(found)
    assert all(isinstance(secret, Secret) for secret in found)


def test_every_receiver_tells_of_the_end(tmp_path: Path) -> None:
    """All but the watchdog are told when an alert is over."""
    document = yaml.safe_load(write(Routing(), examples()))
    for receiver in document["receivers"][1:]:
        ((config,),) = [value for key, value in receiver.items() if key.endswith("_configs")]
        assert config["send_resolved"] is (receiver["name"] != "watchdog")


def test_the_runbook_is_read_at_the_external_url(secrets: Path, tmp_path: Path) -> None:
    """The flag makes links of it; a place that the configuration names for the runbook comes first."""
    (secrets / "discord").write_text(DISCORD)
    output, config = tmp_path / "alertmanager.yml", tmp_path / "exporter.yml"
    config.write_text("alerting: {routing: {runbook_url: 'https://git.test/blob/main/', silence_links: false}}\n")
    assert run(secrets, output, "--web.external-url=https://e.test/cf/") == 0
    message = receivers(output)["discord"]["discord_configs"][0]["message"]
    assert '$runbook = printf "%s/%s" "https://e.test/cf"' in message
    assert '`^/*alerting/runbook\\.md` "runbook" $runbook' in message
    assert "/#/silences/new" in message
    assert run(secrets, output, "--web.external-url=https://e.test/cf/", f"--config.file={config}") == 0
    message = receivers(output)["discord"]["discord_configs"][0]["message"]
    assert '$runbook = printf "%s/%s" "https://git.test/blob/main"' in message
    assert "e.test" not in message
    assert "/#/silences/new" not in message
